# SPDX-License-Identifier: Apache-2.0
"""For maintainers: makes src/teiten/fonts/vendor anew from the pinned npm package of BIZ UDPGothic (SIL Open Font License 1.1).

Keeps the characters of JIS X 0208, Latin and the signs that reports use. Needs npm (only to fetch the package) and fonttools. Users never run it.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

PACKAGE, VERSION = "@expo-google-fonts/biz-udpgothic", "0.4.2"
# SHA-256 of the font files inside the package; a package that differs is refused.
FILES = {
    "Regular": ("package/400Regular/BIZUDPGothic_400Regular.ttf", "22f41ce68f1ce62477ca4ec1e2c0c400cc545ddff31d713e8edf87808614aeb2"),
    "Bold": ("package/700Bold/BIZUDPGothic_700Bold.ttf", "1a995936e0f9de8a7c142c97cdb679e7087e89c13e663f946cd047f4283cedf8"),
}
VENDOR = Path(__file__).parents[1] / "src" / "teiten" / "fonts" / "vendor"
RANGES = ((0x20, 0x7E), (0xA0, 0x17F), (0x2010, 0x203E), (0x2190, 0x2199), (0x2200, 0x22FF), (0x25A0, 0x25FF), (0x3000, 0x30FF), (0xFF00, 0xFFEF))


def characters() -> set[int]:
    found = {code for low, high in RANGES for code in range(low, high + 1)}
    for row in range(0xA1, 0xFF):
        for cell in range(0xA1, 0xFF):
            try:
                found.add(ord(bytes([row, cell]).decode("euc_jp")))
            except UnicodeDecodeError:
                continue
    return found


def fetch(folder: Path) -> Path:
    subprocess.run(["npm", "pack", "--silent", f"{PACKAGE}@{VERSION}"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    with tarfile.open(next(folder.glob("*.tgz"))) as archive:
        archive.extractall(folder, filter="data")
    return folder


def main() -> int:
    wanted = sorted(characters())
    with tempfile.TemporaryDirectory() as name:
        folder = fetch(Path(name))
        for weight, (inside, digest) in FILES.items():
            raw = (folder / inside).read_bytes()
            if hashlib.sha256(raw).hexdigest() != digest:
                print(f"{inside}: not the pinned file ({hashlib.sha256(raw).hexdigest()})")
                return 1
            cut(folder / inside, weight, wanted)
        (VENDOR / "OFL.txt").write_bytes((folder / "package/LICENSE_FONT").read_bytes())
    sums = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}" for path in sorted(VENDOR.glob("BIZ*"))]
    (VENDOR / "SHA256SUMS").write_text("\n".join(sums) + "\n", encoding="ascii")
    (VENDOR / "VERSION").write_text(f"{PACKAGE} {VERSION}, cut to JIS X 0208 and Latin by tools/fonts.py\n", encoding="ascii")
    return 0


def cut(path: Path, weight: str, wanted: list[int]) -> None:
    options = subset.Options(layout_features=["kern", "liga", "palt", "vert", "locl", "ccmp", "mark"], name_IDs=["*"], notdef_outline=True)
    options.recalc_timestamp = False
    font: TTFont = subset.load_font(str(path), options)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=wanted)
    cutter.subset(font)
    subset.save_font(font, str(VENDOR / f"BIZUDPGothic-{weight}.ttf"), options)
    options.flavor = "woff2"
    subset.save_font(font, str(VENDOR / f"BIZUDPGothic-{weight}.woff2"), options)


if __name__ == "__main__":
    sys.exit(main())
