"""
The cases of a period, gathered weekend by weekend from bare rows: rosters, closed runs, charges, payments.

What is read is given up with its weekend, so that a term of a large school fits where a weekend does; only
months and terms stay open to the end. Who needs the facts one by one asks ``ride_facts.py``.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final

from busops.domain.findings import Finding
from busops.domain.network import Stop
from busops.domain.roster import NotRidingReason
from busops.domain.run import Phase
from busops.domain.school import School, Term
from busops.domain.values import Direction, RiderId, RunId, StopId
from busops.finance.charging import Due, Payer, Ride, RideFact, charges_due
from busops.finance.invariants import runs_agree
from busops.finance.row_cases import Agreed, CaseSheet, Gathered, Gathering, HeldSeat, Money
from busops.finance.rows import Kind, Units
from busops.finance.tariff import SHORT, FareUnit, TariffRate, billing_unit, weekend_of
from busops.services.bulk import in_bulk
from busops.services.late_facts import contradicted
from busops.services.planning_input import day_of
from busops.services.ride_facts import fact_of, open_ride, ride_of, waivers_of, weekend_end
from busops.storage import money_sums, network_store, register_store, ride_store, roster_store, run_store
from busops.storage.database import Transaction
from busops.storage.receipt_store import flags_of
from busops.storage.run_store import RunSummary

WEEK: Final = timedelta(weeks=1)
LONG: Final = frozenset(FareUnit) - SHORT
BOTH_WAYS: Final = len(Direction)


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodCases:
    """A period gathered; ``broken`` are its runs whose riders are not counted as closed (I4)."""

    school: School
    rates: tuple[TariffRate, ...]
    stops: Mapping[StopId, Stop]
    sheet: CaseSheet
    unit_keys: frozenset[str]
    open_runs: tuple[RunSummary, ...]
    boarded: Mapping[RunId, int]
    plates: Mapping[RunId, str]
    broken: tuple[Finding, ...]
    findings: tuple[Finding, ...]

    @property
    def stop_bands(self) -> dict[StopId, str]:
        """The fare band of each stop."""
        return {stop_id: stop.band for stop_id, stop in self.stops.items()}


@dataclass(slots=True, kw_only=True)
class _Found:
    open_runs: list[RunSummary] = field(default_factory=list)
    closed: list[RunSummary] = field(default_factory=list)
    boarded: Counter[RunId] = field(default_factory=Counter)
    plates: dict[RunId, str] = field(default_factory=dict)
    broken: list[Finding] = field(default_factory=list)
    unpriced: list[RideFact] = field(default_factory=list)
    payers: dict[tuple[RiderId, date], Payer] = field(default_factory=dict)


def load_cases(tx: Transaction, first: date, last: date, agreed: Agreed) -> PeriodCases:
    """The cases of the weekends that begin and the runs that go in these days."""
    school, rates = register_store.load_school(tx), register_store.load_tariff(tx)
    stops = {stop.stop_id: stop for stop in network_store.load_stops(tx, include_retired=True)}
    riders = ride_store.load_riders(tx)
    _, findings = waivers_of((RiderId(rider_id), waiver) for rider_id, _, waiver in riders if waiver)
    reader = _Reader(
        tx=tx,
        first=first,
        last=last,
        units=Units(rates, school.term),
        term=school.term,
        bands={stop_id: stop.band for stop_id, stop in stops.items()},
        stop_of={rider_id: stop_id for rider_id, stop_id, _ in riders},
        gathering=Gathering(agreed),
    )
    with in_bulk():
        reader.read()
        sheet = reader.gathering.sheet()
    found = reader.found
    _, unpriced = charges_due(found.unpriced, found.payers, rates, school.term)
    return PeriodCases(
        school=school,
        rates=rates,
        stops=stops,
        sheet=sheet,
        unit_keys=frozenset(reader.unit_keys),
        open_runs=tuple(found.open_runs),
        boarded=found.boarded,
        plates=found.plates,
        broken=tuple(found.broken),
        findings=(*findings, *contradicted(tx, found.closed), *unpriced),
    )


@dataclass(slots=True, kw_only=True)
class _Reader:
    """Reads a period into a gathering; what equals is made once (``rides``, ``dues``, ``money``)."""

    tx: Transaction
    first: date
    last: date
    units: Units
    term: Term
    bands: Mapping[StopId, str]
    stop_of: Mapping[str, str]
    gathering: Gathering
    found: _Found = field(default_factory=_Found)
    unit_keys: set[str] = field(default_factory=set)
    rides: dict[tuple[Any, ...], tuple[Ride, bool]] = field(default_factory=dict)
    dues: dict[tuple[Any, ...], Due] = field(default_factory=dict)
    money: dict[tuple[Any, ...], Money] = field(default_factory=dict)
    usual: dict[str, Kind] = field(default_factory=dict)

    def read(self) -> None:
        """Everything of the period is gathered."""
        whole = {
            stop_id: (self.bands.get(StopId(stop_id), ""), BOTH_WAYS) for stop_id in self.stop_of.values()
        }
        # Who held no seat is priced as if for a whole weekend, so that his row is one, not two.
        self.usual = {rider_id: whole[stop_id] for rider_id, stop_id in self.stop_of.items()}
        listed = set(roster_store.list_days(self.tx))
        friday = weekend_of(self.first)
        while friday <= self.last:
            self._weekend(friday, is_listed=friday in listed and self.first <= friday)
            friday += WEEK
        keys = set(self._touching(LONG, self.first - 5 * WEEK, self.last + 5 * WEEK))
        self._payments(keys)
        self._charges(LONG, date.min, self.last, parts_of=keys)

    def _weekend(self, friday: date, *, is_listed: bool) -> None:
        first, last = max(friday, self.first), min(weekend_end(friday), self.last)
        runs = run_store.list_runs(self.tx, (first, last))
        told = _by_run(ride_store.load_told(self.tx, first, last)) if runs else {}
        waiting = _by_run(ride_store.load_listed(self.tx, first, last)) if runs else {}
        kinds = dict(self.usual)
        is_asked = any(run.run_id in told or run.run_id in waiting for run in runs if not _is_off(run))
        if is_listed or is_asked:
            self._seats(friday, kinds)
        for run in runs:
            if not _is_off(run):
                self._run(run, told.get(run.run_id, ()), waiting.get(run.run_id, ()), kinds)
        if off := [run for run in runs if _is_off(run)]:
            self._cancelled(off, waiting, kinds)
        keys = set(self._touching(SHORT, friday, weekend_end(friday)))
        self._charges(SHORT, friday, last)
        self._payments(keys)
        self.gathering.finish(keys)

    def _seats(self, friday: date, kinds: dict[str, Kind]) -> None:
        """Every entry of the roster holds its seats, and says what its rider is priced by."""
        plans: dict[tuple[Any, ...], tuple[Kind | None, list[tuple[dict[RiderId, Gathered], Any]]]] = {}
        for rider_id, home, back, stop_id, reason in ride_store.load_entries(self.tx, friday):
            known_stop = self.stop_of.get(rider_id)
            key = (stop_id or known_stop, home, back, reason, known_stop is None)
            plan = plans.get(key)
            if plan is None:
                kind = None if known_stop is None else self._kind(stop_id or known_stop, home + back)
                plan = plans[key] = (kind, self._held(friday, kind, (home, back), reason))
            if plan[0] is not None:
                kinds[rider_id] = plan[0]
            for by_rider, seats in plan[1]:
                by_rider[rider_id].seats += seats

    def _held(
        self, friday: date, kind: Kind | None, rides: tuple[int, int], reason: str | None
    ) -> list[tuple[dict[RiderId, Gathered], tuple[HeldSeat, ...]]]:
        """The seats of such an entry, by the unit that they belong to."""
        found: dict[str, tuple[HeldSeat, ...]] = {}
        for direction, is_riding in zip((Direction.HOMEWARD, Direction.RETURN), rides, strict=True):
            on = day_of(friday, direction)
            seat = HeldSeat(
                on=on,
                direction=direction,
                rides=bool(is_riding),
                reason=NotRidingReason(reason) if reason and not is_riding else None,
            )
            key = self.units.key(kind, on, direction)
            found[key] = (*found.get(key, ()), seat)
        return [(self.gathering.unit(key), seats) for key, seats in found.items()]

    def _run(self, run: RunSummary, told: Any, waiting: Any, kinds: Mapping[str, Kind]) -> None:
        """What the run says of its riders is gathered; of an open one only who is on its list."""
        self.found.plates[run.run_id] = f"{run.plate}/{run.wave}"
        is_closed = run.phase is Phase.CLOSED and (bool(told) or run.closure_v is not None)
        self._closed(run, told, kinds, is_counted=is_closed)
        if is_closed:
            self.found.closed.append(run)
            return
        self.found.open_runs.append(run)
        for _, rider_id, stop_id in waiting:
            ride = open_ride(run.on, run.direction, StopId(stop_id))
            key = self.units.key(kinds.get(rider_id), run.on, run.direction)
            known = self.gathering.unit(key)[rider_id]
            known.facts += (ride,)
            known.runs += (run.run_id,)

    def _closed(self, run: RunSummary, told: Any, kinds: Mapping[str, Kind], *, is_counted: bool) -> None:
        """What the latest closure says; of a run opened again only what nobody has a price for."""
        seen: dict[tuple[str, str | None], tuple[Ride, bool]] = {}
        places: dict[Kind | None, tuple[dict[RiderId, Gathered], bool]] = {}
        counted, aboard = set(), set()
        for _, version, rider_id, text, planned in told:
            shape = seen.get((text, planned))
            if shape is None:
                shape = seen[text, planned] = self._ride(run, text, planned)
            ride, rode = shape
            kind = kinds.get(rider_id)
            place = places.get(kind)
            if place is None:
                place = places[kind] = self._place(run, kind)
            if not place[1]:
                self._unpriced(run, ride, rider_id, version, kind)
            if is_counted:
                known = place[0][rider_id]
                known.facts += (ride,)
                known.runs += (run.run_id,)
                if ride.boarded:
                    counted.add(rider_id)
                if rode:
                    aboard.add(rider_id)
        if is_counted:
            self.found.boarded[run.run_id] = len(counted)
            self.found.broken += runs_agree({run.run_id: counted}, {run.run_id: aboard})

    def _ride(self, run: RunSummary, text: str, planned: str | None) -> tuple[Ride, bool]:
        """The one value of all rides that are told so on this day, and what the closure says by itself."""
        key = (run.on, run.direction, text, planned)
        if key not in self.rides:
            told = json.loads(text)
            stop_id = None if planned is None else StopId(planned)
            self.rides[key] = (ride_of(run.on, run.direction, told, stop_id), bool(told["rode"]))
        return self.rides[key]

    def _place(self, run: RunSummary, kind: Kind | None) -> tuple[dict[RiderId, Gathered], bool]:
        """Where rides of such riders are gathered, and whether they have a price."""
        is_priced = self.units.priced(kind, run.on, run.direction) is not None
        return self.gathering.unit(self.units.key(kind, run.on, run.direction)), is_priced

    def _unpriced(self, run: RunSummary, ride: Ride, rider_id: str, version: int, kind: Kind | None) -> None:
        rider = RiderId(rider_id)
        self.found.unpriced.append(fact_of(ride, rider, run.run_id, version))
        if kind is not None:
            payer = Payer(rider_id=rider, band=kind[0], directions=kind[1])
            self.found.payers[rider, weekend_of(run.on)] = payer

    def _cancelled(
        self, off: list[RunSummary], waiting: Mapping[str, Any], kinds: Mapping[str, Kind]
    ) -> None:
        """Whoever held a seat on a way of which the school cancelled his run, and no other run has him."""
        for run in off:
            for _, rider_id, _ in waiting.get(run.run_id, ()):
                key = self.units.key(kinds.get(rider_id), run.on, run.direction)
                known = self.gathering.unit(key).get(RiderId(rider_id))
                way = (run.on, run.direction)
                if known is None or any((fact.on, fact.direction) == way for fact in known.facts):
                    continue
                if any((seat.on, seat.direction) == way for seat in known.seats):
                    known.is_cancelled = True

    def _charges(
        self, units: frozenset[FareUnit], first: date, last: date, *, parts_of: Collection[str] = ()
    ) -> None:
        """
        The charges of such units that begin in these days and touch the period.

        Who owes a part of a unit owes it in all of its time: those of ``parts_of`` are the period's anyhow.
        """
        begins = (first, last)
        rows = money_sums.load_dues(self.tx, units, begins=begins, until=self.first, parts_of=parts_of)
        units_of = self.gathering.unit
        for row in rows:
            due = self.dues.get(row[2:]) or self.dues.setdefault(row[2:], _due(row[2:]))
            units_of(row[1])[row[0]].charges += (due,)

    def _payments(self, unit_keys: set[str]) -> None:
        """What stands of all that was given to these units."""
        self.unit_keys |= unit_keys
        units_of = self.gathering.unit
        for row in money_sums.load_given(self.tx, unit_keys):
            money = self.money.get(row[2:7]) or self.money.setdefault(row[2:7], _money(*row[2:7]))
            units_of(row[1])[row[0]].paid += ((money.paid_on, row[7], row[8], money),)

    def _kind(self, stop_id: str, directions: int) -> Kind:
        return self.bands.get(StopId(stop_id), ""), directions or BOTH_WAYS

    def _touching(self, units: frozenset[FareUnit], first: date, last: date) -> Iterator[str]:
        """The keys of such units of rides in these days whose time touches the period."""
        for day in range((last - first).days + 1):
            for unit in units:
                for direction in Direction:
                    span = billing_unit(unit, first + timedelta(days=day), direction, self.term)
                    if span.from_on <= self.last and span.to_on >= self.first:
                        yield span.key


def _is_off(run: RunSummary) -> bool:
    return run.phase is Phase.CANCELLED


def _by_run(rows: Any) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        found[row[0]].append(row)
    return found


def _due(terms: tuple[Any, ...]) -> Due:
    unit, from_on, to_on, band, list_fen, waived_fen = terms
    return Due(
        unit=FareUnit(unit),
        from_on=_day(from_on),
        to_on=_day(to_on),
        band=band,
        list_fen=list_fen,
        waived_fen=waived_fen,
    )


def _money(fen: int, tier: str, flags: str, channel: str, paid_on: Any) -> Money:
    return Money(fen=fen, tier=tier, flags=flags_of(flags), channel=channel, paid_on=_day(paid_on))


def _day(value: str | date) -> date:
    """A bare day: text on SQLite."""
    return date.fromisoformat(value) if isinstance(value, str) else value
