"""
The gate: every reason, at once, why a run may not be closed.

The only door to "closed" in the domain; the database holds a second one of its own. There
is no way around it: a reason goes away by an event with time, place and actor, or by two
people who look into it by name.
"""

from collections.abc import Iterator

from busops.domain.findings import Finding, Severity, blocking
from busops.domain.fleet import CrewRole
from busops.domain.roster import NotRidingReason
from busops.domain.run import Phase, RunState
from busops.domain.whereabouts import RiderState


def reasons_not_to_close(state: RunState) -> tuple[Finding, ...]:
    """Why this run may not be closed now; empty when it may. Asks for every condition, none is skipped."""
    return (
        *_phase(state),
        *_riders(state),
        *_counts(state),
        *_crew(state),
        *_checks(state),
        *_devices(state),
        *_open_questions(state),
    )


def reasons_not_to_cancel(state: RunState) -> tuple[Finding, ...]:
    """Why this run may not be cancelled: somebody was aboard, the bus has left, or it is over."""
    if state.phase in (Phase.CLOSED, Phase.CANCELLED):
        return (_block("run_over", phase=state.phase),)
    if ridden := state.boarded_ever | {each.rider_id for each in state.accounts.values() if each.was_marked}:
        return tuple(
            _block("somebody_was_aboard", rider_id, rider_id=rider_id) for rider_id in sorted(ridden)
        )
    if state.phase is not Phase.READY:
        return (_block("bus_has_left"),)
    return (_block("quarantine_open", count=state.quarantined),) if state.quarantined else ()


def _phase(state: RunState) -> Iterator[Finding]:
    if state.phase in (Phase.CLOSED, Phase.CANCELLED):
        yield _block("run_over", phase=state.phase)
    elif state.arrived_ms is None:
        yield _block("not_arrived", state.plan.terminal, stop_id=state.plan.terminal)


def _riders(state: RunState) -> Iterator[Finding]:
    for rider_id, account in state.accounts.items():
        rider = state.plan.riders.get(rider_id)
        facts = {"rider_id": rider_id, "stop_id": rider.stop_id if rider else "–"}
        match account.state:
            case RiderState.ABOARD:
                yield _block("rider_aboard", rider_id, **facts)
            case RiderState.DISPUTED:
                yield _block("rider_disputed", rider_id, **facts)
            case RiderState.EXPECTED:
                yield _block("rider_unaccounted", rider_id, **facts)
            case RiderState.ABSENT if account.reason in (None, NotRidingReason.UNSPECIFIED):
                yield _block("absent_without_reason", rider_id, **facts)
            case RiderState.ABSENT | RiderState.OFF:
                pass
        if account.moves_to is not None:
            run_name = state.run_names.get(account.moves_to, account.moves_to)
            yield _block("transfer_open", rider_id, rider_id=rider_id, run_name=run_name)


def _counts(state: RunState) -> Iterator[Finding]:
    """Every last count at the terminal says zero; where order is not certain there is more than one."""
    for count in state.open_counts:
        yield _block("final_count_not_zero", count.event_id, n=count.n)


def _crew(state: RunState) -> Iterator[Finding]:
    if state.plan.driver_id in state.plan.attendant_ids:
        yield _block("same_person", state.plan.driver_id, crew_id=state.plan.driver_id)
    if not state.plan.attendant_ids:
        yield _block("no_attendant_of_record", state.plan.plate, plate=state.plan.plate)


def _checks(state: RunState) -> Iterator[Finding]:
    checks = state.checks
    for role, check in ((CrewRole.ATTENDANT, checks.attendant), (CrewRole.DRIVER, checks.driver)):
        if check is None:
            yield _block(f"no_{role.value.lower()}_check", rows=_rows(state, role))
    if checks.attendant is not None and checks.driver is not None and checks.attendant.by == checks.driver.by:
        yield _block("same_person", checks.driver.by, crew_id=checks.driver.by)
    if checks.parked is None:
        yield _block("not_parked")


def _rows(state: RunState, role: CrewRole) -> list[int]:
    return list(state.plan.asked_rows[role])


def _devices(state: RunState) -> Iterator[Finding]:
    for dev, device in state.devices.items():
        if device.is_released:
            continue
        if device.has_gap:
            yield _block("device_gap", str(dev), dev=dev, missing_seq=device.complete_to + 1)
        if not device.is_sealed:
            yield _block("device_unsealed", str(dev), dev=dev)


def _open_questions(state: RunState) -> Iterator[Finding]:
    for finding in blocking(state.open_findings):
        facts = {**finding.facts, "finding": finding.code, "finding_key": finding.key, "what": finding}
        yield _block("finding_open", finding.key, **facts)
    if state.quarantined:
        yield _block("quarantine_open", count=state.quarantined)


def _block(code: str, place: str = "", **facts: object) -> Finding:
    return Finding(code=code, severity=Severity.BLOCK, place=place, facts=facts)
