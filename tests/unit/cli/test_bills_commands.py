"""``busops import-receipts``: each file whole or not at all, told in words, with an exit code."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from busops.cli.commands import build_cli
from busops.web.app import create_app
from tests.school_folder import school_files
from tests.unit.sheets.bill_files import bank, text_bytes, wechat_bill, wechat_paid


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation with a school and empty books."""
    monkeypatch.setenv("BUSOPS_INSTANCE", str(tmp_path / "instance"))
    folder = tmp_path / "school"
    folder.mkdir()
    for name, content in school_files().items():
        (folder / name).write_bytes(content)
    for command in (["init"], ["import", str(folder)]):
        done = run(*command)
        assert done.exit_code == 0, done.output
    return tmp_path


def run(*arguments: str) -> Result:
    """The command line with these arguments, in English."""
    return CliRunner().invoke(build_cli(create_app), ["--lang", "en", *arguments])


def test_bills_of_two_kinds_and_a_file_that_is_none(instance: Path) -> None:
    """The good ones are booked and said; the bad one is told, thrown away, and makes the exit code 1."""
    files = {
        "wechat.csv": wechat_bill(wechat_paid(1, 4400), wechat_paid(2, 900, 交易状态="CLOSED")),
        "bank.csv": text_bytes(bank(("2026-11-10", 100, "x"), ("2026-11-11", 200, "y"))),
        "bad.csv": wechat_bill(wechat_paid(3, 100), 总交易单数="2"),
        "none.csv": b"a,b\n1,2\n",
    }
    for name, content in files.items():
        (instance / name).write_bytes(content)
    good = run("import-receipts", str(instance / "wechat.csv"), str(instance / "bank.csv"))
    assert good.exit_code == 0, good.output
    assert "wechat.csv: 1 new, 0 known, 1 passed over, ¥44.00 in all" in good.output
    assert "bank.csv: 2 new, 0 known, 0 passed over, ¥3.00 in all, 0 matched" in good.output
    none = run("import-receipts", str(instance / "none.csv"), str(instance / "wechat.csv"))
    assert none.exit_code == 1
    assert "wechat.csv: 0 new, 1 known" in none.output
    bad = run("import-receipts", str(instance / "bad.csv"))
    assert bad.exit_code == 1
    assert "its own count “总交易单数” is 2, 1 row was read, the difference is 1" in bad.output
