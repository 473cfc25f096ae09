"""A scheme from a school's own rosters: orders checked, planned riders counted, replayed, stopped."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from busops.domain.errors import InvalidInput, Refused
from busops.domain.values import Direction, StopId
from busops.planner.term.document import read_lines
from busops.planner.term.replay import FreePlans
from busops.services import term_making
from busops.services.planning_input import load_input, prepare
from busops.storage import network_store, roster_store
from busops.storage.database import Database
from tests.machine import FixedClock
from tests.small_school import COACH, FRIDAY, LICENSED, a_stop
from tests.unit.services.term_school import ROUNDS, WEEKENDS, Watched, an_order, fill_term
from tests.winding_roads import WindingRoads


def test_a_scheme_has_room_for_the_percentile_of_every_stop(
    sqlite_database: Database, clock: FixedClock
) -> None:
    """Counted from the rosters: the largest of three weekends at each stop, in the larger direction."""
    fill_term(sqlite_database, clock)
    made = term_making.make_scheme(sqlite_database, an_order(), work=Watched(), rounds=ROUNDS)
    wanted: dict[str, int] = {}
    with sqlite_database.reading() as tx:
        for on in WEEKENDS[:3]:
            given = load_input(tx, on)
            for way in Direction:
                counts: dict[str, int] = {}
                for rider in prepare(given, way).problem.riders:
                    counts[rider.stop_ids[0]] = counts.get(rider.stop_ids[0], 0) + 1
                wanted = {stop: max(wanted.get(stop, 0), counts.get(stop, 0)) for stop in {*wanted, *counts}}
    room: dict[str, int] = {}
    for line in read_lines(made.document):
        for halt in line.homeward.halts:
            room[halt.stop_id] = room.get(halt.stop_id, 0) + halt.riders
    assert room == wanted
    assert (made.left_out, made.violation_count) == (0, 0)
    assert {line.plate: line.is_licensed for line in read_lines(made.document)} == {
        LICENSED: True,
        COACH: False,
    }


def test_the_replay_tells_training_from_test_and_adds_up(
    sqlite_database: Database, clock: FixedClock
) -> None:
    """Eight rows, two of them out of sample; nobody over on the training weekends, no violation, proven."""
    fill_term(sqlite_database, clock)
    work = Watched()
    made = term_making.make_scheme(sqlite_database, an_order(), work=work, rounds=ROUNDS)
    rows = made.document["replay"]["rows"]
    assert [(row["weekend"], row["direction"]) for row in rows] == [
        (on.isoformat(), way.value) for on in WEEKENDS for way in Direction
    ]
    assert [row["training"] for row in rows] == [True] * 6 + [False] * 2
    assert {row["unserved"] for row in rows if row["training"]} == {0}
    assert {(row["violations"], row["proven"]) for row in rows} == {(0, True)}
    assert all(row["extra_fen"] is not None and row["extra_fen"] >= 0 for row in rows)
    phases = [facts["phase"] for _done, _total, facts in work.news]
    assert phases[-1] == term_making.REPLAYING
    assert work.news[-1][:2] == (8, 8)
    again = term_making.make_scheme(sqlite_database, an_order(), work=Watched(), rounds=ROUNDS)
    assert again.document == made.document


def test_the_scheme_is_for_the_rest_of_the_term(sqlite_database: Database, clock: FixedClock) -> None:
    """From the Friday after the last weekend looked at to the term's end; else for the days themselves."""
    fill_term(sqlite_database, clock)
    made = term_making.make_scheme(sqlite_database, an_order(), work=Watched(), rounds=2)
    assert (made.facts.from_on, made.facts.to_on) == (FRIDAY + timedelta(days=7), date(2026, 7, 3))
    last = date(2026, 7, 3)
    with sqlite_database.transaction() as tx:
        roster_store.open_weekend(tx, last, clock.now())
        roster_store.save_roster(tx, last, load_input(tx, FRIDAY).entries)
    made = term_making.make_scheme(
        sqlite_database, an_order(weekends=(last,), tested=()), work=Watched(), rounds=2
    )
    assert (made.facts.from_on, made.facts.to_on) == (last, last)


def test_a_stop_that_is_not_designated_to_the_end_has_no_line(
    sqlite_database: Database, clock: FixedClock
) -> None:
    """S003 ends in May: its riders are left out with the cause, the others have their room."""
    fill_term(sqlite_database, clock)
    with sqlite_database.transaction() as tx:
        network_store.save_stops(tx, [replace(a_stop(3), designated_to=date(2026, 5, 31))])
    made = term_making.make_scheme(sqlite_database, an_order(), work=Watched(), rounds=ROUNDS)
    (gone,) = made.document["left_out"]
    assert (gone["stop_id"], gone["reason"]) == ("S003", "no_stop")
    assert made.left_out == gone["riders"] > 0
    assert all("S003" not in line.stop_ids for line in read_lines(made.document))
    with sqlite_database.transaction() as tx:
        for number in range(1, 7):
            network_store.retire_stop(tx, StopId(f"S{number:03d}"), FRIDAY)
    with pytest.raises(Refused, match="term_nobody_rides"):
        term_making.make_scheme(sqlite_database, an_order(), work=Watched(), rounds=2)


@pytest.mark.parametrize("ends_after", [0, 1, 3])
def test_stopped_work_makes_nothing(sqlite_database: Database, clock: FixedClock, ends_after: int) -> None:
    """Before the search, in it or in the replay: Refused, so that nothing is stored."""
    fill_term(sqlite_database, clock)
    with pytest.raises(Refused, match="term_stopped"):
        term_making.make_scheme(sqlite_database, an_order(), work=Watched(ends_after), rounds=2)


def test_lines_are_replayed_on_other_weekends(sqlite_database: Database, clock: FixedClock) -> None:
    """Read from a document, the lines carry the fourth weekend; without free plans nothing is compared."""
    fill_term(sqlite_database, clock)
    made = term_making.make_scheme(sqlite_database, an_order(tested=()), work=Watched(), rounds=ROUNDS)
    rows = term_making.replay_weekends(
        sqlite_database,
        read_lines(made.document),
        WEEKENDS[3:],
        trained=frozenset(WEEKENDS[:3]),
        free=FreePlans(),
        work=Watched(),
    )
    assert [(row.is_training, row.free_fen) for row in rows] == [(False, None)] * 2
    assert sum(row.riders for row in rows) == 22 + 23


def test_a_scheme_is_made_and_replayed_on_measured_roads(
    sqlite_database: Database, clock: FixedClock
) -> None:
    """Twice the way: lines and every row of the replay cost more, and the document names the source."""
    fill_term(sqlite_database, clock)
    made = [
        term_making.make_scheme(sqlite_database, an_order(), work=Watched(), roads=roads, rounds=ROUNDS)
        for roads in (None, WindingRoads())
    ]
    assert [one.document["travel"] for one in made] == ["estimate", "osrm"]
    assert made[0].document["cost_fen"] < made[1].document["cost_fen"]
    costs = [[row["cost_fen"] for row in one.document["replay"]["rows"]] for one in made]
    assert all(near < far for near, far in zip(*costs, strict=True))
    rows = term_making.replay_weekends(
        sqlite_database,
        read_lines(made[1].document),
        WEEKENDS[3:],
        trained=frozenset(),
        free=FreePlans(),
        work=Watched(),
        roads=WindingRoads(),
    )
    assert [row.cost_fen for row in rows] == costs[1][-2:]


ORDER = {"weekends": ["2026-03-13"], "percentile": "90", "seconds": "5", "free_seconds": "0", "seed": "3"}


def test_an_order_is_read_from_a_job(sqlite_database: Database) -> None:
    """Texts become values; a weekend named twice counts once, and as training."""
    order = term_making.read_order(
        {**ORDER, "weekends": ["2026-03-13", "2026-03-13"], "tested": ["2026-03-13"]}
    )
    assert (order.weekends, order.tested, order.percentile, order.seed) == ((FRIDAY,), (), 90, 3)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"weekends": []}, "term_weekends_missing"),
        ({"weekends": ["2026-03-14"]}, "weekend_is_no_friday"),
        ({"weekends": ["x"]}, "term_order_invalid"),
        ({"tested": ["2026-03-12"]}, "weekend_is_no_friday"),
        ({"weekends": [str(FRIDAY + timedelta(weeks=n)) for n in range(61)]}, "term_too_many_weekends"),
        ({"percentile": "49"}, "term_percentile_out_of_range"),
        ({"percentile": "101"}, "term_percentile_out_of_range"),
        ({"percentile": "ninety"}, "term_order_invalid"),
        ({"seconds": "0"}, "plan_seconds_out_of_range"),
        ({"seconds": "nan"}, "plan_seconds_out_of_range"),
        ({"free_seconds": "-1"}, "plan_seconds_out_of_range"),
    ],
)
def test_a_wrong_order_is_refused(wrong: dict[str, object], code: str) -> None:
    """No weekend, no Friday, too many, a percentile or a time that cannot be."""
    with pytest.raises(InvalidInput, match=code):
        term_making.read_order({**ORDER, **wrong})
