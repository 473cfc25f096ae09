"""
A term scheme and its replay as JSON documents of ``docs/files.md``, and the scheme back from one.

Nothing is judged here; violations are given by the caller, from ``verify``.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from busops.domain.errors import InvalidInput
from busops.domain.findings import Finding
from busops.domain.road_source import TravelOrigin
from busops.domain.values import Direction
from busops.planner.document import whole
from busops.planner.term.replay import ReplayRow, ReplayTotals, totals
from busops.planner.term.scheme import DirectionTotals, LeftOut, LineTrip, PlannedHalt, TermLine, TermScheme

REPLAY_COLUMNS: Final = (
    "weekend", "direction", "training", "riders", "unserved", "trips", "seats", "cost_fen", "mean_load_bp",
    "max_load_bp", "longest_ride_s", "p95_ride_s", "free_cost_fen", "free_unserved", "extra_fen",
    "violations", "proven",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemeFacts:
    """What a scheme was made of: whose, for which days, from which weekends, how long it was searched."""

    school_id: str
    term_id: str
    percentile: int
    weekends: tuple[date, ...]
    tested: tuple[date, ...]
    from_on: date
    to_on: date
    departs_min: Mapping[Direction, int]
    seed: int
    seconds: float
    free_seconds: float
    travel_source: TravelOrigin


def scheme_document(
    facts: SchemeFacts, scheme: TermScheme, rows: Sequence[ReplayRow], violations: Iterable[Finding]
) -> dict[str, Any]:
    """The document of a scheme with its replay; money in fen, times in seconds, ready for ``json.dumps``."""
    return {
        "school": facts.school_id,
        "term": facts.term_id,
        "percentile": facts.percentile,
        "weekends": [on.isoformat() for on in facts.weekends],
        "tested": [on.isoformat() for on in facts.tested],
        "from_on": facts.from_on.isoformat(),
        "to_on": facts.to_on.isoformat(),
        "seed": facts.seed,
        "seconds": facts.seconds,
        "travel": facts.travel_source,
        "cost_fen": scheme.cost_fen,
        "lower_bound_fen": scheme.lower_bound_fen,
        "homeward": _direction(scheme.homeward, facts.departs_min[Direction.HOMEWARD]),
        "return": _direction(scheme.back, facts.departs_min[Direction.RETURN]),
        "lines": [_line(line) for line in scheme.lines],
        "left_out": [
            {"stop_id": one.stop_id, "riders": one.riders, "reason": one.reason} for one in scheme.left_out
        ],
        "violations": [
            {
                "code": finding.code,
                "severity": finding.severity.value,
                "place": finding.place,
                "facts": dict(finding.facts),
            }
            for finding in violations
        ],
        "replay": replay_document(rows, free_seconds=facts.free_seconds),
    }


def replay_document(rows: Sequence[ReplayRow], *, free_seconds: float) -> dict[str, Any]:
    """The table of a replay with its totals; a row's free plan was searched for ``free_seconds``."""
    return {
        "free_seconds": free_seconds,
        "rows": [_row(row) for row in rows],
        "totals": _totals(totals(rows)),
    }


def read_lines(document: Mapping[str, Any]) -> tuple[TermLine, ...]:
    """The lines of a scheme's document; raises InvalidInput when its form is wrong."""
    try:
        lines = tuple(_read_line(line) for line in document["lines"])
        names = {line.line_id for line in lines}
    except (KeyError, TypeError, ValueError, AttributeError) as fault:
        raise InvalidInput("term_document_invalid", detail=f"{type(fault).__name__}: {fault}") from fault
    if len(names) != len(lines):
        raise InvalidInput("term_document_invalid", detail="line_id repeated")
    return lines


def read_left_out(document: Mapping[str, Any]) -> tuple[LeftOut, ...]:
    """The planned riders that no line takes."""
    return tuple(
        LeftOut(stop_id=one["stop_id"], riders=one["riders"], reason=one["reason"])
        for one in document["left_out"]
    )


def _direction(totals_: DirectionTotals, departs_min: int) -> dict[str, Any]:
    return {
        "departs_min": departs_min,
        "cost_fen": totals_.cost_fen,
        "lower_bound_fen": totals_.lower_bound_fen,
        "bound_model": totals_.bound_model,
        "longest_ride_s": totals_.longest_s,
    }


def _line(line: TermLine) -> dict[str, Any]:
    return {
        "line_id": line.line_id,
        "plate": line.plate,
        "licensed": line.is_licensed,
        "seats": line.seats,
        "wave": line.wave,
        "homeward": _trip(line.homeward),
        "return": _trip(line.back),
    }


def _trip(trip: LineTrip) -> dict[str, Any]:
    document: dict[str, Any] = {
        "depart_s": trip.depart_s,
        "distance_m": trip.distance_m,
        "cost_fen": trip.cost_fen,
        "stops": [
            {
                "stop_id": halt.stop_id,
                "arrive_s": halt.arrive_s,
                "leave_s": halt.leave_s,
                "riders": halt.riders,
            }
            for halt in trip.halts
        ],
    }
    if trip.campus_arrive_s is not None:
        document["campus_arrive_s"] = trip.campus_arrive_s
    return document


def _row(row: ReplayRow) -> dict[str, Any]:
    values = (
        row.weekend_on.isoformat(), row.direction.value, row.is_training, row.riders, row.unserved, row.trips,
        row.seats, row.cost_fen, row.mean_load_bp, row.max_load_bp, row.longest_s, row.p95_s, row.free_fen,
        row.free_unserved, row.extra_fen, row.violations, row.is_proven,
    )  # fmt: skip
    return dict(zip(REPLAY_COLUMNS, values, strict=True))


def _totals(sums: ReplayTotals) -> dict[str, int]:
    return {
        "rows": sums.rows,
        "riders": sums.riders,
        "unserved": sums.unserved,
        "trips": sums.trips,
        "cost_fen": sums.cost_fen,
        "mean_load_bp": sums.mean_load_bp,
        "max_load_bp": sums.max_load_bp,
        "longest_ride_s": sums.longest_s,
        "compared_cost_fen": sums.compared_fen,
        "extra_fen": sums.extra_fen,
    }


def _read_line(line: Mapping[str, Any]) -> TermLine:
    homeward = _read_trip(line["homeward"])
    back = _read_trip(line["return"])
    if back.campus_arrive_s is None or homeward.campus_arrive_s is not None:
        raise ValueError("campus_arrive_s belongs to the way back, and to it only")
    outward = tuple(halt.stop_id for halt in homeward.halts)
    if outward != tuple(halt.stop_id for halt in back.halts)[::-1] or not outward:
        raise ValueError("the way back is not the mirror of the way out")
    if len(set(outward)) != len(outward):
        raise ValueError("a stop is on a line twice")
    is_licensed = line["licensed"]
    if not isinstance(is_licensed, bool):
        raise TypeError(f"true or false expected, found {is_licensed!r}")
    return TermLine(
        line_id=_text(line["line_id"]),
        plate=_text(line["plate"]),
        is_licensed=is_licensed,
        seats=whole(line["seats"]),
        wave=whole(line["wave"]),
        homeward=homeward,
        back=back,
    )


def _read_trip(trip: Mapping[str, Any]) -> LineTrip:
    at_campus = trip.get("campus_arrive_s")
    return LineTrip(
        depart_s=whole(trip["depart_s"]),
        halts=tuple(
            PlannedHalt(
                stop_id=_text(halt["stop_id"]),
                arrive_s=whole(halt["arrive_s"]),
                leave_s=whole(halt["leave_s"]),
                riders=whole(halt["riders"]),
            )
            for halt in trip["stops"]
        ),
        campus_arrive_s=None if at_campus is None else whole(at_campus),
        distance_m=whole(trip["distance_m"]),
        cost_fen=whole(trip["cost_fen"]),
    )


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError(f"text expected, found {value!r}")
    return value
