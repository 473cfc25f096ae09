"""What the documents tell people to type, read and set is really there."""

import re
from dataclasses import fields
from pathlib import Path

import click
import pytest

from busops.cli import commands as cli
from busops.config import POINTERS, PREFIX, Settings

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").glob("*.md")])
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
ALL = "\n".join(path.read_text(encoding="utf-8") for path in DOCUMENTS)


def name_of(path: Path) -> str:
    """A document's file name as a test id."""
    return path.name


def commands() -> dict[str, click.Command]:
    """Every command of ``busops``."""
    return cli.build_cli(lambda *_: None).commands


def named_commands() -> set[str]:
    """Every command that some document tells people to type."""
    return set(re.findall(r"(?:`|\$ |/)busops ([a-z]+)", ALL))


def test_every_make_target_named_is_there_and_explained() -> None:
    """`make x` in a document is a target, and every target says in `make help` what it does."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    explained = set(re.findall(r"^([a-z]+):.*## ", makefile, re.MULTILINE))
    named = set(re.findall(r"(?:`|\$ )make ([a-z]+)", ALL))
    assert named <= targets
    assert targets - explained <= {"browser"}


def test_every_command_named_is_there() -> None:
    """`busops x` in a document is a command of the command line."""
    assert named_commands() <= set(commands())


def test_every_command_says_what_it_does() -> None:
    """Each command has its help, and those of an operator stand in the documents."""
    assert not [name for name, command in commands().items() if not command.help]
    assert {"init", "serve", "worker", "demo", "weekend", "backup", "audit"} <= named_commands()


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_links_lead_somewhere(path: Path) -> None:
    """Every relative link and picture of a document is a file of the project."""
    targets = re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", path.read_text(encoding="utf-8"))
    assert not [target for target in targets if not (path.parent / target).exists()]


def test_every_setting_is_explained() -> None:
    """docs/operations.md names every setting that is read, and none that is not."""
    read = {
        PREFIX + item.name.upper() for item in fields(Settings) if item.name != "instance_path"
    } | POINTERS
    named = set(re.findall(r"BUSOPS_[A-Z_]+", OPERATIONS))
    assert named == read
