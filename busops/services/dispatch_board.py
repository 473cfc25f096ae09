"""
The dispatch board as values: every run of a day in the words of the field, the most urgent first.

It reads projections and decides nothing; what makes a run urgent is the watch's alarms and
the plain facts: late, silent, open again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import chain
from typing import Final

from busops.domain.due_alarms import CHECK_OVERDUE, DEVICE_SILENT, NO_SHOW_OPEN, RUN_LATE
from busops.domain.fleet import CrewRole
from busops.domain.run import Phase
from busops.domain.values import CAMPUS, Clock, Direction, StopId
from busops.services.crew_runs import CAMPUS_NAME, run_no
from busops.services.day_weather import weather_of
from busops.services.run_views import BoardRow, run_board
from busops.storage import board_store, fleet_store, network_store
from busops.storage.alarm_store import Alarm
from busops.storage.board_store import Happening, PlannedPlace
from busops.storage.database import Database
from busops.storage.day_store import Weather

LATE_S: Final = 180
NOW_S: Final = 60
CALM: Final = frozenset({DEVICE_SILENT, RUN_LATE, NO_SHOW_OPEN})  # at their first level a warning, no siren
# The six places of the track: to leave, boarding, under way, arrived, checked, closed.
PLACES: Final = {
    Phase.PLANNED: 0,
    Phase.READY: 0,
    Phase.UNDERWAY: 2,
    Phase.ARRIVED: 3,
    Phase.REOPENED: 3,
    Phase.CHECKED: 4,
    Phase.CLOSED: 6,
    Phase.CANCELLED: 0,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardLine:
    """One run as the board shows it; ``tone`` is '', warn or bad, ``why`` the code of the reason."""

    row: BoardRow
    no: str
    towards: str
    driver: str
    attendants: str
    place: int
    is_boarding: bool
    tone: str
    why: str
    late_s: int
    next_stop: str
    next_at: datetime | None
    alighted: int
    absent: int
    alarms: tuple[Alarm, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """A day's runs, what rings, what waits for a decision and what happened last."""

    on: date
    lines: tuple[BoardLine, ...]
    alarms: tuple[tuple[BoardLine, Alarm, int], ...]  # the worst of a kind on a run, seconds it rings
    decisions: tuple[tuple[BoardLine, str, int], ...]  # run, code, number
    happenings: tuple[tuple[str, Happening], ...]  # run number, what
    names: Mapping[str, str]
    weather: Weather  # on a hot or a cold day the alarms come sooner

    def count(self, *places: int) -> int:
        """How many runs are at these places of the track."""
        return sum(1 for line in self.lines if self.place_of(line) in places)

    @staticmethod
    def place_of(line: BoardLine) -> int:
        """Where a run stands on the track; a cancelled one nowhere."""
        return -1 if line.row.run.phase is Phase.CANCELLED else line.place


def board(database: Database, on: date, clock: Clock) -> Board:
    """The board of a day."""
    now = clock.now()
    rows = run_board(database, on, clock)
    weather = weather_of(database, on)
    with database.reading() as tx:
        days = sorted({on, *(row.run.on for row in rows)})
        crews = dict(chain.from_iterable(board_store.crews_on(tx, day).items() for day in days))
        ways = dict(chain.from_iterable(board_store.stops_on(tx, day).items() for day in days))
        last = board_store.last_happenings(tx, on)
        people = {each.crew_id: each.name for each in fleet_store.load_crew(tx, include_retired=True)}
        stops = {stop.stop_id: stop.name for stop in network_store.load_stops(tx, include_retired=True)}
    names: dict[str, str] = {str(CAMPUS): CAMPUS_NAME}
    names |= {str(stop_id): name for stop_id, name in stops.items()}
    names |= {str(crew_id): name for crew_id, name in people.items()}
    lines = tuple(
        _line(row, crews.get(row.run.run_id, ()), ways.get(row.run.run_id, ()), names, now) for row in rows
    )
    lines = tuple(line if line.row.run.on == on else _of_another_day(line) for line in lines)
    numbers = {line.row.run.run_id: line.no for line in lines}
    return Board(
        on=on,
        lines=tuple(sorted(lines, key=_rank)),
        alarms=tuple(_alarms(lines, now)),
        decisions=tuple(_decisions(lines)),
        happenings=tuple((numbers.get(each.run_id, ""), each) for each in last),
        names=names,
        weather=weather,
    )


def _of_another_day(line: BoardLine) -> BoardLine:
    """The line with the day before its number: two runs may have the same one."""
    return replace(line, no=f"{line.row.run.on:%m-%d}/{line.no}")


def _line(
    row: BoardRow,
    crew: tuple[tuple[CrewRole, str], ...],
    way: tuple[PlannedPlace, ...],
    names: Mapping[str, str],
    now: datetime,
) -> BoardLine:
    run = row.run
    ends = (way[0].stop_id, way[-1].stop_id) if way else (StopId(""), StopId(""))
    outer = ends[1] if run.direction is Direction.HOMEWARD else ends[0]
    is_boarding = run.phase is Phase.UNDERWAY and bool(way) and row.next_stop == ends[0]
    late_s = int((now - run.departs_at).total_seconds())
    has_left = run.phase is not Phase.READY and not is_boarding
    tone, why = _tone(row, late_s=0 if has_left else late_s)
    planned = next((place for place in way if place.stop_id == row.next_stop), None)
    return BoardLine(
        row=row,
        no=run_no(run.trip_no),
        towards=names.get(outer, outer),
        driver=_people(crew, CrewRole.DRIVER, names),
        attendants=_people(crew, CrewRole.ATTENDANT, names),
        place=1 if is_boarding else PLACES[run.phase],
        is_boarding=is_boarding,
        tone=tone,
        why=why,
        late_s=late_s,
        next_stop=names.get(row.next_stop, row.next_stop) if row.next_stop and has_left else "",
        next_at=planned.arrives_at if planned and has_left else None,
        alighted=run.progress.get("alighted", 0),
        absent=run.progress.get("absent", 0),
        alarms=row.alarms,
    )


def _people(crew: tuple[tuple[CrewRole, str], ...], role: CrewRole, names: Mapping[str, str]) -> str:
    return "、".join(names.get(crew_id, crew_id) for each, crew_id in crew if each is role)


def _tone(row: BoardRow, *, late_s: int) -> tuple[str, str]:
    """How loud a run is and why: the worst alarm, else open again, else late."""
    if row.run.phase is Phase.CANCELLED or (row.run.phase is Phase.CLOSED and not row.alarms):
        return "", ""
    worst = max(row.alarms, key=lambda alarm: alarm.level, default=None)
    if worst is not None:
        is_loud = worst.level >= 1 and worst.kind not in CALM
        return ("bad" if is_loud or worst.level > 1 else "warn"), f"alarm_kind.{worst.kind}"
    if row.run.phase is Phase.REOPENED:
        return "bad", "phase.reopened"
    if row.run.phase is Phase.CHECKED and row.aboard:
        return "bad", "still_aboard"
    return ("warn", "late") if late_s >= LATE_S else ("", "")


def _rank(line: BoardLine) -> tuple[int, int, datetime, str]:
    """Alarm, the highest first, warning, boarding by departure, under way, to leave, done."""
    if line.tone:
        level = max((alarm.level for alarm in line.alarms), default=0)
        return (0 if line.tone == "bad" else 1), -level, line.row.run.departs_at, line.no
    order = {1: 2, 3: 2, 4: 2, 2: 3, 0: 4, 6: 6}
    place = 7 if line.row.run.phase is Phase.CANCELLED else order[line.place]
    return place, 0, line.row.run.departs_at, line.no


def _alarms(lines: tuple[BoardLine, ...], now: datetime) -> list[tuple[BoardLine, Alarm, int]]:
    found = []
    for line in lines:
        for kind in dict.fromkeys(alarm.kind for alarm in line.alarms):
            same = [alarm for alarm in line.alarms if alarm.kind == kind]
            worst = max(same, key=lambda alarm: (alarm.level, alarm.raised_at))
            found.append((line, worst, _elapsed_s(line, same, now)))
    return sorted(found, key=lambda each: (-each[1].level, -each[2]))


def _elapsed_s(line: BoardLine, same: list[Alarm], now: datetime) -> int:
    """Since when it rings; for the first check after an arrival, since that."""
    arrived_ms = line.row.run.progress.get("arrived_ms")
    is_first = same[0].kind == CHECK_OVERDUE and ":" not in same[0].occasion
    if arrived_ms is not None and is_first:
        return max(int(now.timestamp() - arrived_ms / 1000), 0)
    return int((now - min(alarm.raised_at for alarm in same)).total_seconds())


def _decisions(lines: tuple[BoardLine, ...]) -> list[tuple[BoardLine, str, int]]:
    waits = []
    for line in lines:
        if line.row.run.phase in (Phase.CLOSED, Phase.CANCELLED):
            continue
        if line.row.open_findings:
            waits.append((line, "findings_open", line.row.open_findings))
        if line.why == "late":
            waits.append((line, "run_late", line.late_s // NOW_S))
        if line.row.run.phase is Phase.CHECKED and not line.row.aboard:
            waits.append((line, "ready_to_close", 0))
    return waits
