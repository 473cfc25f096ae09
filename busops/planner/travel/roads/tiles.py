"""
Road tiles for Valhalla, made from an OpenStreetMap extract, and where they lie.

Made beside the old ones and put in their place when complete, so that a plan that is being made
meanwhile keeps the roads it began with. Needs the extra ``roads``.
"""

import hashlib
import importlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from busops.domain.errors import InvalidInput
from busops.planner.travel.source import TravelUnavailable

PACKAGE: Final = "valhalla"
_NOTE: Final = "built.json"
_TILES: Final = "tiles"
_HEADER: Final = b"OSMHeader"  # the first block of every .osm.pbf says so
_HEADER_BYTES: Final = 64
_SAID_CHARACTERS: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltTiles:
    """Tiles that are complete: where they lie and what they were made from."""

    tiles: Path
    map_name: str
    map_sha256: str
    version: str
    count: int
    size_bytes: int


def valhalla_package() -> Any:
    """The Valhalla package; raises TravelUnavailable where it is not installed."""
    try:
        return importlib.import_module(PACKAGE)
    except ImportError:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise TravelUnavailable("travel_roads_not_installed", python=version) from None


def read_built(folder: Path) -> BuiltTiles:
    """The tiles in ``folder``; raises TravelUnavailable when there are none that are complete."""
    try:
        note = json.loads((folder / _NOTE).read_text(encoding="utf-8"))
        built = BuiltTiles(tiles=folder / _TILES, **note)
    except (OSError, ValueError, TypeError):
        raise TravelUnavailable("travel_roads_not_built", path=str(folder)) from None
    if not built.tiles.is_dir():
        raise TravelUnavailable("travel_roads_not_built", path=str(folder))
    return built


def build_tiles(map_path: Path, folder: Path) -> BuiltTiles:
    """
    Tiles of all roads of the extract are in ``folder``, in place of those that were there.

    Raises InvalidInput for a file that is no extract or holds no road, TravelUnavailable without
    the package. A build that fails leaves the old tiles as they were.
    """
    digest = _checked_digest(map_path)
    package = valhalla_package()
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        draft.chmod(0o755)  # a map is no secret, and the server may run as somebody else
        (draft / _TILES).mkdir()
        _run_build(package, map_path, draft)
        found = list((draft / _TILES).rglob("*.gph"))
        if not found:
            raise InvalidInput("roads_map_has_no_roads", path=str(map_path))
        note = BuiltTiles(
            tiles=folder / _TILES,
            map_name=map_path.name,
            map_sha256=digest,
            version=str(package.__version__),
            count=len(found),
            size_bytes=sum(path.stat().st_size for path in found),
        )
        kept = {name: value for name, value in asdict(note).items() if name != "tiles"}
        (draft / _NOTE).write_text(json.dumps(kept, ensure_ascii=False), encoding="utf-8")
        _put_in_place(draft, folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return note


def _checked_digest(map_path: Path) -> str:
    try:
        with map_path.open("rb") as file:
            if _HEADER not in file.read(_HEADER_BYTES):
                raise InvalidInput("roads_map_unreadable", path=str(map_path))
            file.seek(0)
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as fault:
        raise InvalidInput("roads_map_unreadable", path=str(map_path)) from fault


def _run_build(package: Any, map_path: Path, draft: Path) -> None:
    settings = package.get_config(tile_dir=str(draft / _TILES), tile_extract="")
    settings_path = draft / "valhalla.json"
    settings_path.write_text(json.dumps(settings), encoding="utf-8")
    # The package's own program by its full path: its console script would look for it on PATH.
    program = Path(package.__file__).parent / "bin" / "valhalla_build_tiles"
    if os.name == "nt":
        program = program.with_suffix(".exe")
    command = [str(program), "--config", str(settings_path), str(map_path.resolve())]
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)  # noqa: S603 no shell, a program of the package
    except OSError as fault:
        raise InvalidInput("roads_build_failed", path=str(map_path), said=str(fault)) from fault
    settings_path.unlink()
    if done.returncode != 0:
        said = " ".join(f"{done.stdout}\n{done.stderr}".split())[-_SAID_CHARACTERS:]
        raise InvalidInput("roads_build_failed", path=str(map_path), said=said or str(done.returncode))


def _put_in_place(draft: Path, folder: Path) -> None:
    """The draft is the folder; the old one makes room only when the new one is complete."""
    old = draft.with_name(f"{draft.name}-old")
    if folder.exists():
        os.replace(folder, old)
    os.replace(draft, folder)
    shutil.rmtree(old, ignore_errors=True)
