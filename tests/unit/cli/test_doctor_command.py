"""`busops doctor`: sentences or a document, an exit code for whoever starts a server, nothing changed."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from busops.cli.commands import build_cli
from busops.storage import schema
from busops.web.app import create_app


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An instance folder of the test's own, not made yet."""
    monkeypatch.setenv("BUSOPS_INSTANCE", str(tmp_path / "instance"))
    monkeypatch.setenv("BUSOPS_PORT", "8797")
    return tmp_path / "instance"


def busops(*arguments: str, language: str = "en") -> Result:
    """Runs the command line and gives its result."""
    return CliRunner().invoke(build_cli(create_app), ["--lang", language, *arguments])


def test_before_an_installation_it_says_what_to_run_and_makes_nothing(instance: Path) -> None:
    """No database: unsafe, and neither database nor secret nor folder is made by looking."""
    answer = busops("doctor")
    assert answer.exit_code == 1, answer.output
    assert "run busops init first" in answer.output
    assert not instance.exists()


def test_it_is_safe_after_init_and_unsafe_when_a_secret_lies_open(instance: Path) -> None:
    """Exit code 0, then 1 with the file and its mode; in both languages, and the same as a document."""
    schema.upgrade(f"sqlite:///{instance / 'busops.sqlite3'}")
    assert busops("certs").exit_code == 0
    well = busops("doctor")
    assert well.exit_code == 0, well.output
    assert "Safe to serve" in well.output
    assert "✗" not in well.output
    (instance / "secret_key").write_text("k" * 48, encoding="ascii")
    (instance / "secret_key").chmod(0o644)
    ill = busops("doctor")
    assert ill.exit_code == 1
    assert "secret_key has mode 0644" in ill.output
    assert "现在运行不安全" in busops("doctor", language="zh_Hans").output
    document = json.loads(busops("doctor", "--json").output)
    assert document["safe"] is False
    assert {each["check"] for each in document["checks"] if each["state"] == "unsafe"} == {"secrets"}
    assert all(each["says"] != each["code"] for each in document["checks"])
