"""
Which alarms must stand in a game, told from the file and the true world.

Times are taken late rather than early: what is asked for here is due whatever the clocks of the
tablets say. Written after the rules of the field, not after the watch that is on trial.
"""

from collections.abc import Iterator

from tests.sim.game_file import Filed, ms
from tests.sim.game_world import BY_CODE, LISTED, MARKS, RIDERS, TERMINAL, World, the_plan

MINUTE_MS = 60_000
CHECK = {1: 3, 2: 5, 3: 10, 4: 15, 5: 30}
SILENCE = {1: 3, 2: 10, 3: 20}
LATE = {1: 10, 2: 20, 3: 40}
UNHEARD_MS = 20 * MINUTE_MS
HOUR_MS = 60 * MINUTE_MS
NO_SHOW_MS = 10 * MINUTE_MS
SLACK_MS = 5_000
HAND_OVER_MS = 3 * MINUTE_MS
BETWEEN = {2: 10, 3: 20}
MOVING = (*MARKS, "depart", "arrive", "void")
Need = tuple[str, int, str]  # kind, level, and what its occasion must name, or one of these by strokes


def needs(filed: Filed, world: World, between: set[str]) -> Iterator[Need]:
    """Every alarm that must stand now; nothing for a run that is over. ``between``: who is in no bus."""
    now_ms = world.clock.now_ms - SLACK_MS
    if now_ms >= ms(world.plan.arrives_at) + HOUR_MS:
        yield "run_unclosed", 2, ""
    yield from _check(filed, world, now_ms)
    yield from _silence(filed, world, now_ms)
    yield from _no_show(filed, world, now_ms)
    yield from _between_buses(filed, between, now_ms)
    yield from hand_overs(filed, world, now_ms)


def handed(filed: Filed, world: World) -> Iterator[str]:
    """The alightings after which, on the same tablet, somebody took the rider over."""
    for rider, marks in world.standing(filed.held).items():
        for each in world.deeds.values():
            is_his = each.kind == "handover" and each.rider == rider and each.event_id in filed.held
            is_after = each.dev == marks[-1].dev and each.at_ms > marks[-1].at_ms
            if is_his and is_after and "none" not in each.codes:
                yield marks[-1].event_id


def stands(filed: Filed, need: Need) -> bool:
    """Whether such an alarm is raised and nothing has ended it."""
    kind, level, about = need
    return any(
        alarm["kind"] == kind
        and alarm["level"] == level
        and alarm["state"] != "resolved"
        and (not about or set(about.split("|")) & set(alarm["occasion"].split(":")))
        for alarm in filed.alarms
    )


def _check(filed: Filed, world: World, now_ms: int) -> Iterator[Need]:
    """The ladder of the check, from the arrival, else from the silence or the hour; before them the delay."""
    reopened_ms = filed.run["reopened_ms"] or 0
    if world.proof(filed.held, reopened_ms):
        return
    arrives_ms = ms(world.plan.arrives_at)
    events = list(filed.events.values())
    levels = dict(CHECK)
    if any(each["kind"] == "arrive" and each["stop_id"] == TERMINAL for each in events):
        moved = [each for each in events if each["kind"] in MOVING or (each["kind"] == "check" and each["n"])]
        since_ms = max(each["received_ms"] for each in moved)
    else:
        levels[0] = 0
        heard_ms = max(_heard(filed).values(), default=0)
        since_ms = min(max(arrives_ms, heard_ms) + UNHEARD_MS, arrives_ms + HOUR_MS)
        if now_ms < min(since_ms, heard_ms + UNHEARD_MS) - 2 * SLACK_MS:
            yield from (
                ("run_late", level, "")
                for level, after in LATE.items()
                if now_ms >= arrives_ms + after * MINUTE_MS
            )
    for level, after in levels.items():
        if now_ms >= max(since_ms, reopened_ms) + after * MINUTE_MS:
            yield "check_overdue", level, ""


def _silence(filed: Filed, world: World, now_ms: int) -> Iterator[Need]:
    """Every tablet that has more to say and says nothing, while somebody is in the bus."""
    resolved = {each["rider_id"] for each in filed.decisions if each["kind"] == "resolved"}
    if not world.known_inside(filed.held) - resolved:
        return
    for dev, heard_ms in _heard(filed).items():
        events = filed.of(dev)
        last = events[-1] if events else {"kind": "", "seq": 0}
        if last["kind"] == "seal" or filed.is_given_up(dev, last["seq"]):
            continue
        for level, after in SILENCE.items():
            if now_ms >= heard_ms + after * MINUTE_MS:
                yield "device_silent", level, str(dev)


def _no_show(filed: Filed, world: World, now_ms: int) -> Iterator[Need]:
    """Ten minutes after the departure from the campus, while of some rider nothing at all is known."""
    gone = world.undone(filed.held)
    told = [each for each in filed.events.values() if each["kind"] in (*MARKS, "absent")]
    resolved = {each["rider_id"] for each in filed.decisions if each["kind"] == "resolved"}
    if not any(each["event_id"] not in gone for each in told):
        return
    if set(RIDERS) <= {each["rider_id"] for each in told} | resolved:
        return
    left = [each["received_ms"] for each in filed.events.values() if each["kind"] == "depart"]
    if now_ms >= max([ms(world.plan.departs_at), *left]) + NO_SHOW_MS:
        yield "no_show", 1, "@campus"


def _between_buses(filed: Filed, between: set[str], now_ms: int) -> Iterator[Need]:
    """Everybody who left for another bus and is in none: after ten minutes, and again after twenty."""
    for rider in sorted(between):
        outs = [each for each in filed.events.values() if each["kind"] == "moved_out"]
        since_ms = max(each["received_ms"] for each in outs if each["rider_id"] == rider)
        for level, after in BETWEEN.items():
            if now_ms >= since_ms + after * MINUTE_MS:
                yield "transfer_open", level, rider


def hand_overs(filed: Filed, world: World, now_ms: int) -> Iterator[Need]:
    """Who got off and must be given into somebody's hands, and was not: after three minutes, or closed."""
    resolved = {each["rider_id"] for each in filed.decisions if each["kind"] == "resolved"}
    for rider, marks in world.standing(filed.held).items():
        off = [each for each in marks if each.kind == "alight"]
        if rider not in _handed(world) or marks[-1].kind != "alight" or rider in filed.disputed | resolved:
            continue
        told = [each for each in world.deeds.values() if each.kind == "handover" and each.rider == rider]
        given = [each for each in told if each.event_id in filed.held and "none" not in each.codes]
        if all(each.dev == off[-1].dev and each.at_ms < off[-1].at_ms for each in given):
            received_ms = max(filed.events[each.event_id]["received_ms"] for each in off)
            is_nobody_there = any(each.event_id in filed.held and each.at_ms > off[-1].at_ms for each in told)
            is_gone = filed.phase == "closed"
            if is_gone or is_nobody_there or now_ms >= received_ms + HAND_OVER_MS:
                yield "handover_wait", 1, "|".join(each.event_id for each in off)


def _handed(world: World) -> set[str]:
    """Who must be given into somebody's hands: those of the run's own list, of whom it is asked there."""
    return {LISTED, BY_CODE} if world.plan.run_id == the_plan().run_id else set()


def _heard(filed: Filed) -> dict[int, int]:
    """When each tablet of the run was last heard of, with news or without."""
    heard = {dev: at_ms for dev, at_ms in filed.seen_ms.items() if dev in filed.bound}
    for each in filed.events.values():
        known_ms = max(heard.get(each["dev"], 0), filed.seen_ms.get(each["dev"], 0))
        heard[each["dev"]] = max(known_ms, each["received_ms"])
    return heard
