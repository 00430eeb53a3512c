# SPDX-License-Identifier: Apache-2.0
"""Where the letters are: BIZ UDPGothic (SIL Open Font License 1.1), cut to JIS X 0208 and Latin by tools/fonts.py. Only a path and names."""

from __future__ import annotations

from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent / "vendor"
FAMILY: Final = "BIZ UDPGothic"
