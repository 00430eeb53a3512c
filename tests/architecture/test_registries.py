# SPDX-License-Identifier: Apache-2.0
"""Registry, files, tests and docs hold together: a kind is there wholly or not at all. Columns and the wire agree."""

from __future__ import annotations

import importlib

import msgspec

from teiten.columns import COLUMNS, NAMES, SENSOR_NAMES
from teiten.importers import IMPORTERS
from teiten.model import CHANNELS, Access
from teiten.sensors import SENSORS
from tests.architecture.tree import ROOT, SOURCE


def test_every_field_of_an_access_is_a_column_and_the_other_way_round() -> None:
    assert sorted(f.name for f in msgspec.structs.fields(Access)) == sorted(SENSOR_NAMES)
    assert len(set(NAMES)) == len(NAMES)
    assert all(column.ja and column.en for column in COLUMNS)


def test_each_sensor_kind_is_a_channel_with_a_file_a_class_and_settings() -> None:
    assert tuple(SENSORS) == CHANNELS
    for kind, reference in SENSORS.items():
        module_name, _, class_name = reference.partition(":")
        module = importlib.import_module(module_name)
        assert hasattr(module, class_name)
        assert hasattr(module, "Config"), f"{module_name} has no settings struct named Config"
        assert (ROOT / "tests" / "unit" / "sensors" / f"test_{kind}.py").exists()


def test_each_importer_has_a_file_a_case_folder_and_a_line_in_the_docs() -> None:
    listed = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")
    for name in IMPORTERS:
        assert (SOURCE / "importers" / f"{name}.py").exists(), name
        assert (ROOT / "tests" / "cases" / "importers" / name).is_dir(), name
        assert f"`{name}`" in listed, f"docs/formats.md doesn't mention {name}"
