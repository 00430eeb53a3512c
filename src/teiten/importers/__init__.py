# SPDX-License-Identifier: Apache-2.0
"""Log formats that can be imported, one file each. To add one: its file, its line here, its folder in tests/cases, its line in docs."""
