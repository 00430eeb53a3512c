# SPDX-License-Identifier: Apache-2.0
"""The centre as the command line sees it: either this process holds the store (`here`), or a running node does (`beside`)."""
