"""
What rosters and closed runs say of each rider in a period: the facts that money rests on.

It reads closures, never the projections of a run; where later facts contradict one, that is a
finding. Pricing and judging are the finance core's.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from sys import intern
from typing import Any

from busops.domain.errors import InvalidInput
from busops.domain.findings import Finding, Severity
from busops.domain.network import Stop
from busops.domain.roster import NotRidingReason, Rider, RosterEntry
from busops.domain.run import Phase
from busops.domain.school import School
from busops.domain.values import CAMPUS, Direction, RiderId, RunId, StopId
from busops.finance.charging import Payer, Ride, RideFact
from busops.finance.rows import Seat
from busops.finance.tariff import TariffRate, weekend_of
from busops.finance.waivers import Waiver, parse_waiver
from busops.services.fee_plans import load_plans
from busops.services.late_facts import contradicted
from busops.services.planning_input import day_of
from busops.storage import closure_store, network_store, register_store, roster_store, run_store
from busops.storage.database import Transaction
from busops.storage.run_store import RunSummary


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodFacts:
    """Register, rosters and runs of a period; ``boarded`` is what each latest closure says by itself."""

    school: School
    rates: tuple[TariffRate, ...]
    riders: Mapping[RiderId, Rider]
    stops: Mapping[StopId, Stop]
    payers: Mapping[tuple[RiderId, date], Payer]
    seats: tuple[Seat, ...]
    facts: tuple[RideFact, ...]
    charge_facts: tuple[RideFact, ...]
    open_runs: tuple[RunSummary, ...]
    cancelled: frozenset[tuple[RiderId, date, Direction]]
    boarded: Mapping[RunId, frozenset[RiderId]]
    lines: Mapping[RiderId, str]
    findings: tuple[Finding, ...]

    @property
    def stop_bands(self) -> dict[StopId, str]:
        """The fare band of each stop."""
        return {stop_id: stop.band for stop_id, stop in self.stops.items()}


@dataclass(slots=True)
class _Runs:
    facts: list[RideFact] = field(default_factory=list)
    charge_facts: list[RideFact] = field(default_factory=list)
    open_runs: list[RunSummary] = field(default_factory=list)
    closed: list[RunSummary] = field(default_factory=list)
    cancelled: set[tuple[RiderId, date, Direction]] = field(default_factory=set)
    boarded: dict[RunId, frozenset[RiderId]] = field(default_factory=dict)
    plates: dict[RunId, str] = field(default_factory=dict)


def load_facts(tx: Transaction, *, from_on: date | None = None, to_on: date | None = None) -> PeriodFacts:
    """The facts of the weekends that begin and the runs that go in these days; without days, all."""
    first, last = from_on or date.min, to_on or date.max
    stops = {stop.stop_id: stop for stop in network_store.load_stops(tx, include_retired=True)}
    riders = {rider.rider_id: rider for rider in register_store.load_riders(tx, include_retired=True)}
    runs = _load_runs(tx, first, last)
    waivers, findings = waivers_of((rider.rider_id, rider.waiver) for rider in riders.values())
    findings += contradicted(tx, runs.closed)
    rosters = {
        weekend.weekend_on: _entries(tx, weekend.weekend_on)
        for weekend in roster_store.list_weekends(tx)
        if first <= weekend.weekend_on <= last
    }
    school = register_store.load_school(tx)
    plans = load_plans(tx, school)
    weekends = set(rosters) | {weekend_of(fact.on) for fact in (*runs.facts, *runs.charge_facts)}
    for weekend_on in sorted(weekends - rosters.keys()):
        rosters[weekend_on] = _entries(tx, weekend_on)
    bands = {stop_id: stop.band for stop_id, stop in stops.items()}
    payers: dict[tuple[RiderId, date], Payer] = {}
    known: dict[Payer, Payer] = {}
    for weekend_on, entries in rosters.items():
        found = _payers(riders.values(), entries, weekend_on, bands, waivers)
        for payer in found:
            priced = plans.payer_on(payer, weekend_on)
            payers[payer.rider_id, weekend_on] = known.setdefault(priced, priced)  # the same every week
    served = {(fact.rider_id, fact.on, fact.direction) for fact in runs.facts}
    return PeriodFacts(
        school=school,
        rates=register_store.load_tariff(tx),
        riders=riders,
        stops=stops,
        payers=payers,
        seats=tuple(
            seat for weekend_on, entries in sorted(rosters.items()) for seat in _seats(entries, weekend_on)
        ),
        facts=tuple(runs.facts),
        charge_facts=tuple(runs.charge_facts),
        open_runs=tuple(runs.open_runs),
        cancelled=frozenset(runs.cancelled - served),
        boarded=runs.boarded,
        lines=_lines(runs),
        findings=findings,
    )


def _load_runs(tx: Transaction, first: date, last: date) -> _Runs:
    found = _Runs()
    for run in run_store.list_runs(tx):
        if not first <= run.on <= last:
            continue
        manifest = {
            item.rider_id: item.stop_id for item in run_store.load_manifest(tx, run.run_id, run.roster_v)
        }
        if run.phase is Phase.CANCELLED:
            found.cancelled |= {(rider_id, run.on, run.direction) for rider_id in manifest}
            continue
        closures = closure_store.load_closures(tx, run.run_id)
        found.plates[run.run_id] = f"{run.plate}/{run.wave}"
        if closures:
            latest = closures[-1]
            told = latest.snapshot["riders"]
            closed = [
                fact_of(
                    ride_of(run.on, run.direction, told[rider_id], manifest.get(RiderId(rider_id))),
                    RiderId(intern(rider_id)),
                    run.run_id,
                    latest.version,
                )
                for rider_id in sorted(told)
            ]
            found.charge_facts += closed
        if run.phase is Phase.CLOSED and closures:
            found.facts += closed
            found.closed.append(run)
            found.boarded[run.run_id] = frozenset(RiderId(name) for name in told if told[name]["rode"])
        else:
            found.open_runs.append(run)
            found.facts += [
                fact_of(open_ride(run.on, run.direction, stop_id), rider_id, run.run_id)
                for rider_id, stop_id in manifest.items()
            ]
    return found


def ride_of(on: date, direction: Direction, told: Mapping[str, Any], planned: StopId | None) -> Ride:
    """What a closure says of a rider, for money; ``planned`` is his stop by the manifest."""
    marks = (*told["boarded_at"], *told["alighted_at"])
    used = [StopId(stop_id) for stop_id in marks if stop_id is not None and stop_id != CAMPUS]
    return Ride(
        on=on,
        direction=direction,
        stop_id=used[-1] if used else planned or CAMPUS,
        boarded=bool(told["rode"]),
        reason=NotRidingReason(told["reason"]) if told["reason"] else None,
        planned_stop_id=planned,
        is_disputed=told["state"] == "disputed",
    )


def open_ride(on: date, direction: Direction, stop_id: StopId) -> Ride:
    """What a run that is not closed says of a rider on its list: nothing yet."""
    return Ride(
        on=on, direction=direction, stop_id=stop_id, boarded=False, closed=False, planned_stop_id=stop_id
    )


def fact_of(ride: Ride, rider_id: RiderId, run_id: RunId, version: int = 1) -> RideFact:
    """The ride as one rider's of one run's closure."""
    return RideFact(
        rider_id=rider_id,
        run_id=run_id,
        on=ride.on,
        direction=ride.direction,
        stop_id=ride.stop_id,
        boarded=ride.boarded,
        closed=ride.closed,
        closure_version=version,
        reason=ride.reason,
        planned_stop_id=ride.planned_stop_id,
        is_disputed=ride.is_disputed,
    )


def _lines(runs: _Runs) -> dict[RiderId, str]:
    """The buses a rider took: plate and wave, in the order of the days."""
    taken: dict[RiderId, dict[str, None]] = {}
    for fact in sorted(runs.facts, key=lambda fact: (fact.on, fact.run_id)):
        if fact.boarded:
            taken.setdefault(fact.rider_id, {})[runs.plates[fact.run_id]] = None
    return {rider_id: " ".join(plates) for rider_id, plates in taken.items()}


def _entries(tx: Transaction, weekend_on: date) -> tuple[RosterEntry, ...]:
    """The roster that counts: the last locked version, else the draft."""
    locked = roster_store.load_latest_version(tx, weekend_on)
    return locked.entries if locked else roster_store.load_roster(tx, weekend_on)


def _seats(entries: Iterable[RosterEntry], weekend_on: date) -> Iterable[Seat]:
    for entry in entries:
        for direction in Direction:
            rides = entry.rides(direction)
            yield Seat(
                rider_id=entry.rider_id,
                on=day_of(weekend_on, direction),
                direction=direction,
                rides=rides,
                reason=None if rides else entry.reason,
            )


def _payers(
    riders: Iterable[Rider],
    entries: Iterable[RosterEntry],
    weekend_on: date,
    bands: Mapping[StopId, str],
    waivers: Mapping[RiderId, Waiver],
) -> Iterable[Payer]:
    """What pricing needs of every registered rider: the stop of record of that weekend gives the band."""
    by_rider = {entry.rider_id: entry for entry in entries}
    for rider in riders:
        entry = by_rider.get(rider.rider_id)
        stop_id = (entry.stop_id if entry else None) or rider.stop_id
        directions = sum(entry.rides(direction) for direction in Direction) if entry else 0
        yield Payer(
            rider_id=rider.rider_id,
            band=bands.get(stop_id, ""),
            # Who held no seat is priced as if for a whole weekend, so that his row is one, not two.
            directions=directions or len(Direction),
            waiver=waivers.get(rider.rider_id),
        )


def waivers_of(written: Iterable[tuple[RiderId, str]]) -> tuple[dict[RiderId, Waiver], tuple[Finding, ...]]:
    """The waivers that stand with riders, and a finding for each that cannot be read."""
    waivers: dict[RiderId, Waiver] = {}
    findings = []
    for rider_id, text in written:
        try:
            waiver = parse_waiver(text)
        except InvalidInput as fault:
            facts = {"rider_id": rider_id, **fault.facts}
            findings.append(Finding(code=fault.code, severity=Severity.WARN, place=rider_id, facts=facts))
            continue
        if waiver is not None:
            waivers[rider_id] = waiver
    return waivers, tuple(findings)


def weekend_end(weekend_on: date) -> date:
    """The last day that belongs to a weekend: the Thursday before the next one."""
    return weekend_on + timedelta(days=6)
