"""
Term schemes as pages and papers show them: names of stops, times of day, loads, the replay's table.

Reads a stored document and the register; what a scheme may do is decided by ``term_scheme.py``.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from busops.domain.findings import Finding, Severity
from busops.domain.network import Stop
from busops.domain.school import School
from busops.domain.values import Direction, StopId
from busops.planner.term.document import read_left_out, read_lines
from busops.planner.term.scheme import LineTrip, TermLine
from busops.services.term_scheme import minute_of, reasons_not_to_adopt, reasons_not_to_submit
from busops.storage import network_store, people_store, register_store, term_store
from busops.storage.database import Database, Transaction
from busops.storage.term_store import StoredScheme, TermState, TermSummary

FULL_BP: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class HaltShown:
    """A halt with its stop's name, minutes after midnight, and its planned riders."""

    stop_id: str
    name: str
    arrive_min: int
    leave_min: int
    riders: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectionShown:
    """A line in one direction: when it leaves the campus or reaches it, its halts in driving order."""

    departs_min: int  # leaving the campus; on the way back leaving the first stop
    campus_min: int | None  # reaching the campus, on the way back
    halts: tuple[HaltShown, ...]
    distance_m: int
    cost_fen: int
    longest_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LineShown:
    """A line of the scheme."""

    line_id: str
    plate: str
    is_licensed: bool
    seats: int
    wave: int
    riders: int
    homeward: DirectionShown
    back: DirectionShown

    @property
    def towards(self) -> str:
        """The stop at the end of the line."""
        return self.homeward.halts[-1].name

    @property
    def longest_s(self) -> int:
        """The longest ride of either direction."""
        return max(self.homeward.longest_s, self.back.longest_s)

    @property
    def cost_fen(self) -> int:
        """Both directions driven full."""
        return self.homeward.cost_fen + self.back.cost_fen


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOutShown:
    """Planned riders of a stop without a line, and why."""

    stop_id: str
    name: str
    riders: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekendShown:
    """Both directions of one replayed weekend together; ``extra_fen`` None where not everything compares."""

    weekend_on: date
    is_training: bool
    cost_fen: int
    unserved: int
    extra_fen: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemeShown:
    """Everything that the page and the paper of a scheme show."""

    summary: TermSummary
    school: School
    names: Mapping[str, str]
    document: Mapping[str, Any]
    lines: tuple[LineShown, ...]
    left_out: tuple[LeftOutShown, ...]
    violations: tuple[Finding, ...]
    notices: tuple[Finding, ...]
    reasons: tuple[Finding, ...]  # why the next step cannot be taken
    rows: tuple[Mapping[str, Any], ...]
    weekends: tuple[WeekendShown, ...]

    @property
    def gap_bp(self) -> int | None:
        """How far above the best possible scheme at most, hundredths of a per cent; None without a bound."""
        bound = self.summary.lower_bound_fen
        return FULL_BP * (self.summary.cost_fen - bound) // bound if bound > 0 else None

    @property
    def extra_bp(self) -> int | None:
        """What the fixed scheme costs more than free plans, in hundredths of a per cent of those."""
        totals = self.document["replay"]["totals"]
        extra_fen = int(totals["extra_fen"])
        free_fen = int(totals["compared_cost_fen"]) - extra_fen
        return FULL_BP * extra_fen // free_fen if free_fen else None

    @property
    def longest_s(self) -> int:
        """The longest planned ride of either direction."""
        return max(int(self.document[way.value]["longest_ride_s"]) for way in Direction)

    @property
    def seats(self) -> int:
        """The seats of all lines."""
        return sum(line.seats for line in self.lines)

    @property
    def riders(self) -> int:
        """The planned riders of all lines."""
        return sum(line.riders for line in self.lines)

    def of_class(self, *, licensed: bool) -> tuple[LineShown, ...]:
        """The lines that need approval, or those of charter coaches."""
        return tuple(line for line in self.lines if line.is_licensed is licensed)


def schemes(database: Database) -> tuple[TermSummary, ...]:
    """All schemes, the latest first."""
    with database.reading() as tx:
        return term_store.list_schemes(tx)


def view(database: Database, scheme_id: str) -> SchemeShown:
    """A scheme with its names, times and table; raises NotFound."""
    with database.reading() as tx:
        stored = term_store.load_scheme(tx, scheme_id)
        stops = {stop.stop_id: stop for stop in network_store.load_stops(tx, include_retired=True)}
        return SchemeShown(
            summary=stored.summary,
            school=register_store.load_school(tx),
            names={person.user_id: person.name for person in people_store.load_people(tx)},
            document=stored.document,
            lines=tuple(_line(line, stored.document, stops) for line in read_lines(stored.document)),
            left_out=tuple(
                LeftOutShown(
                    stop_id=one.stop_id,
                    name=_name(one.stop_id, stops),
                    riders=one.riders,
                    reason=one.reason,
                )
                for one in read_left_out(stored.document)
            ),
            violations=tuple(_findings(stored.document["violations"])),
            notices=tuple(_findings(stored.notices)),
            reasons=_reasons(tx, stored),
            rows=tuple(stored.document["replay"]["rows"]),
            weekends=tuple(_weekends(stored.document["replay"]["rows"])),
        )


def document(database: Database, scheme_id: str) -> Mapping[str, Any]:
    """The scheme as the document of the file contract."""
    with database.reading() as tx:
        return term_store.load_scheme(tx, scheme_id).document


def _reasons(tx: Transaction, stored: StoredScheme) -> tuple[Finding, ...]:
    match stored.summary.state:
        case TermState.DRAFT:
            return tuple(reasons_not_to_submit(stored.summary))
        case TermState.APPROVED if stored.summary.adopted_at is None:
            return reasons_not_to_adopt(tx, stored)
        case _:
            return ()


def _line(line: TermLine, document: Mapping[str, Any], stops: Mapping[StopId, Stop]) -> LineShown:
    def shown(way: Direction) -> DirectionShown:
        trip: LineTrip = line.driven(way)
        zero_min = int(document[way.value]["departs_min"])

        def minute(second_s: int) -> int:
            return minute_of(zero_min, line, second_s, way)

        return DirectionShown(
            departs_min=minute(0 if way is Direction.HOMEWARD else trip.halts[0].leave_s),
            campus_min=None if trip.campus_arrive_s is None else minute(trip.campus_arrive_s),
            halts=tuple(
                HaltShown(
                    stop_id=halt.stop_id,
                    name=_name(halt.stop_id, stops),
                    arrive_min=minute(halt.arrive_s),
                    leave_min=minute(halt.leave_s),
                    riders=halt.riders,
                )
                for halt in trip.halts
            ),
            distance_m=trip.distance_m,
            cost_fen=trip.cost_fen,
            longest_s=trip.longest_s,
        )

    return LineShown(
        line_id=line.line_id,
        plate=line.plate,
        is_licensed=line.is_licensed,
        seats=line.seats,
        wave=line.wave,
        riders=line.riders,
        homeward=shown(Direction.HOMEWARD),
        back=shown(Direction.RETURN),
    )


def _name(stop_id: str, stops: Mapping[StopId, Stop]) -> str:
    stop = stops.get(StopId(stop_id))
    return stop.name if stop else stop_id


def _weekends(rows: Sequence[Mapping[str, Any]]) -> Iterator[WeekendShown]:
    for on in sorted({row["weekend"] for row in rows}):
        mine = [row for row in rows if row["weekend"] == on]
        extras = [row["extra_fen"] for row in mine]
        yield WeekendShown(
            weekend_on=date.fromisoformat(on),
            is_training=mine[0]["training"],
            cost_fen=sum(row["cost_fen"] for row in mine),
            unserved=sum(row["unserved"] for row in mine),
            extra_fen=None if None in extras else sum(extras),
        )


def _findings(documents: Iterable[Mapping[str, Any]]) -> Iterator[Finding]:
    for one in documents:
        yield Finding(
            code=one["code"],
            severity=Severity(one["severity"]),
            place=one["place"],
            facts=one["facts"],
        )
