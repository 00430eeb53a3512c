# SPDX-License-Identifier: Apache-2.0
"""`python -m teiten` is `teiten`."""

from teiten.cli.main import main

main()
