# SPDX-License-Identifier: Apache-2.0
"""The packet path: bytes of captures and live frames -> decoded headers -> accesses, backscatter and other."""
