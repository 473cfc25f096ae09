"""Commands on roads: build them from a map, see the source that plans use, measure this school's ways."""

import time
from pathlib import Path

import click

from busops.cli.context import Cli
from busops.cli.school import show_findings
from busops.config import read_settings
from busops.domain.road_source import MIB
from busops.domain.values import school_date
from busops.i18n import words
from busops.planner.travel.matrix import middle_kmh
from busops.planner.travel.roads.tiles import build_tiles
from busops.services import travel_sources

MAP_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.group("roads")
def roads_command() -> None:
    """Road distances and times: build a map's roads, see the source that plans use, measure with it."""


@roads_command.command()
@click.argument("map_file", metavar="FILE.osm.pbf", type=MAP_FILE)
@click.pass_obj
def build(cli: Cli, map_file: Path) -> None:
    """Builds the roads of an OpenStreetMap extract in the instance folder, for the source valhalla."""
    folder = read_settings().travel.tiles_path
    built = build_tiles(map_file, folder)
    facts = {
        "map": built.map_name,
        "count": built.count,
        "megabytes": f"{built.size_bytes / MIB:.1f}",
        "path": str(folder),
    }
    click.echo(words("cli.roads_built", facts, cli.locale))


@roads_command.command()
@click.pass_obj
def show(cli: Cli) -> None:
    """Prints the source, how much of it is kept, and what is left of today's quota."""
    choice = read_settings().travel
    facts = {
        "source": choice.origin.value,
        "kept_mb": f"{travel_sources.kept_bytes(choice, cli.clock) / MIB:.1f}",
        "path": str(choice.cache_path),
        "left": travel_sources.units_left(choice, cli.clock),
    }
    click.echo(words("cli.roads_shown", facts, cli.locale))


@roads_command.command()
@click.pass_obj
def measure(cli: Cli) -> None:
    """Measures the ways between the campus and all stops now, so that plans find them kept."""
    settings = cli.settings()
    database = cli.database(settings)
    begun = time.monotonic()
    travelled = travel_sources.measure_school(database, cli.roads(), school_date(cli.clock.now()))
    spent_s = time.monotonic() - begun
    times = travelled.times
    kmh = middle_kmh(times.distance_m, times.duration_s)
    facts = {
        "source": travelled.origin.value,
        "places": len(times.ids),
        "seconds": f"{spent_s:.1f}",
        "longest_km": round(int(times.distance_m.max()) / 1000),
        "kmh": None if kmh is None else round(kmh),
    }
    click.echo(words("cli.roads_measured", facts, cli.locale))
    show_findings(travelled.notices, cli.locale)
    database.engine.dispose()


COMMANDS = (roads_command,)
