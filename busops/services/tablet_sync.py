"""
What a tablet sends and gets: batches of events in, packs and news out.

A fact is never refused: it is stored, or kept in quarantine with its reason, and every event
of a batch gets its own answer, so that a poisoned one never blocks those behind it. What the
facts add up to is the domain's to say; who may speak for a device is ``devices.py``'s.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from busops.domain.envelope import read_envelope
from busops.domain.errors import BusopsError, InvalidInput
from busops.domain.events import Departed, MovedIn, MovedOut, Observation
from busops.domain.run import Phase, RunState
from busops.domain.values import Clock, CrewId, Ids, RunId
from busops.services import device_keys, devices
from busops.services.crew_runs import runs_of_crew
from busops.services.departure_papers import keep_forbidden
from busops.services.device_keys import Vouched
from busops.services.devices import Holder
from busops.services.run_state import facts_arrived
from busops.services.tablet_pack import news, pack
from busops.storage import alarm_store, bound_devices, device_store, event_store, held_events, run_store
from busops.storage.alarm_store import Alarm, AlarmState
from busops.storage.database import Database, Transaction
from busops.storage.event_store import Appended, Intake, Outcome
from busops.storage.run_records import Recall, RunMemory

__all__ = [
    "BatchResult",
    "accept_batch",
    "depth_of",
    "keep_unreadable",
    "news",
    "pack",
    "read_batch",
    "runs_of_crew",
]

MOST_EVENTS: Final = 200
MOST_BYTES: Final = 256 * 1024
MOST_DEPTH: Final = 4
EVENT_DEPTH: Final = MOST_DEPTH - 2  # what the body and its list leave to one event
OLDEST_APP: Final = "0.1.0"
ALARM_LEVEL: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchResult:
    """One answer an event, in their order; up to where the device is complete; the server's time."""

    results: tuple[Appended, ...]
    ack: int
    ack_h: str
    now_ms: int
    directives: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sent:
    """One event of a batch: what it says, or why it says nothing."""

    raw: Mapping[str, Any]
    observation: Observation | None
    spelt: str = ""  # its canonical form, where it is an observation
    why: str | None = None
    unsigned: str | None = None  # why the device's key does not vouch for it

    @property
    def event_id(self) -> str:
        """The id it claims, for the answer."""
        claimed = self.raw.get("id")
        return _storable(str(claimed)[:64]) if claimed else ""


def accept_batch(
    database: Database,
    *,
    holder: Holder,
    body: Mapping[str, Any],
    clock: Clock,
    ids: Ids,
    memory: RunMemory | None = None,
) -> BatchResult:
    """
    Every event of the batch is stored or in quarantine, once, and the runs it touches are folded.

    ``memory`` is what this process remembers of the runs under way. Raises InvalidInput only when the
    batch itself cannot be read; then nothing has happened.
    """
    sent = read_batch(body)
    now = clock.now()
    recall = Recall(memory)
    with database.transaction() as tx:
        named = [each.observation.run_id for each in sent if each.observation is not None]
        moves = (each.observation for each in sent if isinstance(each.observation, MovedIn | MovedOut))
        known = run_store.locked_phases(tx, [*named, *(each.other_run_id for each in moves)])
        device, people = device_store.load_with_people(tx, holder.dev)
        vouched = device_keys.vouched(body, dev=holder.dev, public_key=device.public_key)
        # It may have been given up or frozen since the door let it in.
        holder = replace(holder, is_trusted=holder.is_trusted and device.is_sound)
        desk = _Desk(tx=tx, holder=holder, runs=known, people=people, recall=recall, now=now, ids=ids)
        results = desk.take_all(_signed(sent, vouched))
        desk.call_for_help()
        states = {}
        for run_id in sorted(desk.touched):
            if left := [each for each in desk.departures if each.run_id == run_id]:
                keep_forbidden(tx, run_id, left, clock=clock, ids=ids, recall=recall)
            states[run_id] = facts_arrived(tx, run_id, clock=clock, ids=ids, recall=recall)
        devices.hear_from(tx, device, at=now, app=_app(sent))
        reached = _reached(states.values(), holder.dev)
        ack = held_events.ack_of(tx, holder.dev, reached=reached, digests=_in_log(sent, results))
        directives = _directives(tx, sent, known, states)
    recall.keep()
    return BatchResult(results=results, ack=ack.seq, ack_h=ack.digest, now_ms=_ms(now), directives=directives)


def read_batch(body: Any) -> tuple[_Sent, ...]:
    """The events of a body, each parsed or with the code of what is wrong with it."""
    events = body.get("events") if isinstance(body, Mapping) else None
    if not isinstance(events, list):
        raise InvalidInput("batch_unreadable")
    if len(events) > MOST_EVENTS:
        raise InvalidInput("batch_too_long", most=MOST_EVENTS, found=len(events))
    return tuple(_read(each) for each in events)


def depth_of(value: Any) -> int:
    """How deep lists and objects are nested: 0 for a plain value; stops counting beyond the limit."""
    level, depth = [value], 0
    while depth <= MOST_DEPTH:
        nested = [each for each in level if isinstance(each, (Mapping, list))]
        if not nested:
            return depth
        level = [child for each in nested for child in (each.values() if isinstance(each, Mapping) else each)]
        depth += 1
    return depth


def keep_unreadable(database: Database, *, holder: Holder, raw: bytes, clock: Clock, ids: Ids) -> str:
    """A body that is no batch waits in quarantine for a person; the hash of what was sent."""
    text = raw[:MOST_BYTES].decode("utf-8", "backslashreplace").replace("\x00", "")
    with database.transaction() as tx:
        event_store.keep_in_quarantine(
            tx,
            raw=text,
            why="batch_unreadable",
            received_at=clock.now(),
            quarantine_id=ids.new(),
            dev=holder.dev,
        )
    return hashlib.sha256(raw).hexdigest()


class _Desk:
    """Takes the events of one batch, one after another, inside one transaction."""

    def __init__(
        self,
        *,
        tx: Transaction,
        holder: Holder,
        runs: Mapping[RunId, Phase],
        people: frozenset[CrewId],
        recall: Recall,
        now: datetime,
        ids: Ids,
    ) -> None:
        self.tx = tx
        self.holder = holder
        self.runs = runs
        self.people = people
        self.recall = recall
        self.now = now
        self.ids = ids
        self.touched: set[RunId] = set()
        self.bound: set[RunId] = set()
        self.departures: list[Departed] = []
        self.calls: set[tuple[str, RunId]] = set()
        self.is_frozen = not holder.is_trusted

    def take_all(self, sent: Iterable[_Sent]) -> tuple[Appended, ...]:
        """Every event is in the log or in quarantine; their answers."""
        batch = tuple(sent)
        told = (each.observation for each in batch if each.observation is not None)
        own = [each for each in told if each.dev == self.holder.dev]
        over = {run_id for run_id, phase in self.runs.items() if phase in (Phase.CLOSED, Phase.CANCELLED)}
        intake = Intake(self.tx, own, received_at=self.now, over=over)
        answers = intake.written([self._take(each, intake) for each in batch])
        self.recall.wrote(intake.stored)
        return answers

    def _take(self, sent: _Sent, intake: Intake) -> Appended:
        observation = sent.observation
        if observation is None:
            return self._keep_apart(sent, sent.why or "unreadable")
        if sent.unsigned is not None:
            return self._keep_apart(sent, sent.unsigned)
        if why := self._mistrust(observation):
            return self._keep_apart(sent, why)
        appended = intake.take(observation, sent.raw, raw=sent.spelt, quarantine_id=self.ids.new())
        self.touched.add(observation.run_id)
        if appended.outcome is Outcome.STORED and observation.run_id not in self.bound:
            self._bind(observation.run_id)
        if appended.outcome is Outcome.STORED and isinstance(observation, Departed):
            self.departures.append(observation)
        if appended.outcome is Outcome.FORK:
            device_store.freeze(self.tx, observation.dev)
            self.is_frozen = True
            self.calls.add(("device_forked", observation.run_id))
        return appended

    def _bind(self, run_id: RunId) -> None:
        """The run waits for this device from now on; a device that is bound is so for good."""
        known = self.recall.known(run_id)
        if known is None or self.holder.dev not in known.plan.devices:
            bound_devices.bind_device(self.tx, run_id, self.holder.dev)
        self.bound.add(run_id)

    def call_for_help(self) -> None:
        """The office is told at once of a second history and of what the device's key does not vouch for."""
        for kind, run_id in sorted(self.calls):
            alarm = Alarm(
                alarm_id=self.ids.new(),
                run_id=run_id,
                kind=kind,
                level=ALARM_LEVEL,
                occasion=str(self.holder.dev),
                state=AlarmState.RAISED,
                raised_at=self.now,
            )
            alarm_store.raise_alarm(self.tx, alarm)

    def _mistrust(self, observation: Observation) -> str | None:
        if self.is_frozen:
            return "device_not_trusted"
        if observation.dev != self.holder.dev:
            return "other_device"
        if observation.run_id not in self.runs:
            return "unknown_run"
        return None if observation.by in self.people else "person_not_on_device"

    def _keep_apart(self, sent: _Sent, why: str) -> Appended:
        # What names another device claims nothing: it must not fill that device's numbers.
        is_own = sent.observation is not None and sent.observation.dev == self.holder.dev
        if is_own and sent.unsigned and sent.observation and sent.observation.run_id in self.runs:
            self.calls.add(("device_unsigned", sent.observation.run_id))
        kept = event_store.keep_in_quarantine(
            self.tx,
            raw=_spelt(sent.raw),
            why=why,
            received_at=self.now,
            quarantine_id=self.ids.new(),
            claimed=sent.observation if is_own else None,
            dev=self.holder.dev,
            # Anybody with the token could have sent it: the tablet's own event with that number may yet come.
            fills_number=sent.unsigned is None,
        )
        if is_own and sent.observation is not None and sent.observation.run_id in self.runs:
            self.touched.add(sent.observation.run_id)
        return Appended(event_id=sent.event_id, outcome=kept.outcome, why=why)


def _signed(sent: Sequence[_Sent], vouched: Vouched) -> Iterable[_Sent]:
    """Each event with why the device's key does not vouch for it, if so."""
    for place, each in enumerate(sent):
        digest = each.observation.digest if each.observation else None
        why = vouched.against(place, each.raw, digest=digest)
        yield each if why is None else replace(each, unsigned=why)


def _read(raw: Any) -> _Sent:
    if depth_of(raw) > EVENT_DEPTH:
        kept = raw if isinstance(raw, Mapping) else {"unreadable": raw}
        return _Sent(raw=kept, observation=None, why="event_too_deep")
    try:
        observation, spelt = read_envelope(raw)
        return _Sent(raw=raw, observation=observation, spelt=spelt)
    except InvalidInput as fault:
        kept = raw if isinstance(raw, Mapping) else {"unreadable": raw}
        return _Sent(raw=kept, observation=None, why=fault.code)
    except (BusopsError, ValueError, TypeError):
        return _Sent(raw={"unreadable": str(raw)[:MOST_BYTES]}, observation=None, why="unreadable")


def _spelt(raw: Mapping[str, Any]) -> str:
    """One spelling of whatever was sent, even of what no envelope may hold, such as NaN."""
    return _storable(json.dumps(raw, sort_keys=True, separators=(",", ":"), ensure_ascii=False))


def _storable(text: str) -> str:
    """The text with half characters spelt out: neither a database nor an answer can carry them."""
    return text.encode("utf-8", "backslashreplace").decode()


def _app(sent: Sequence[_Sent]) -> str:
    return next((each.observation.app for each in reversed(sent) if each.observation), "")


def _reached(states: Iterable[RunState], dev: int) -> int | None:
    """Up to where the device is complete, over all its runs, where a fold has asked for it just now."""
    mine = (state.devices[dev] for state in states if dev in state.devices)
    # A tablet that has only fetched a run's list has no fact of it to count from.
    return next((device.complete_to for device in mine if device.last_seq), None)


def _in_log(sent: Iterable[_Sent], results: Iterable[Appended]) -> dict[int, str]:
    """The hashes of those events of the batch that stand in the log, by their numbers."""
    in_log = (Outcome.STORED, Outcome.DUPLICATE)
    return {
        each.observation.seq: each.observation.digest
        for each, result in zip(sent, results, strict=True)
        if each.observation is not None and result.outcome in in_log
    }


def _directives(
    tx: Transaction, sent: Iterable[_Sent], known: Collection[RunId], states: Mapping[RunId, RunState]
) -> tuple[Mapping[str, Any], ...]:
    """What the tablet should do: fetch the list again where its manifest is old."""
    held: dict[RunId, int] = {}
    for each in sent:
        if each.observation and each.observation.run_id in known:
            run_id = each.observation.run_id
            held[run_id] = max(held.get(run_id, 0), each.observation.roster_v)
    newest = {run_id: state.plan.roster_v for run_id, state in states.items()}
    if unfolded := held.keys() - newest.keys():
        newest |= run_store.roster_versions(tx, unfolded)
    return tuple(
        {"do": "reload_pack", "run": run_id}
        for run_id, version in sorted(held.items())
        if newest[run_id] > version
    )


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
