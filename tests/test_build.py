"""The build fetches browser libraries exactly when their pins changed, and commits no host name."""

import json
import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hatchling.builders.wheel import WheelBuilder

import hatch_build
from hatch_build import MANIFESTS, NODE, VendorHook

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
CONFIG: dict[str, Any] = PROJECT["tool"]["hatch"]["build"]["hooks"]["custom"]
FETCHED: list[str] = []


def fetched(_arguments: tuple[str, ...], folder: str) -> None:
    """Stands in for npm: every named file appears in node_modules."""
    FETCHED.append(folder)
    for name in CONFIG["files"]:
        path = Path(folder, "node_modules", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name, encoding="utf-8")


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of what the hook reads, with an npm that needs no network."""
    for name in MANIFESTS:
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "templates").mkdir()
    FETCHED.clear()
    monkeypatch.setattr(hatch_build, "run_npm", fetched)
    return tmp_path


def hook(tree: Path, target: str = "wheel") -> VendorHook:
    """The hook as hatchling makes it for a target."""
    return VendorHook(str(tree), CONFIG, None, None, str(tree), target)


def test_a_fresh_clone_fetches_once(tree: Path) -> None:
    """Stale: Node is asked for and everything is fetched. Fresh: nothing is asked for."""
    assert hook(tree).dependencies() == [NODE]
    hook(tree).initialize("editable", {"force_include": {}})
    assert all((tree / CONFIG["into"] / name).is_file() for name in CONFIG["files"])
    assert hook(tree).dependencies() == []
    hook(tree).initialize("editable", {"force_include": {}})
    assert len(FETCHED) == 1


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_changed_pin_makes_it_stale(tree: Path, name: str) -> None:
    """Whatever decides what is fetched is part of the stamp; files that went are not kept."""
    hook(tree).initialize("editable", {"force_include": {}})
    left_over = tree / CONFIG["into"] / "old.js"
    left_over.write_text("old", encoding="utf-8")
    with (tree / name).open("a", encoding="utf-8") as file:
        file.write("\n")
    assert hook(tree).dependencies() == [NODE]
    hook(tree).initialize("editable", {"force_include": {}})
    assert not left_over.exists()


def test_only_a_standard_wheel_takes_the_folders_along(tree: Path) -> None:
    """An editable install reads templates and data where they are; a copy would go stale."""
    standard: dict[str, Any] = {"force_include": {}}
    editable: dict[str, Any] = {"force_include": {}}
    hook(tree).initialize("standard", standard)
    hook(tree).initialize("editable", editable)
    assert standard["force_include"] == {"templates": "busops/templates"}  # data is not in this tree
    assert editable["force_include"] == {}


def test_an_sdist_fetches_nothing(tree: Path) -> None:
    """Its receiver fetches by the same pins."""
    assert hook(tree, "sdist").dependencies() == []
    hook(tree, "sdist").initialize("standard", {"force_include": {}})
    assert FETCHED == []


def test_the_lock_pins_what_the_manifest_asks_for_and_names_no_host() -> None:
    """Versions agree, nothing else comes along but what those name, all with an integrity and no address."""
    asked = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    packages = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    locked = {name.removeprefix("node_modules/"): one for name, one in packages.items() if name}
    shipped = {name: one["version"] for name, one in locked.items() if not one.get("dev")}
    named = {name: one for name, one in shipped.items() if name in asked["dependencies"]}
    assert named == asked["dependencies"]
    assert shipped.keys() - named == {"@types/emscripten", "tagged-tag", "type-fest", "zxing-wasm"}
    assert locked["barcode-detector"]["dependencies"] == {"zxing-wasm": shipped["zxing-wasm"]}
    checker = {
        name: one["version"] for name, one in locked.items() if one.get("dev") and not one.get("optional")
    }
    assert checker == asked["devDependencies"]
    assert all(one["integrity"].startswith("sha512-") and "resolved" not in one for one in locked.values())


def test_types_of_libraries_are_fetched_and_not_shipped() -> None:
    """The check reads idb's own types beside its script; no wheel carries a declaration."""
    types = {name for name in CONFIG["files"] if name.endswith(".d.ts")}
    assert "idb/build/index.d.ts" in types
    builder = WheelBuilder(str(ROOT))
    assert not [name for name in types if builder.config.include_path(f"{CONFIG['into']}/{name}")]
    assert builder.config.include_path(f"{CONFIG['into']}/idb/build/index.js")


def test_the_build_and_the_tests_run_the_same_node() -> None:
    """The version that the hook names is the one that the development requirements lock."""
    text = (ROOT / "requirements" / "dev.txt").read_text(encoding="utf-8")
    assert f"\n{NODE} " in text


def test_every_script_is_type_checked() -> None:
    """All scripts of the pages and of the tests lie where the strict check looks."""
    config = json.loads((ROOT / "tsconfig.json").read_text(encoding="utf-8"))
    assert config["compilerOptions"]["checkJs"]
    assert config["compilerOptions"]["strict"]
    folders = [ROOT / name for name in config["include"]]
    scripts = [*(ROOT / "busops").rglob("*.js"), *(ROOT / "tests").rglob("*.mjs")]
    ours = [path for path in scripts if "vendor" not in path.parts]
    assert ours
    assert not [path for path in ours if not any(path.is_relative_to(folder) for folder in folders)]


@pytest.mark.parametrize("name", ["run", "dev"])
def test_requirements_are_hashed_and_name_no_host(name: str) -> None:
    """Every requirement is pinned with its hashes, and every dependency of the project is among them."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    assert "://" not in text
    assert " @ " not in text
    entries = [entry for entry in text.replace("\\\n", " ").splitlines() if entry.strip()]
    assert all("==" in entry and "--hash=sha256:" in entry for entry in entries)
    pinned = {entry.split("==")[0].strip().lower() for entry in entries}
    wanted = {one.split(">")[0].split("[")[0].lower() for one in PROJECT["project"]["dependencies"]}
    assert wanted <= pinned
