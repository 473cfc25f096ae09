"""
Plays simulated crews by the clock: what each crew would have tapped by now goes to the server.

It keeps nothing but the scripts: how far a tablet has come is asked of the server, so that a
restart goes on where it stopped. A run that a person has taken over is left to the person.
It enters the database only as a tablet does, through the transport.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from busops.domain.fleet import CrewRole
from busops.domain.values import Ids
from busops.services.simulated_crew import (
    Act,
    Pack,
    SimulatedDevice,
    Slips,
    Tags,
    Transport,
    close,
    script,
    send,
    stamp,
)

HTTP_OK = 200
BEAT_MS = 60_000


@dataclass(slots=True, kw_only=True)
class PlayedRun:
    """One run under simulation: its pack, what is still to be tapped, and its two tablets."""

    run_id: str
    pack: Pack
    acts: list[Act]
    devices: dict[CrewRole, SimulatedDevice]
    outbox: dict[CrewRole, list[Mapping[str, Any]]] = field(default_factory=dict)  # until acknowledged
    may_close: bool = True
    is_closed: bool = False
    reasons: tuple[Mapping[str, Any], ...] = field(default=())
    beat_ms: int = 0

    @property
    def ends_ms(self) -> int:
        """The moment of the last tap still to come, or 0."""
        return self.acts[-1].at_ms if self.acts else 0


def take_run(
    pack: Pack, tags: Tags, devices: Mapping[CrewRole, SimulatedDevice], *, slips: Slips | None = None
) -> PlayedRun:
    """A run ready to be played; taps that its tablets already sent are left out."""
    slips = slips or Slips()
    done = {role: device.seq for role, device in devices.items()}
    acts = []
    for act in script(pack, tags, slips):
        if done[act.role] > 0:
            done[act.role] -= 1
        else:
            acts.append(act)
    return PlayedRun(
        run_id=pack["run"], pack=pack, acts=acts, devices=dict(devices), may_close=slips.checks_at_all
    )


def play_until(
    runs: Iterable[PlayedRun], moment: datetime, *, transport: Transport, ids: Ids, off_ms: int = 0
) -> int:
    """
    Every tap due by ``moment`` is on the server, in one batch a tablet; the number of taps sent.

    A run that cannot be sent keeps its taps, and holds up no other; the first failure is raised
    when all have had their turn.
    """
    sent = 0
    moment_ms = int(moment.timestamp() * 1000)
    failure: OSError | None = None
    for run in runs:
        if not run.is_closed:
            try:
                sent += _play_run(run, moment_ms, transport, ids, off_ms)
                _beat(run, moment_ms, transport)
            except OSError as error:
                failure = failure or error
    if failure is not None:
        raise failure
    return sent


def keep_awake(runs: Iterable[PlayedRun], moment: datetime, *, transport: Transport) -> None:
    """Tablets that nobody taps on are heard of all the same."""
    for run in runs:
        if not run.is_closed:
            _beat(run, int(moment.timestamp() * 1000), transport)


def _beat(run: PlayedRun, moment_ms: int, transport: Transport) -> None:
    """Each tablet of the run is heard of at least once a minute, as a real one is."""
    if moment_ms - run.beat_ms >= BEAT_MS:
        for device in run.devices.values():
            send(transport, device, [], is_beat=True)
        run.beat_ms = moment_ms


def play_to_the_end(
    runs: list[PlayedRun],
    *,
    transport: Transport,
    ids: Ids,
    set_clock: Callable[[int], None],
    step_s: int = 900,
) -> None:
    """Every run is played out and closed, or carries the server's reasons against it."""
    moment_ms = min((run.acts[0].at_ms for run in runs if run.acts), default=0)
    last_ms = max((run.ends_ms for run in runs), default=0)
    while moment_ms <= last_ms + step_s * 1000:
        moment_ms += step_s * 1000
        set_clock(moment_ms)
        for run in runs:
            if not run.is_closed:
                _play_run(run, moment_ms, transport, ids, 0)


def _play_run(run: PlayedRun, moment_ms: int, transport: Transport, ids: Ids, off_ms: int) -> int:
    due = [act for act in run.acts if act.at_ms <= moment_ms]
    if not due and run.acts and not any(run.outbox.values()):
        return 0
    run.acts = run.acts[len(due) :]
    for act in due:
        device = run.devices[act.role]
        run.devices[act.role], envelope = stamp(device, act, pack=run.pack, ids=ids, off_ms=off_ms)
        run.outbox.setdefault(act.role, []).append(envelope)
    # As on a tablet: stamped once, kept until acknowledged, sent again as it was.
    for role, events in run.outbox.items():
        if events:
            send(transport, run.devices[role], events)
            run.outbox[role] = []
    if not run.acts and run.may_close:
        status, answer = close(transport, run.devices[CrewRole.DRIVER], run.run_id)
        run.is_closed = status == HTTP_OK
        run.reasons = () if run.is_closed else tuple(answer.get("reasons", ()))
    return len(due)
