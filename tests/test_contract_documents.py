"""docs/sync.md is the contract of the wire: its tables are those of the code, each way."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from busops.domain import device_time, envelope
from busops.domain.events import Kind
from busops.i18n import has_words
from busops.services import tablet_sync
from busops.web import errors

ROOT = Path(__file__).resolve().parent.parent
SYNC = (ROOT / "docs" / "sync.md").read_text(encoding="utf-8")
WHY_MODULES = (
    "domain/envelope.py",
    "services/tablet_sync.py",
    "storage/event_links.py",
    "storage/event_store.py",
)
ANSWERING = ("web/api.py", "services/devices.py", "services/tablet_sync.py")


def table(first_cell: str) -> list[list[str]]:
    """The rows of the table whose head begins with this cell."""
    lines = iter(SYNC.splitlines())
    assert any(line.startswith(f"| {first_cell} |") for line in lines), first_cell
    next(lines)
    rows = []
    for line in lines:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split(" | ")])
    return rows


def code(cell: str) -> str:
    """What stands in backticks in a cell."""
    found = re.search(r"`([^`]+)`", cell)
    assert found is not None, cell
    return found[1]


def literals(names: tuple[str, ...]) -> Iterator[str]:
    """Every text written in these modules, docstrings left out."""
    for name in names:
        tree = ast.parse((ROOT / "busops" / name).read_text(encoding="utf-8"))
        said = {id(each.value) for each in ast.walk(tree) if isinstance(each, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said:
                yield node.value


def test_the_fields_of_the_envelope_are_those_of_the_reader() -> None:
    """Every field once, in the reader's order, and no other."""
    assert [code(row[0]) for row in table("field")] == list(envelope._READERS)


@pytest.mark.parametrize("row", table("field"), ids=lambda row: code(row[0]))
def test_null_is_allowed_where_the_table_says(row: list[str]) -> None:
    """The reader takes null exactly where the document does."""
    read = envelope._READERS[code(row[0])]
    try:
        takes_null = read(code(row[0]), None) is None
    except envelope.InvalidInput:
        takes_null = False
    assert takes_null == ("null" in row[1])


def test_every_kind_stands_with_its_own_fields() -> None:
    """The kinds in their order, each with the fields that it alone reads."""
    found = {code(row[0]): re.findall(r"`(\w+)`", row[1]) for row in table("kind")}
    assert found == {
        kind.value: [envelope._WIRE.get(name, name) for name in envelope._OWN[kind]] for kind in Kind
    }


def test_the_limits_are_those_of_the_code() -> None:
    """Numbers in the tables and in the sentences on time."""
    limits = {row[0]: row[1] for row in table("limit")}
    assert limits == {
        "events a batch": str(tablet_sync.MOST_EVENTS),
        "body": f"{tablet_sync.MOST_BYTES} bytes",
        "nesting of one event": str(tablet_sync.EVENT_DEPTH),
    }
    types = {code(row[0]): row[1] for row in table("field")}
    assert f"at most {envelope.MAX_REFS} " in types["refs"]
    assert f"at most {envelope.MAX_CODES} " in types["codes"]
    assert f"at most {envelope.MAX_TEXT:,} " in types["text"]
    assert f"1 to {envelope.MAX_WORD} characters" in SYNC
    assert types["v"] == f"`{envelope.VERSION}`"
    assert f"Today v is {envelope.VERSION}" in SYNC
    assert (
        f"{device_time.CLOCK_BASE_MS // 1000} s and 1 ms for each {device_time.CLOCK_DRIFT // 1000} s" in SYNC
    )
    assert f"{device_time.CLOCK_UNKNOWN_MS // 3_600_000} h where `off_ms` is null" in SYNC


def test_every_why_is_explained_and_no_other() -> None:
    """A code that keeps an event apart stands in the table; what stands there is in the code."""
    explained = {code(row[0]) for row in table("`why`")}
    written = set(literals(WHY_MODULES))
    assert explained <= written
    source = (ROOT / "busops" / "services" / "tablet_sync.py").read_text(encoding="utf-8")
    source += (ROOT / "busops" / "storage" / "event_links.py").read_text(encoding="utf-8")
    given = set(re.findall(r'(?:return|why=|else|why or) "(\w+)"', source))
    given |= {each for each in written if re.fullmatch(r"envelope_\w+", each)}
    assert given <= explained


def test_every_problem_of_the_interface_is_explained() -> None:
    """Codes that the interface raises or answers by itself stand in the table, with their status."""
    rows = {code(row[0]): row[0] for row in table("status, `code`")}
    for name in rows:
        assert has_words(name), name
    source = "".join((ROOT / "busops" / name).read_text(encoding="utf-8") for name in ANSWERING)
    raised = set(re.findall(r'(?:Refused|NotFound|InvalidInput)\("(\w+)"', source))
    answered = {match[2]: match[1] for match in re.finditer(r'problem\.problem\((\d+), "(\w+)"', source)}
    office_only = {"reason_needed", "device_revoked_before"}
    assert (raised | set(answered)) - office_only <= set(rows)
    for name, status in answered.items():
        assert rows[name].startswith(status)
    by_status = {errors.CODES[status]: str(status) for status in (503, 403, 413)}
    assert by_status == {"busy": "503", "not_allowed": "403", "upload_too_large": "413"}
    assert all(rows[name].startswith(status) for name, status in by_status.items())


SAFETY = (ROOT / "docs" / "safety.md").read_text(encoding="utf-8")
NAMED_TESTS = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", SAFETY)))
HAZARDS = dict(re.findall(r"^## (H\d) .*?\n(.*?)(?=^## )", SAFETY, re.MULTILINE | re.DOTALL))


@pytest.mark.parametrize(("path", "name"), NAMED_TESTS)
def test_the_evidence_of_safety_is_there(path: str, name: str) -> None:
    """Each test that docs/safety.md names is a test of that file, and says what it establishes."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    found = [each for each in ast.walk(tree) if isinstance(each, ast.FunctionDef) and each.name == name]
    assert len(found) == 1
    assert ast.get_docstring(found[0])


def test_every_hazard_has_controls_evidence_and_what_is_left() -> None:
    """H1 to H8, each with its constraint, at least two controls with a test each, and a residual risk."""
    assert list(HAZARDS) == [f"H{number}" for number in range(1, 9)]
    for name, text in HAZARDS.items():
        rows = [line for line in text.splitlines() if line.startswith("| ") and "evidence" not in line]
        assert len(rows) >= 2, name
        assert all("::test_" in row for row in rows), name
        assert "*Constraint*" in text, name
        assert "**Left**" in text, name
    assert "S10" in SAFETY.partition("## What busops does not prove")[2]
