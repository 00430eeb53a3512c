# SPDX-License-Identifier: Apache-2.0
"""All settings of a Teiten home, composed from the structs that live beside the code they belong to."""
