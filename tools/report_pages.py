# SPDX-License-Identifier: Apache-2.0
"""Makes the pictures of the monthly report's pages in docs/images/report anew, from the demo world. Needs pdftoppm (Debian: poppler-utils)."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

IMAGES = Path(__file__).parents[1] / "docs" / "images" / "report"
SETTINGS = """
system = { ja = "TALOT2", en = "TALOT2" }
portal = "mustan"
portal_name = { ja = "MUSTAN", en = "MUSTAN" }
footer = { ja = "見本", en = "Sample" }
[contact]
organisation = { ja = "見本機構 セキュリティセンター", en = "Example Agency, Security Centre" }
email = "desk@example.org"
"""


def teiten(home: Path, *arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "teiten", "--home", str(home), *arguments], check=True, stdout=subprocess.DEVNULL)


def main() -> int:
    if shutil.which("pdftoppm") is None:
        print("Pictures need pdftoppm: apt-get install -y poppler-utils", file=sys.stderr)
        return 1
    shutil.rmtree(IMAGES, ignore_errors=True)
    IMAGES.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as name:
        home, out = Path(name) / "home", Path(name) / "out"
        teiten(home, "demo", "--dates", "original")
        (home / "report").mkdir()
        (home / "report" / "report.toml").write_text(SETTINGS, encoding="utf-8")
        teiten(home, "report", "2007-08", "--group", "talot2", "--formats", "pdf", "--policy", "operator", "--out", str(out))
        for language in ("ja", "en"):
            pdf = str(out / "2007-08" / language / f"report-2007-08-{language}.pdf")
            subprocess.run(["pdftoppm", "-r", "72", "-png", pdf, str(IMAGES / language)], check=True)
            for page in IMAGES.glob(f"{language}-?.png"):  # fewer than ten pages are numbered without a nought
                page.rename(IMAGES / f"{language}-0{page.stem[-1]}.png")
    print(f"{len(list(IMAGES.iterdir()))} pages in {IMAGES}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
