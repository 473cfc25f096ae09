"""Rosters: who rides which way, and what changed from one version to the next."""

from busops.domain.roster import NotRidingReason, RosterEntry, difference
from busops.domain.values import Direction


def entry(rider_id: str, **own: object) -> RosterEntry:
    """A rider who rides both ways unless told otherwise."""
    return RosterEntry(
        **{"rider_id": rider_id, "name": "甲", "rides_homeward": True, "rides_return": True} | own
    )


def test_an_entry_knows_each_way_by_itself() -> None:
    """Home by bus and back by car is one entry."""
    one_way = entry("r1", rides_return=False, reason=NotRidingReason.GUARDIAN_PICKUP)
    assert one_way.rides(Direction.HOMEWARD)
    assert not one_way.rides(Direction.RETURN)


def test_the_difference_names_who_came_went_and_changed_and_nobody_else() -> None:
    """By rider, in order; equal rosters have none."""
    before = [entry("r1"), entry("r2"), entry("r3")]
    after = [entry("r4"), entry("r2", stop_id="S2"), entry("r1")]
    changes = difference(before, after)
    assert [(each.rider_id, each.before is None, each.after is None) for each in changes] == [
        ("r2", False, False),
        ("r3", False, True),
        ("r4", True, False),
    ]
    assert difference(before, reversed(before)) == ()
