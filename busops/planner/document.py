"""
The plan as the JSON document of ``docs/files.md`` and back; the document is the contract, not the types.

Nothing is judged here: violations are given by the caller, from ``verify``.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from busops.domain.errors import InvalidInput
from busops.domain.findings import Finding
from busops.domain.road_source import TravelOrigin
from busops.domain.values import Direction
from busops.planner.keeping import kept_drives
from busops.planner.problem import Plan, Problem, Trip, TripStop, Unserved, UnservedReason


def plan_document(
    problem: Problem,
    plan: Plan,
    *,
    school_id: str,
    on: date,
    seed: int,
    seconds: float,
    fares_fen: int,
    travel_source: TravelOrigin,
    violations: Iterable[Finding],
) -> dict[str, Any]:
    """The document of a plan; money in fen, times in seconds, ready for ``json.dumps``."""
    net_fen = fares_fen - plan.cost_fen
    return {
        "school": school_id,
        "on": on.isoformat(),
        "direction": problem.direction.value,
        "seed": seed,
        "seconds": seconds,
        "cost_fen": plan.cost_fen,
        "lower_bound_fen": plan.lower_bound_fen,
        "bound_model": plan.bound_model,
        "gap": gap(plan),
        "fares_fen": fares_fen,
        "margin": {"net_fen": net_fen, "met": 10 * net_fen >= fares_fen},
        "trips": [_trip_document(trip) for trip in plan.trips],
        **_kept_document(problem),
        "unserved": [{"rider_id": rider.rider_id, "reason": rider.reason.value} for rider in plan.unserved],
        "travel": str(travel_source),
        "violations": [_finding_document(finding) for finding in violations],
        "stats": dict(plan.stats),
    }


def _kept_document(problem: Problem) -> dict[str, Any]:
    """Which trips stayed from an earlier plan; nothing where none did."""
    kept = [{"plate": trip.plate, "wave": trip.wave} for trip, _halts in kept_drives(problem)]
    return {"kept": kept} if kept else {}


def gap(plan: Plan) -> float:
    """How far the cost can lie above the best possible, as a share of the bound; 0.0 without a bound."""
    if plan.lower_bound_fen <= 0:
        return 0.0
    return round((plan.cost_fen - plan.lower_bound_fen) / plan.lower_bound_fen, 6)


def _trip_document(trip: Trip) -> dict[str, Any]:
    document: dict[str, Any] = {
        "plate": trip.plate,
        "wave": trip.wave,
        "depart_s": trip.depart_s,
        "distance_m": trip.distance_m,
        "cost_fen": trip.cost_fen,
        "stops": [
            {
                "stop_id": halt.stop_id,
                "arrive_s": halt.arrive_s,
                "leave_s": halt.leave_s,
                "riders": list(halt.rider_ids),
            }
            for halt in trip.stops
        ],
    }
    if trip.campus_arrive_s is not None:
        document["campus_arrive_s"] = trip.campus_arrive_s
    return document


def _finding_document(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "place": finding.place,
        "facts": dict(finding.facts),
    }


def read_plan_document(document: Mapping[str, Any]) -> Plan:
    """The plan of a document, ready for ``verify``; raises InvalidInput when its form is wrong."""
    try:
        direction = Direction(document["direction"])
        return Plan(
            trips=tuple(_read_trip(trip, direction) for trip in document["trips"]),
            unserved=tuple(
                Unserved(rider_id=_text(row["rider_id"]), reason=UnservedReason(row["reason"]))
                for row in document["unserved"]
            ),
            cost_fen=whole(document["cost_fen"]),
            lower_bound_fen=whole(document["lower_bound_fen"]),
            bound_model=_text(document.get("bound_model", "")),
            stats=dict(document.get("stats", {})),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as fault:
        raise InvalidInput("plan_document_invalid", detail=f"{type(fault).__name__}: {fault}") from fault


def _read_trip(trip: Mapping[str, Any], direction: Direction) -> Trip:
    at_campus = None if direction is Direction.HOMEWARD else whole(trip["campus_arrive_s"])
    return Trip(
        plate=_text(trip["plate"]),
        wave=whole(trip["wave"]),
        stops=tuple(
            TripStop(
                stop_id=_text(halt["stop_id"]),
                arrive_s=whole(halt["arrive_s"]),
                leave_s=whole(halt["leave_s"]),
                rider_ids=tuple(_text(rider) for rider in halt["riders"]),
            )
            for halt in trip["stops"]
        ),
        depart_s=whole(trip["depart_s"]),
        campus_arrive_s=at_campus,
        distance_m=whole(trip["distance_m"]),
        cost_fen=whole(trip["cost_fen"]),
    )


def whole(value: object) -> int:
    """A whole number of a document; TypeError for anything that only looks like one."""
    if type(value) is not int:
        raise TypeError(f"whole number expected, found {value!r}")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"text expected, found {value!r}")
    return value
