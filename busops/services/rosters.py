"""
The weekend roster from draft to locked versions: who rides, who does not and why.

Importing a roster file is ``services.imports``'s; planning reads the last locked version. A
change after a lock touches only the draft: it counts once the next version is locked.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from busops.domain.errors import Conflict, InvalidInput, NotFound, Refused
from busops.domain.findings import Finding, Severity
from busops.domain.network import Stop, designated_on, is_designated
from busops.domain.roster import (
    NotRidingReason,
    Rider,
    RosterChange,
    RosterEntry,
    RosterVersion,
    difference,
)
from busops.domain.values import Clock, Direction, RiderId, StopId
from busops.services import roster_marks
from busops.services.acting import By, record_act, user_of
from busops.services.planning_input import day_of
from busops.storage import network_store, register_store, roster_store
from busops.storage.database import Database, Transaction
from busops.storage.register_store import RiderQuery
from busops.storage.roster_store import Lock, WeekendSummary

FRIDAY: Final = 4
NO_REASON: Final = (None, NotRidingReason.UNSPECIFIED)
# Reasons a person may give for a pupil on the roster; the rest is said by the system or at the bus.
GIVEN_REASONS: Final = (
    NotRidingReason.LEAVE,
    NotRidingReason.GUARDIAN_PICKUP,
    NotRidingReason.STAYS_AT_SCHOOL,
    NotRidingReason.OTHER_VEHICLE,
    NotRidingReason.ILL,
    NotRidingReason.CLASS_LEFT,
    NotRidingReason.REFUSED,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterLine:
    """One rider on a weekend: his entry, his register, the stop he uses, what is odd about it."""

    entry: RosterEntry
    rider: Rider
    stop: Stop | None
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekendView:
    """A weekend as the office sees it; ``changed`` are those whose entry differs from the last version."""

    weekend_on: date
    lines: tuple[RosterLine, ...]
    counts: Mapping[Direction, int]
    reasons: Mapping[Direction, Mapping[NotRidingReason, int]]
    unregistered: int
    locks: tuple[Lock, ...]
    changed: tuple[RiderId, ...]
    stops: tuple[Stop, ...]

    @property
    def latest(self) -> Lock | None:
        """The lock that counts, or None before the first."""
        return self.locks[-1] if self.locks else None

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is odd on the whole list, in its order."""
        return tuple(finding for line in self.lines for finding in line.findings)


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryChange:
    """What somebody decided for one rider on one weekend."""

    rides_homeward: bool
    rides_return: bool
    stop_id: StopId | None = None
    reason: NotRidingReason | None = None
    note: str = ""


def friday_of(on: date) -> date:
    """The Friday that names the weekend of a day: the day itself or the last Friday before it."""
    return date.fromordinal(on.toordinal() - (on.weekday() - FRIDAY) % 7)


def weekend_ahead(today: date) -> date:
    """The Friday of the weekend that is prepared now: this week's, also on its Saturday and Sunday."""
    return friday_of(today) if today.weekday() >= FRIDAY else friday_of(today) + timedelta(days=7)


def weekends(database: Database) -> tuple[WeekendSummary, ...]:
    """Every weekend with a roster, the latest first."""
    with database.reading() as tx:
        return roster_store.list_weekends(tx)


def weekend_days(database: Database) -> tuple[date, ...]:
    """The Friday of every weekend with a roster, the latest first."""
    with database.reading() as tx:
        return roster_store.list_days(tx)[::-1]


def weekend_view(database: Database, weekend_on: date) -> WeekendView:
    """The weekend with its riders, counts, reasons and versions; raises NotFound when it has no roster."""
    with database.reading() as tx:
        entries = roster_store.load_roster(tx, weekend_on)
        locks = roster_store.load_locks(tx, weekend_on)
        changed = roster_store.changed_riders(tx, weekend_on, locks[-1].version) if locks else ()
        registered = register_store.find_riders(tx, RiderQuery(shows_retired=True)).riders
        stops = network_store.load_stops(tx)
    if not entries and not locks:
        raise NotFound("roster_not_found", weekend_on=weekend_on)
    gone = {one.rider.rider_id for one in registered if one.retired_on is not None}
    by_id = {one.rider.rider_id: one.rider for one in registered}
    by_stop = {stop.stop_id: stop for stop in stops}
    days = ((direction, day_of(weekend_on, direction)) for direction in Direction)
    designated = [(direction, on, frozenset(designated_on(stops, on))) for direction, on in days]
    lines = tuple(_line(entry, by_id[entry.rider_id], by_stop, gone, designated) for entry in entries)
    return WeekendView(
        weekend_on=weekend_on,
        lines=lines,
        counts={direction: sum(entry.rides(direction) for entry in entries) for direction in Direction},
        reasons={direction: _reasons(entries, direction) for direction in Direction},
        unregistered=len(by_id) - len(gone) - sum(entry.rider_id not in gone for entry in entries),
        locks=locks,
        changed=changed,
        stops=stops,
    )


def change_entry(
    database: Database,
    weekend_on: date,
    rider_id: str,
    change: EntryChange,
    *,
    clock: Clock,
    by: By = None,
    seen: str | None = None,
) -> RosterEntry:
    """
    The rider's entry in the draft is as decided; raises Refused with every reason why it cannot be.

    ``seen`` is the mark of what the form showed: raises Conflict when the entry was changed or the
    roster locked meanwhile.
    """
    with database.transaction() as tx:
        if seen is not None:
            roster_marks.refuse_unseen(tx, weekend_on, rider_id, seen)
        registered = register_store.load_rider(tx, rider_id)
        findings = list(_change_findings(tx, weekend_on, change))
        if registered.retired_on is not None:
            facts = {"rider_id": rider_id, "retired_on": registered.retired_on}
            findings.append(Finding(code="rider_is_retired", place=rider_id, facts=facts))
        if findings:
            raise Refused("roster_change_refused", findings, rider_id=rider_id)
        entry = RosterEntry(
            rider_id=registered.rider.rider_id,
            name=registered.rider.name,
            rides_homeward=change.rides_homeward,
            rides_return=change.rides_return,
            stop_id=None if change.stop_id == registered.rider.stop_id else change.stop_id,
            reason=None if change.rides_homeward and change.rides_return else change.reason,
            note=change.note.strip(),
        )
        roster_store.open_weekend(tx, weekend_on, clock.now())
        roster_store.save_roster(tx, weekend_on, [entry])
        facts = {
            "weekend_on": weekend_on,
            "homeward": entry.rides_homeward,
            "return": entry.rides_return,
            "reason": entry.reason.value if entry.reason else "",
        }
        record_act(tx, by, "roster_changed", rider_id, facts=facts, clock=clock)
    return entry


def lock(
    database: Database,
    weekend_on: date,
    *,
    by: By,
    clock: Clock,
    approval: str = "",
    seen: str | None = None,
) -> RosterVersion:
    """
    The draft is frozen as the next version; raises Refused when that would say nothing new.

    After the first lock somebody must say why the change is allowed (``approval``). ``seen`` is the
    mark of the draft that was looked at: raises Conflict when it is another one now.
    """
    with database.transaction() as tx:
        entries = roster_store.load_roster(tx, weekend_on)
        latest = roster_store.load_latest_version(tx, weekend_on)
        if seen is not None and seen != roster_marks.of_draft(entries, latest.version if latest else 0):
            raise Conflict("roster_changed_meanwhile", weekend_on=weekend_on)
        reasons = []
        if not entries:
            reasons.append(Finding(code="roster_is_empty", facts={"weekend_on": weekend_on}))
        if latest is not None:
            if not difference(latest.entries, entries):
                reasons.append(Finding(code="roster_unchanged", facts={"version": latest.version}))
            elif not approval.strip():
                reasons.append(Finding(code="approval_needed", facts={"version": latest.version}))
        if reasons:
            raise Refused("roster_not_locked_now", reasons, weekend_on=weekend_on)
        version = RosterVersion(
            weekend_on=weekend_on,
            version=latest.version + 1 if latest else 1,
            locked_at=clock.now(),
            locked_by=user_of(by),
            entries=entries,
        )
        roster_store.lock_roster(tx, weekend_on, version, approval=approval.strip())
        facts = {"version": version.version, "approval": approval.strip()}
        record_act(tx, by, "roster_locked", weekend_on.isoformat(), facts=facts, clock=clock)
    return version


def changes_since_lock(database: Database, weekend_on: date) -> tuple[RosterChange, ...]:
    """What the draft would change of the last locked version; empty before the first lock."""
    with database.reading() as tx:
        latest = roster_store.load_latest_version(tx, weekend_on)
        draft = roster_store.load_roster(tx, weekend_on)
    return difference(latest.entries, draft) if latest else ()


def differences(database: Database, weekend_on: date, before: int, after: int) -> tuple[RosterChange, ...]:
    """What changed from one locked version to another; raises NotFound when one is not there."""
    with database.reading() as tx:
        versions = {one.version: one for one in roster_store.load_versions(tx, weekend_on)}
    for number in (before, after):
        if number not in versions:
            raise NotFound("roster_version_not_found", weekend_on=weekend_on, version=number)
    return difference(versions[before].entries, versions[after].entries)


def not_riding(view: WeekendView, direction: Direction) -> tuple[RosterLine, ...]:
    """Those on the roster who do not ride in a direction, by reason, class and name."""
    lines = (line for line in view.lines if not line.entry.rides(direction))
    return tuple(
        sorted(
            lines,
            key=lambda line: (
                line.entry.reason or NotRidingReason.UNSPECIFIED,
                line.rider.grade,
                line.rider.class_name,
                line.rider.name,
            ),
        )
    )


def read_change(form: Mapping[str, Any]) -> EntryChange:
    """A change as a form gives it; raises InvalidInput for a reason that nobody may give."""
    reason = str(form.get("reason", ""))
    try:
        given = NotRidingReason(reason) if reason else None
    except ValueError as fault:
        raise InvalidInput("reason_unknown", found=reason) from fault
    if given is not None and given not in GIVEN_REASONS:
        raise InvalidInput("reason_unknown", found=reason)
    stop_id = str(form.get("stop_id", "")).strip()
    return EntryChange(
        rides_homeward=bool(form.get("rides_homeward")),
        rides_return=bool(form.get("rides_return")),
        stop_id=StopId(stop_id) if stop_id else None,
        reason=given,
        note=str(form.get("note", "")),
    )


def _change_findings(tx: Transaction, weekend_on: date, change: EntryChange) -> Iterable[Finding]:
    if weekend_on.weekday() != FRIDAY:
        yield Finding(code="weekend_is_no_friday", facts={"on": weekend_on})
    if not (change.rides_homeward and change.rides_return) and change.reason is None:
        yield Finding(code="reason_needed", place="reason")
    if change.stop_id is None:
        return
    stops = {stop.stop_id: stop for stop in network_store.load_stops(tx)}
    stop = stops.get(change.stop_id)
    if stop is None:
        yield Finding(code="stop_unknown", place="stop_id", facts={"stop_id": change.stop_id})
        return
    for direction in Direction:
        rides = change.rides_homeward if direction is Direction.HOMEWARD else change.rides_return
        on = day_of(weekend_on, direction)
        if rides and not is_designated(stop, on):
            facts = {"stop_id": stop.stop_id, "on": on}
            yield Finding(code="not_designated", place="stop_id", facts=facts)


def _line(
    entry: RosterEntry,
    rider: Rider,
    stops: Mapping[StopId, Stop],
    gone: set[RiderId],
    designated: Sequence[tuple[Direction, date, frozenset[StopId]]],
) -> RosterLine:
    stop_id = entry.stop_id or rider.stop_id
    findings = []
    if rider.rider_id in gone:
        findings.append(_warning("rider_not_in_register", rider))
    for direction, on, usable in designated:
        if not entry.rides(direction) or stop_id in usable:
            continue
        if entry.stop_id or usable.isdisjoint(rider.other_stops):
            findings.append(_warning("rider_without_stop", rider, stop_id=stop_id, on=on))
    if entry.reason is NotRidingReason.ROSTER_UNREADABLE:
        findings.append(_warning("roster_row_unreadable", rider))
    if entry.reason in NO_REASON and not (entry.rides_homeward and entry.rides_return):
        findings.append(_warning("reason_missing", rider))
    return RosterLine(entry=entry, rider=rider, stop=stops.get(stop_id), findings=tuple(findings))


def _warning(code: str, rider: Rider, **facts: Any) -> Finding:
    known = {"rider_id": rider.rider_id, "name": rider.name}
    return Finding(code=code, severity=Severity.WARN, place=rider.rider_id, facts={**known, **facts})


def _reasons(entries: Iterable[RosterEntry], direction: Direction) -> dict[NotRidingReason, int]:
    found = Counter(
        entry.reason or NotRidingReason.UNSPECIFIED for entry in entries if not entry.rides(direction)
    )
    return {reason: found[reason] for reason in NotRidingReason if found[reason]}
