# SPDX-License-Identifier: Apache-2.0
"""What the collector adds to an access from dated data of its own; never from the network."""
