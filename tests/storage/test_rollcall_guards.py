"""Answers of the class and numbers of its links against raw SQL, on both databases."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import text

from busops.domain.rollcall import Answer, Mark
from busops.storage import guards, rollcall_store
from busops.storage.database import Database, open_engine
from busops.storage.rollcall_store import Source
from tests.run_kit import force, store_run
from tests.school_bound import a_return
from tests.storage.test_ledger_guards import into, is_refused

AT = datetime(2026, 3, 15, 9, tzinfo=UTC)
NOW = "'2026-03-15T10:00:00.000+00:00'"
SUNDAY = date(2026, 3, 15)
CLASS = "高一2班"


def a_mark(mark_id: str, answer: str = "in_class", name: str = "示例老师") -> str:
    """The SQL of one answer."""
    return into("rollcall_mark", f"'t1','{mark_id}','run-1','r1','{CLASS}','{answer}',{NOW},'{name}','',0")


def a_link(number: int) -> str:
    """The SQL of one number of the class's link."""
    return into("rollcall_link", f"'t1','2026-03-15','{CLASS}',{number},'u1',{NOW}")


@pytest.fixture
def answered(database: Database) -> Database:
    """One answer and one replaced link."""
    store_run(database, a_return())
    with database.transaction() as tx:
        mark = Mark(
            mark_id="m1", run_id="run-1", rider_id="r1", answer=Answer.NOT_HERE, at=AT, by_name="示例老师"
        )
        rollcall_store.add_marks(tx, [mark], Source(class_name=CLASS, link_number=1))
        assert rollcall_store.replace_link(tx, SUNDAY, CLASS, by="u1", at=AT) == 1
    return database


ATTACKS = {
    "turn an answer round": "UPDATE rollcall_mark SET answer = 'in_class'",
    "make it another child": "UPDATE rollcall_mark SET rider_id = 'r2'",
    "take an answer away": "DELETE FROM rollcall_mark",
    "put another in its place": a_mark("m1"),
    "an answer nobody knows": a_mark("m2", answer="perhaps"),
    "an answer of nobody": a_mark("m2", name=""),
    "an answer about no run": a_mark("m2").replace("'run-1'", "'run-9'"),
    "leave a number out": a_link(3),
    "use a number again": a_link(1),
    "go back to the first link": a_link(0),
    "undo a replaced link": "DELETE FROM rollcall_link",
    "give a link another number": "UPDATE rollcall_link SET number = 9",
}


BY_TRIGGER = (
    "turn an answer round",
    "make it another child",
    "take an answer away",
    "leave a number out",
    "undo a replaced link",
    "give a link another number",
)


def test_no_answer_and_no_link_is_ever_changed(answered: Database) -> None:
    """The database itself refuses every one of these statements."""
    assert [name for name, attack in ATTACKS.items() if not is_refused(answered, [attack])] == []
    for name in ("rollcall_mark", "rollcall_link"):
        replacing = f"INSERT OR REPLACE INTO {name} SELECT * FROM {name}"  # noqa: S608
        way = replacing if answered.engine.dialect.name == "sqlite" else f"TRUNCATE {name} CASCADE"
        assert is_refused(answered, [way]), name


def test_what_is_right_goes_through(answered: Database) -> None:
    """A further answer and the next number are taken; the last of both counts."""
    force(answered, a_mark("m2"), a_link(2))
    with answered.reading() as tx:
        marks = rollcall_store.load_marks(tx, "run-1")
        assert [mark.answer for mark in marks] == [Answer.NOT_HERE, Answer.IN_CLASS]
        assert rollcall_store.link_numbers(tx, SUNDAY) == {CLASS: 2}


@pytest.mark.parametrize("name", BY_TRIGGER)
def test_without_its_guard_each_of_these_would_go_through(answered: Database, name: str) -> None:
    """None of the triggers is decoration: where they are gone, the same statement changes history."""
    bare = open_engine(answered.engine.url.render_as_string(hide_password=False), guarded=False)
    with bare.connect() as connection:
        guards.remove(connection)
        assert connection.execute(text(ATTACKS[name])).rowcount == 1
        connection.rollback()
    bare.dispose()
