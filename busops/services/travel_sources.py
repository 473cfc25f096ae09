"""
The road service that an installation chose, ready to be asked; ``None`` where it chose the estimate.

Settings are no business of services: the choice arrives as a value.
"""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from busops.domain.network import designated_on
from busops.domain.road_source import OWN_ADDRESS, TravelChoice, TravelOrigin
from busops.domain.values import Clock
from busops.planner.travel import Places
from busops.planner.travel.estimate import Estimate
from busops.planner.travel.roads import amap, osrm, tencent
from busops.planner.travel.roads.cache import MatrixCache
from busops.planner.travel.roads.http_json import JsonServer
from busops.planner.travel.roads.map_service import MapService, Pace
from busops.planner.travel.roads.measuring import Roads
from busops.planner.travel.roads.quota import DailyQuota
from busops.planner.travel.roads.valhalla import Valhalla
from busops.planner.travel.source import RoadService, Travelled, TravelSource
from busops.storage import network_store, register_store
from busops.storage.database import Database


def travel_source(
    choice: TravelChoice, *, clock: Clock, should_stop: Callable[[], bool] = bool
) -> TravelSource | None:
    """The chosen source; nothing is asked and no file is made before the first plan wants it."""
    if choice.origin in {TravelOrigin.ESTIMATE, TravelOrigin.FILE}:
        return None
    return Roads(service=_service(choice, clock, should_stop), cache=_cache(choice, clock))


def source_of_plan(document: Mapping[str, Any], source: TravelSource | None) -> TravelSource | None:
    """
    The source to judge or change a plan by: none for one that was made from an estimate.

    Otherwise a plan that fell back would seem wrong as soon as its source answers again.
    """
    return None if document.get("travel") == TravelOrigin.ESTIMATE else source


def measure_school(database: Database, source: TravelSource | None, on: date) -> Travelled:
    """
    The ways between the campus and every stop designated on the day, kept for the plans to come.

    Raises TravelUnavailable with the cause and every place or pair that is to blame.
    """
    with database.reading() as tx:
        school = register_store.load_school(tx)
        stops = designated_on(network_store.load_stops(tx), on)
    places = Places(
        campus=school.campus, stops={str(stop_id): stop.position for stop_id, stop in stops.items()}
    )
    estimate = Estimate(detour_milli=school.planning.detour_factor_milli)
    return (source or estimate).travel(places)


def units_left(choice: TravelChoice, clock: Clock) -> int | None:
    """What is left of today's quota; None for a source without one."""
    return _quota(choice, clock).left() if choice.origin in OWN_ADDRESS else None


def kept_bytes(choice: TravelChoice, clock: Clock) -> int:
    """How much of what was measured is kept on the disk."""
    return _cache(choice, clock).size_bytes()


def _service(choice: TravelChoice, clock: Clock, should_stop: Callable[[], bool]) -> RoadService:
    if choice.origin is TravelOrigin.VALHALLA:
        return Valhalla(folder=choice.tiles_path, should_stop=should_stop)
    server = JsonServer(
        address=(choice.url or OWN_ADDRESS.get(choice.origin, "")).rstrip("/"),
        timeout_s=choice.timeout_s,
        secret=choice.key,
        should_stop=should_stop,
    )
    if choice.origin is TravelOrigin.OSRM:
        most = choice.batch or osrm.MOST_PLACES
        return osrm.Osrm(server=server, profile=choice.profile, most_places=most)
    pace = Pace(choice.per_second)
    service = MapService(origin=choice.origin, server=server, quota=_quota(choice, clock), pace=pace)
    if choice.origin is TravelOrigin.AMAP:
        return amap.Amap(service=service, most_origins=choice.batch or amap.MOST_ORIGINS)
    return tencent.Tencent(service=service, most_pairs=choice.batch or tencent.MOST_PAIRS)


def _cache(choice: TravelChoice, clock: Clock) -> MatrixCache:
    return MatrixCache(folder=choice.cache_path, most_bytes=choice.cache_bytes, clock=clock)


def _quota(choice: TravelChoice, clock: Clock) -> DailyQuota:
    usual = amap.PER_DAY if choice.origin is TravelOrigin.AMAP else tencent.PER_DAY
    folder, name = choice.cache_path, choice.origin.value
    return DailyQuota(folder=folder, name=name, most=choice.quota or usual, clock=clock)
