"""
Alarms for what people still owe a run in words: the reports of an incident, the sheet of a paper run.

An incident is told inside the school first, and a grave one to the authorities within the hour. A
run that no tablet tells of is on paper: its sheet is typed and confirmed within two hours of its
planned end. What is owed of an incident is owed after the close too. Pure rules beside
``due_alarms.py``; what ends an alarm is said here too.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from busops.domain.due_alarms import OVER, Due, Watched, moment_of
from busops.domain.incidents import Incident

INCIDENT_REPORT: Final = "incident_report"
INCIDENT_AUTHORITY: Final = "incident_authority"
PAPER_ENTRY: Final = "paper_entry"
KINDS: Final = (INCIDENT_REPORT, INCIDENT_AUTHORITY, PAPER_ENTRY)
REMEMBERED: Final = timedelta(days=1)  # how long the watch looks at an incident of a run that is over


def due_tellings(run: Watched, incidents: Sequence[Incident], *, waits: bool, now: datetime) -> Iterator[Due]:
    """What should have been told of the run by ``now``; ``waits`` when a typed sheet has no second reader."""
    for each in incidents:
        opened_at = moment_of(each.opened_ms)
        if each.owes_report and now >= moment_of(each.report_due_ms):
            yield Due(kind=INCIDENT_REPORT, level=2, occasion=each.incident_id, since_at=opened_at)
        if each.owes_authority and now >= moment_of(each.authority_due_ms):
            yield Due(kind=INCIDENT_AUTHORITY, level=3, occasion=each.incident_id, since_at=opened_at)
    ended_at = run.state.plan.arrives_at
    if (
        run.state.phase not in OVER
        and now >= ended_at + timedelta(minutes=run.policy.paper_min)
        and _is_on_paper(run, waits=waits, now=now)
    ):
        yield Due(kind=PAPER_ENTRY, level=2, occasion=run.turn, since_at=ended_at)


def told_by(
    run: Watched, incidents: Sequence[Incident], kind: str, occasion: str, *, waits: bool, now: datetime
) -> str | None:
    """The evidence that what was owed was told, or None while it is not."""
    if kind == PAPER_ENTRY and not _is_on_paper(run, waits=waits, now=now):
        return "paper_entered"
    about = next((each for each in incidents if each.incident_id == occasion), None)
    if about is not None and (
        (kind == INCIDENT_REPORT and not about.owes_report)
        or (kind == INCIDENT_AUTHORITY and not about.owes_authority)
    ):
        return "incident_told"
    return None


def _is_on_paper(run: Watched, *, waits: bool, now: datetime) -> bool:
    """Whether paper is the only witness: a sheet waits, or no tablet tells of the arrival or is heard."""
    heard_at = run.heard_at
    is_silent = heard_at is None or now >= heard_at + run.dead_man
    return waits or (run.state.arrived_ms is None and is_silent)
