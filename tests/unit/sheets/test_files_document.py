"""docs/files.md is the contract: it names every column and value that the readers know."""

from pathlib import Path

import pytest

from busops.domain.fleet import CrewRole, VehicleClass
from busops.domain.network import StopKind
from busops.domain.roster import HandoverMode
from busops.domain.school import Basis, FeeRegime
from busops.domain.values import Datum
from busops.finance.tariff import FareUnit
from busops.sheets.school_sheets import read_school_folder
from busops.sheets.tables.specs import SPECS
from tests.unit.sheets.sheet_files import school_files

DOCUMENT = (Path(__file__).resolve().parents[3] / "docs" / "files.md").read_text(encoding="utf-8")
# What a list may also carry, and which is not read into anything.
BESIDES = {("riders", "serial"), ("roster", "serial"), ("roster", "grade"), ("roster", "class")}


@pytest.mark.parametrize("kind", SPECS)
def test_every_column_is_documented_with_both_its_names(kind: str) -> None:
    """Header and English name stand together, and a needed column carries its star."""
    for column in SPECS[kind].columns:
        if (kind, column.name) in BESIDES:
            continue
        named = f"`{column.header} {column.name}`"
        assert named in DOCUMENT, named
        if column.is_required:
            assert f"{named}\\*" in DOCUMENT, named


@pytest.mark.parametrize(
    "values", [CrewRole, VehicleClass, StopKind, HandoverMode, Basis, FeeRegime, Datum, FareUnit]
)
def test_every_value_is_documented(values: type) -> None:
    """Each word that a column of choices takes stands in the document."""
    assert {value.value for value in values if value.value not in DOCUMENT} == set()


def test_the_settings_of_the_document_are_a_school() -> None:
    """The example of school.toml in the document is read without a finding."""
    example = DOCUMENT.split("```toml\n")[1].split("```")[0]
    folder = read_school_folder(school_files(school=example.encode()))
    assert folder.findings == ()
    assert folder.school is not None
