"""Designated stops and approved lines: lawful on which days, in which order."""

from dataclasses import replace
from datetime import date

import pytest

from busops.domain.network import ApprovedLine, LineStop, Stop, StopKind, designated_on, is_designated
from busops.domain.values import Position

STOP = Stop(
    stop_id="S1",
    name="一号站",
    position=Position(lat=31.1, lon=104.4),
    kind=StopKind.SCHOOL_BUS_STOP,
    designated_from=date(2026, 3, 1),
    designated_to=date(2026, 3, 31),
    radius_m=60,
    band="A",
)


@pytest.mark.parametrize(
    ("on", "lawful"),
    [
        (date(2026, 2, 28), False),
        (date(2026, 3, 1), True),
        (date(2026, 3, 31), True),
        (date(2026, 4, 1), False),
    ],
)
def test_a_stop_is_designated_from_its_first_day_to_its_last(on: date, lawful: bool) -> None:
    """Both days included."""
    assert is_designated(STOP, on) is lawful


def test_without_an_end_a_stop_stays_designated() -> None:
    """And only the lawful ones are given for a day."""
    open_ended = replace(STOP, stop_id="S2", designated_to=None)
    assert set(designated_on([STOP, open_ended], date(2026, 12, 1))) == {"S2"}


def test_a_line_has_its_stops_in_approved_order() -> None:
    """As approved, times or not."""
    stops = tuple(LineStop(seq=seq, stop_id=f"S{seq}", departs_min=None) for seq in (1, 2, 3))
    assert ApprovedLine(line_id="L1", plate="川F00001", stops=stops).stop_ids == ("S1", "S2", "S3")
