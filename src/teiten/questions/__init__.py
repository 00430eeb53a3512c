# SPDX-License-Identifier: Apache-2.0
"""Every question a view may ask, typed and exact. One home per definition: pages, feeds, reports and the CLI all ask here."""
