"""The map is kept: imports point downwards, each library has one home, the core is pure."""

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BINDING = (
    "pyproject.toml",
    "README.md",
    "wsgi.py",
    "busops",
    "templates",
    "data",
    "tests",
    ".ci/run",
    "Makefile",
)
PACKAGES = ("domain", "finance", "planner", "storage", "sheets", "services", "web")


def test_import_contracts_are_kept() -> None:
    """import-linter finds no broken contract and warns of none that matches nothing."""
    program = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run(
        [program, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", BINDING)
def test_the_binding_tree_stands(name: str) -> None:
    """What other tools and people expect at the top level is there."""
    assert (ROOT / name).exists()


@pytest.mark.parametrize("name", PACKAGES)
def test_each_package_says_what_it_is_for(name: str) -> None:
    """A package has a docstring, and not more than ten modules before it is split by topic."""
    text = (ROOT / "busops" / name / "__init__.py").read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text))


@pytest.mark.parametrize("package", ["domain", "finance"])
def test_the_core_imports_the_standard_library_only(package: str) -> None:
    """Whatever else is installed, domain and finance name nothing beyond Python and themselves."""
    allowed = sys.stdlib_module_names | {"busops"}
    foreign = set()
    for path in (ROOT / "busops" / package).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            foreign |= {(path.name, name) for name in names if name.partition(".")[0] not in allowed}
    assert not foreign


def test_the_version_is_said_once() -> None:
    """The package and its metadata say the same version."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    text = (ROOT / "busops" / "__init__.py").read_text(encoding="utf-8")
    assert f'__version__ = "{project["version"]}"' in text
