"""A demo beside an installation opens its own books, never the school's."""

from pathlib import Path

from busops.cli.demo import demo_settings, enter_demo
from busops.config import load_settings


def test_the_demo_takes_nothing_of_the_installation_s_settings(tmp_path: Path) -> None:
    """The school's database in the shell, and names nobody knows, are gone for the demo's processes."""
    shell = {
        "BUSOPS_INSTANCE": str(tmp_path),
        "BUSOPS_DATABASE_URL": "postgresql://school.example/books",
        "BUSOPS_NOT_A_SETTING": "1",
        "PATH": "/bin",
    }
    settings = demo_settings(shell, port=8123)
    enter_demo(shell, settings)
    found = load_settings(shell)
    assert found.database_url == settings.database_url
    assert Path(found.database_url.removeprefix("sqlite:///")).is_relative_to(tmp_path / "demo")
    assert (found.demo, found.port, shell["PATH"]) == (True, 8123, "/bin")
