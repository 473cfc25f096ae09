"""
Overrides: what one person asks for and a second one of another role lets pass, in ten minutes.

An override lets a gate pass that the rules allow to pass. It is not the disposition of what has
happened: who writes down what came of an overload did not allow it, and nobody can.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from busops.domain.findings import Finding, Severity
from busops.domain.people import Role
from busops.domain.run import RunState
from busops.domain.values import RunId

VALID_MS: Final = 10 * 60_000  # between asking and agreeing at most; a school's policy may ask for less
APPROVERS: Final = frozenset({Role.SUPERVISOR, Role.ADMIN})
ASKERS: Final = frozenset({Role.DISPATCHER, Role.ADMIN})


class OverrideKind(StrEnum):
    """The gates that two people may let pass."""

    COUNT = "count"
    NO_SHOW = "no_show"
    LIST = "list"
    STRANGER = "stranger"
    UNCLOSED = "unclosed"
    EVIDENCE = "evidence"
    SWAP = "swap"
    DEVICE = "device"
    ADMISSION = "admission"


GATES: Final[Mapping[str, OverrideKind]] = MappingProxyType(
    {
        "departed_without_count": OverrideKind.COUNT,
        "head_count_differs": OverrideKind.COUNT,
        "departed_without_riders": OverrideKind.NO_SHOW,
        "rider_missing": OverrideKind.NO_SHOW,
        "departed_without_ack": OverrideKind.LIST,
        "removed_underway": OverrideKind.LIST,
        "not_of_crew": OverrideKind.STRANGER,
        "run_unclosed": OverrideKind.UNCLOSED,
        "check_without_photo": OverrideKind.EVIDENCE,
        "check_without_sensor": OverrideKind.EVIDENCE,
        "third_swap": OverrideKind.SWAP,
        "device_lost": OverrideKind.DEVICE,
        "kept_apart": OverrideKind.ADMISSION,
    }
)
"""The findings that hold a run until somebody overrides them, and which gate each of them is."""

APPROVERS_OF: Final[Mapping[OverrideKind, frozenset[Role]]] = MappingProxyType(
    {
        kind: frozenset({Role.SUPERVISOR}) if kind is OverrideKind.DEVICE else APPROVERS
        for kind in OverrideKind
    }
)
"""Who may agree to what: a lost tablet takes part of the record with it, and is the supervisor's alone."""

NEVER: Final = frozenset(
    {
        "over_students", "over_persons",
        "departed_forbidden", "departed_without_precheck", "vehicle_defect_open",
        "no_attendant_of_record", "same_person",
        "rider_aboard", "rider_disputed", "rider_unaccounted", "absent_without_reason",
        "off_stop_alight", "off_stop_board",
    }
)  # fmt: skip
"""What nobody lets pass (domain §5.6): asked for, it is refused; when it has happened, it is an incident."""


class OverrideReason(StrEnum):
    """Why the gate may pass; the words beside it say the rest."""

    COUNTED_AGAIN = "counted_again"
    CREW_CONFIRMED = "crew_confirmed"
    GUARDIAN_CONFIRMED = "guardian_confirmed"
    SCHOOL_CONFIRMED = "school_confirmed"
    STOOD_IN = "stood_in"
    TABLET_FAULT = "tablet_fault"
    TABLET_LOST = "tablet_lost"
    ROAD_OR_POLICE = "road_or_police"
    TAG_DAMAGED = "tag_damaged"
    VEHICLE_FAULT = "vehicle_fault"


class OverrideVerdict(StrEnum):
    """What the second person said."""

    APPROVED = "approved"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """
    What was asked, by whom in which role, and what the second person said; None while it waits.

    ``searched_by`` is who has walked through the bus of a lost tablet and said so himself; ``records``
    are those that were kept apart and are to be facts of the run.
    """

    override_id: str
    run_id: RunId
    kind: OverrideKind
    finding_key: str
    reason: OverrideReason
    note: str
    asked_by: str
    asked_role: Role
    asked_ms: int
    verdict: OverrideVerdict | None = None
    decided_by: str = ""
    decided_role: Role | None = None
    decided_ms: int | None = None
    valid_ms: int = VALID_MS
    searched_by: str = ""
    searched_ms: int | None = None
    records: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """What of the run it is about: of a lost tablet its number."""
        return self.finding_key.partition(":")[2]

    def waits(self, now_ms: int) -> bool:
        """Whether somebody may still agree."""
        return self.verdict is None and now_ms - self.asked_ms <= self.valid_ms


def lost_devices(state: RunState) -> tuple[Finding, ...]:
    """The tablets of a run that are still waited for and may be given up as lost."""
    return tuple(
        Finding(code="device_lost", severity=Severity.GATE, place=str(dev), facts={"dev": dev})
        for dev, device in state.devices.items()
        if not device.is_released and (device.has_gap or not device.is_sealed)
    )


def admission(records: Iterable[str]) -> Finding:
    """What two people are asked to take in: named by all the records it is about."""
    named = hashlib.sha256("\n".join(sorted(set(records))).encode()).hexdigest()[:32]
    return Finding(code="kept_apart", severity=Severity.GATE, place=named)


def reasons_not_to_ask(finding: Finding | None, key: str, role: Role) -> tuple[Finding, ...]:
    """Why nobody may ask to let this pass; empty when he may."""
    if finding is None:
        return (Finding(code="override_nothing_open", place=key),)
    if finding.code in NEVER or finding.code not in GATES or finding.severity is not Severity.GATE:
        return (Finding(code="override_never", place=key, facts={"what": finding}),)
    return () if role in ASKERS else (Finding(code="override_not_asker", place=key),)


def reasons_not_to_search(asked: Override, now_ms: int) -> tuple[Finding, ...]:
    """Why nobody's word that the bus was searched counts now; who may say so is asked elsewhere."""
    return tuple(_against_search(asked, now_ms))


def reasons_not_to_decide(
    asked: Override, by: str, role: Role, now_ms: int, *, approves: bool
) -> tuple[Finding, ...]:
    """Why this person may not agree now, or refuse: every reason at once. To refuse takes no search."""
    reasons = tuple(_against_decision(asked, by, role, now_ms))
    unsearched = approves and asked.kind is OverrideKind.DEVICE and not asked.searched_by
    return (
        *reasons,
        *((Finding(code="override_not_searched", place=asked.override_id),) if unsearched else ()),
    )


def counted(overrides: Iterable[Override]) -> Mapping[OverrideKind, int]:
    """How often each gate was let pass."""
    passed = [each.kind for each in overrides if each.verdict is OverrideVerdict.APPROVED]
    return {kind: passed.count(kind) for kind in OverrideKind}


def _against_search(asked: Override, now_ms: int) -> Iterator[Finding]:
    place = asked.override_id
    if asked.kind is not OverrideKind.DEVICE:
        yield Finding(code="override_no_search", place=place)
    if asked.verdict is not None:
        yield Finding(code="override_decided", place=place)
    if asked.searched_by:
        yield Finding(code="override_searched", place=place)
    yield from _in_time(asked, now_ms)


def _in_time(asked: Override, now_ms: int) -> Iterator[Finding]:
    if not 0 <= now_ms - asked.asked_ms <= asked.valid_ms:
        minutes = asked.valid_ms // 60_000
        yield Finding(code="override_expired", place=asked.override_id, facts={"minutes": minutes})


def _against_decision(asked: Override, by: str, role: Role, now_ms: int) -> Iterator[Finding]:
    if asked.verdict is not None:
        yield Finding(code="override_decided", place=asked.override_id)
    if by in (asked.asked_by, asked.searched_by):
        yield Finding(code="override_same_person", place=asked.override_id)
    if role is asked.asked_role:
        yield Finding(code="override_same_role", place=asked.override_id)
    if role not in APPROVERS_OF[asked.kind]:
        yield Finding(code="override_not_approver", place=asked.override_id)
    yield from _in_time(asked, now_ms)
