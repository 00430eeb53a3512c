# SPDX-License-Identifier: Apache-2.0
"""Compiled, plain and reference readers give the same flowtuples, outcomes, gaps and bytes (M-13; the packet channel's exactness)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.packets.engines import ENGINES, NAMES, TOOLS, InPieces, fast, run_tool, slow

needs_tools = pytest.mark.skipif(not (TOOLS / "gen_telescope.py").exists(), reason=f"no generator in {TOOLS} (set TEITEN_SHARED)")
engines = pytest.mark.parametrize("compiled", ENGINES, ids=NAMES.get)
FORMATS = [
    ["--format", "pcap"],
    ["--format", "pcap", "--ts", "ns", "--endian", "big", "--profile", "sensor"],
    ["--format", "pcap", "--link", "raw"],
    ["--format", "pcap", "--link", "null", "--profile", "sensor"],
    ["--format", "pcap", "--link", "sll", "--snaplen", "60"],
    ["--format", "pcapng", "--interfaces", "3"],
    ["--format", "pcapng", "--ts", "ns", "--endian", "big", "--link", "sll2"],
]


@needs_tools
@pytest.mark.parametrize("shape", FORMATS, ids=" ".join)
def test_a_telescope_capture_in_every_shape(shape: list[str], tmp_path: Path) -> None:
    file = tmp_path / "telescope"
    run_tool("gen_telescope.py", str(file), "--packets", "9000", "--sources", "2000", *shape)
    data = file.read_bytes()
    expected = slow(data)
    assert expected["packets"] == 9000
    for compiled in ENGINES:
        assert fast(data, compiled) == expected


@needs_tools
@engines
def test_pieces_of_any_size_give_what_the_whole_gives(compiled: bool, tmp_path: Path) -> None:
    file = tmp_path / "telescope"
    run_tool("gen_telescope.py", str(file), "--packets", "20000", "--sources", "2000")
    data = file.read_bytes()
    assert fast(data, compiled, InPieces(data, [70_000, 24, 65_536, 999])) == fast(data, compiled)


@pytest.fixture(scope="module")
def edges(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    if not (TOOLS / "edge.py").exists():
        pytest.skip(f"no edge.py in {TOOLS} (set TEITEN_SHARED)")
    folder = tmp_path_factory.mktemp("edges")
    run_tool("edge.py", str(folder))
    return {path.name.removesuffix(".cap"): path.read_bytes() for path in sorted(folder.iterdir())}


@engines
def test_every_odd_capture_equals_the_reference(compiled: bool, edges: dict[str, bytes]) -> None:
    plain = {name: data for name, data in edges.items() if not name.startswith("z_") and name not in ("empty_file", "not_a_pcap")}
    assert len(plain) == 88
    for name, data in plain.items():
        assert fast(data, compiled) == slow(data), name
