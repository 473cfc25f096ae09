"""
A filled-in manifest typed by one person and confirmed by another becomes facts like any other.

While it waits, the device that will write its facts is bound to the run and not sealed, so that
neither door lets the run close. Confirmed, its facts are appended by that device with a chain of
their own; rejected, the device says only that, and is sealed.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from busops.domain import paper
from busops.domain.envelope import GENESIS, MAX_TEXT, VERSION, digest_of, parse_envelope
from busops.domain.errors import InvalidInput, Refused
from busops.domain.events import Departed, Kind, Observation
from busops.domain.findings import Finding, Severity
from busops.domain.handover import HandedBy
from busops.domain.paper import Fact, PaperCheck, PaperHandover, PaperRider, PaperStop, Sheet
from busops.domain.people import Actor
from busops.domain.roster import NotRidingReason
from busops.domain.run import Phase
from busops.domain.run_plan import RunPlan
from busops.domain.values import Clock, CrewId, Ids, RiderId, RunId
from busops.services.acting import record_act
from busops.services.departure_papers import keep_forbidden
from busops.services.handovers import is_code
from busops.services.paper_scan import Scan
from busops.services.run_state import facts_arrived
from busops.storage import (
    bound_devices,
    device_store,
    event_store,
    handover_store,
    paper_store,
    register_store,
    run_store,
)
from busops.storage.database import Database, Transaction
from busops.storage.event_store import Outcome
from busops.storage.paper_store import PaperEntry, Verdict

MOST_LINES: Final = 120
NO_CODES: Final[Mapping[RiderId, str]] = MappingProxyType({})


def type_sheet(
    database: Database,
    run_id: RunId,
    sheet: Sheet,
    scan: Scan,
    *,
    by: Actor,
    clock: Clock,
    ids: Ids,
    pickup_codes: Mapping[RiderId, str] = NO_CODES,
) -> str:
    """
    The sheet waits for a second person, and the run with it; every fault at once as InvalidInput.

    ``pickup_codes`` are the one-time codes written on it; each is compared and none is kept.
    """
    if len(sheet.riders) > MOST_LINES:
        raise InvalidInput("paper_too_long", most=MOST_LINES)
    now = clock.now()
    entry_id = ids.new()
    with database.transaction() as tx:
        run_store.lock_runs(tx, [run_id])
        plan = run_store.load_run_plan(tx, run_id)
        if run_store.load_summary(tx, run_id).phase is Phase.CANCELLED:
            raise Refused("run_over", phase=Phase.CANCELLED)
        if any(entry.verdict is None for entry in paper_store.load_entries(tx, run_id)):
            raise Refused("paper_waits_already")
        wrong = paper.faults(plan, sheet, now, _persons(tx, sheet))
        if wrong := (*wrong, *_wrong_codes(tx, run_id, sheet, pickup_codes)):
            raise InvalidInput("paper_faults", findings=wrong)
        device = device_store.enrol(tx, f"{paper.SOURCE} {run_id[-6:]}", at=now)
        bound_devices.bind_device(tx, run_id, device.dev)
        entry = PaperEntry(
            entry_id=entry_id,
            run_id=run_id,
            dev=device.dev,
            sheet=asdict(sheet),
            scan_sha256=scan.sha256,
            scan_type=scan.media_type,
            typed_by=by.user_id,
            typed_at=now,
        )
        paper_store.insert_entry(tx, entry)
        facts_arrived(tx, run_id, clock=clock, ids=ids)
        record_act(tx, by, "paper_typed", run_id, facts={"dev": device.dev}, clock=clock)
    return entry_id


def confirm(
    database: Database, entry_id: str, *, sums: tuple[int, int, int, int], by: Actor, clock: Clock, ids: Ids
) -> None:
    """
    A second person has read the sheet too, and its facts stand in the log.

    ``sums`` are the ticks 上 and 下, the absences and the hand-overs as he counted them on the scan:
    whoever only presses a button does not know them.
    """
    with database.transaction() as tx:
        entry, plan = _waiting(tx, entry_id)
        if by.user_id == entry.typed_by:
            raise Refused("same_person", crew_id=by.user_id)
        sheet = sheet_of(entry.sheet)
        if sums != sheet.sums:
            raise Refused("paper_sums_differ")
        if wrong := paper.faults(plan, sheet, clock.now(), _persons(tx, sheet)):
            raise InvalidInput("paper_faults", findings=wrong)
        writer = _Writer(plan=plan, dev=entry.dev, roster_v=sheet.roster_v, ids=ids)
        written = [*writer.write(paper.facts_of(plan, sheet)), writer.seal(sheet.attendant_id)]
        _append(tx, entry, written, clock=clock, ids=ids)
        _decide(tx, entry, Verdict.CONFIRMED, "", written, by=by, clock=clock)


def reject(database: Database, entry_id: str, *, reason: str, by: Actor, clock: Clock, ids: Ids) -> None:
    """The sheet was typed wrongly: nothing of it becomes a fact, and the run no longer waits for it."""
    text = reason.strip()[:MAX_TEXT]
    if not text:
        raise InvalidInput("reason_needed")
    with database.transaction() as tx:
        entry, plan = _waiting(tx, entry_id)
        writer = _Writer(plan=plan, dev=entry.dev, roster_v=entry.sheet["roster_v"], ids=ids)
        at_ms = round(clock.now().timestamp() * 1000)
        person = CrewId(by.user_id)
        written = [writer.note(text, person, at_ms), writer.seal(person)]
        _append(tx, entry, written, clock=clock, ids=ids)
        _decide(tx, entry, Verdict.REJECTED, text, written, by=by, clock=clock)


def sheets_of_run(database: Database, run_id: RunId) -> tuple[PaperEntry, ...]:
    """Every sheet that was typed for the run."""
    with database.reading() as tx:
        return paper_store.load_entries(tx, run_id)


def load_sheet(database: Database, entry_id: str) -> PaperEntry:
    """One typed sheet."""
    with database.reading() as tx:
        return paper_store.load_entry(tx, entry_id)


def sheet_of(kept: Any) -> Sheet:
    """A sheet as it was typed, from how it is kept."""
    lines: dict[str, Any] = {
        "stops": tuple(PaperStop(**each) for each in kept["stops"]),
        "riders": tuple(
            PaperRider(**{**each, "absence": NotRidingReason(each["absence"]) if each["absence"] else None})
            for each in kept["riders"]
        ),
    }
    for name in ("attendant_check", "driver_check", "parked"):
        check = kept[name]
        lines[name] = (
            PaperCheck(at_min=check["at_min"], codes=tuple(check["codes"])) if check is not None else None
        )
    lines["handovers"] = tuple(
        PaperHandover(**{**each, "how": HandedBy(each["how"])}) for each in kept.get("handovers", ())
    )
    return Sheet(**{**kept, **lines})


class _Writer:
    """Writes the facts of one sheet as its device: numbers, chain and clock of their own."""

    def __init__(self, *, plan: RunPlan, dev: int, roster_v: int, ids: Ids) -> None:
        self.plan = plan
        self.dev = dev
        self.roster_v = roster_v
        self.ids = ids
        self.boot = ids.new()
        self.seq = 0
        self.prev = GENESIS
        self.at_ms = 0
        self.started_ms: int | None = None

    def write(self, facts: Iterable[Fact]) -> Iterator[Observation]:
        """Each fact as the device's next event."""
        for fact in facts:
            at_ms = _ms(paper.moment_of(self.plan, fact.at_min))
            own = {
                "rider": fact.rider,
                "stop": fact.stop,
                "n": fact.n,
                "codes": list(fact.codes),
                "reason": fact.reason.value if fact.reason else None,
            }
            yield self._event(fact.kind, fact.by, at_ms, own)

    def note(self, text: str, by: CrewId, at_ms: int) -> Observation:
        """Words instead of facts."""
        return self._event(Kind.NOTE, by, at_ms, {"text": text})

    def seal(self, by: CrewId) -> Observation:
        """Nothing comes after this."""
        return self._event(Kind.SEAL, by, self.at_ms, {"n": self.seq + 1})

    def _event(self, kind: Kind, by: CrewId, at_ms: int, own: dict[str, Any]) -> Observation:
        self.seq += 1
        self.at_ms = at_ms
        if self.started_ms is None:
            self.started_ms = at_ms
        envelope: dict[str, Any] = {
            "v": VERSION,
            "kind": kind.value,
            "id": self.ids.new(),
            "dev": self.dev,
            "seq": self.seq,
            "prev": self.prev,
            "run": self.plan.run_id,
            "roster_v": self.roster_v,
            "refs": [],
            "wall_ms": at_ms,
            "boot": self.boot,
            "mono_ms": at_ms - self.started_ms,
            "off_ms": 0,
            "off_age_ms": paper.OFFSET_AGE_MS,
            "by": by,
            "app": paper.SOURCE,
        }
        blank = dict.fromkeys(("rider", "stop", "n", "reason", "text", "lat6", "lon6", "acc"))
        whole = {**blank, "codes": [], **envelope, **own}
        self.prev = digest_of(whole)
        return parse_envelope(whole)


def _waiting(tx: Transaction, entry_id: str) -> tuple[PaperEntry, RunPlan]:
    """The sheet, which nobody has decided on, under its run's lock."""
    entry = paper_store.load_entry(tx, entry_id)
    run_store.lock_runs(tx, [entry.run_id])
    entry = paper_store.load_entry(tx, entry_id)
    if entry.verdict is not None:
        raise Refused("paper_decided_already")
    return entry, run_store.load_run_plan(tx, entry.run_id)


def _persons(tx: Transaction, sheet: Sheet) -> Mapping[RiderId, frozenset[int]]:
    """The numbers of those who may fetch each rider that was handed over."""
    wanted = {each.rider_id for each in sheet.handovers}
    if not wanted:
        return {}
    riders = register_store.load_riders(tx, include_retired=True)
    return {r.rider_id: frozenset(one.no for one in r.persons) for r in riders if r.rider_id in wanted}


def _wrong_codes(
    tx: Transaction, run_id: RunId, sheet: Sheet, typed: Mapping[RiderId, str]
) -> Iterator[Finding]:
    """Who was handed over by a code that is not the rider's on this run."""
    kept = {code.rider_id: code for code in handover_store.load_codes(tx, run_id)}
    for each in sheet.handovers:
        if each.how is HandedBy.CODE and not is_code(kept.get(each.rider_id), typed.get(each.rider_id, "")):
            facts = {"rider_id": each.rider_id}
            yield Finding(code="paper_code_wrong", severity=Severity.BLOCK, place=each.rider_id, facts=facts)


def _append(
    tx: Transaction, entry: PaperEntry, written: Iterable[Observation], *, clock: Clock, ids: Ids
) -> None:
    left = []
    for event in written:
        answer = event_store.append(tx, event, received_at=clock.now(), quarantine_id=ids.new())
        if answer.outcome is not Outcome.STORED:
            raise Refused("paper_not_stored", why=answer.why or answer.outcome.value)
        if isinstance(event, Departed):
            left.append(event)
    if left:
        keep_forbidden(tx, entry.run_id, left, clock=clock, ids=ids)
    facts_arrived(tx, entry.run_id, clock=clock, ids=ids)


def _decide(
    tx: Transaction,
    entry: PaperEntry,
    verdict: Verdict,
    note: str,
    written: Iterable[Observation],
    *,
    by: Actor,
    clock: Clock,
) -> None:
    event_ids = tuple(event.event_id for event in written)
    paper_store.insert_verdict(
        tx, entry.entry_id, verdict, note=note, event_ids=event_ids, by=by.user_id, at=clock.now()
    )
    facts = {"dev": entry.dev, "reason": note, "taken": len(event_ids)}
    record_act(tx, by, f"paper_{verdict.value}", entry.run_id, facts=facts, clock=clock)


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
