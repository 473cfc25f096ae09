"""Term schemes on both databases: stored for good, moved forward by two people, kept against raw SQL."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from busops.domain.errors import Conflict, NotFound
from busops.storage import schema, term_store
from busops.storage.database import Database
from busops.storage.term_store import StoredScheme, TermState, TermSummary

AT = datetime(2024, 2, 20, 3, tzinfo=UTC)
APPROVED_ON = date(2024, 2, 26)


def scheme(of: int = 1, **changed: object) -> StoredScheme:
    """A draft with two lines in its document."""
    summary = TermSummary(
        scheme_id=f"t{of}",
        number=of,
        term_id="2024-spring",
        state=TermState.DRAFT,
        percentile=90,
        from_on=date(2024, 3, 1),
        to_on=date(2024, 7, 5),
        line_count=2,
        cost_fen=123_456,
        lower_bound_fen=120_000,
        left_out=0,
        violation_count=0,
        made_at=AT,
        made_by="dora",
    )
    return StoredScheme(
        summary=replace(summary, **changed),  # type: ignore[arg-type]
        document={"lines": [{"line_id": "01"}, {"line_id": "02"}], "名": "示例"},
        notices=({"code": "roster_not_locked"},),
    )


@pytest.fixture
def kept(database: Database) -> Database:
    """One draft, one that was submitted, one approved, one adopted."""
    with database.transaction() as tx:
        for number in range(1, 5):
            term_store.save_scheme(tx, scheme(number))
        for number in (2, 3, 4):
            term_store.submit_scheme(tx, f"t{number}", by="dora", at=AT)
        for number in (3, 4):
            approval = {"document_no": "德教运〔2024〕7号", "approved_on": APPROVED_ON}
            term_store.approve_scheme(tx, f"t{number}", by="sam", at=AT, **approval)
        term_store.adopt_scheme(tx, "t4", by="dora", at=AT)
    return database


def test_a_scheme_comes_back_as_it_was_stored(kept: Database) -> None:
    """Document, notices, days and moments are equal; the list is newest first; numbers go on."""
    with kept.reading() as tx:
        assert term_store.load_scheme(tx, "t1") == scheme(1)
        assert [one.number for one in term_store.list_schemes(tx)] == [4, 3, 2, 1]
        assert [one.is_in_force for one in term_store.list_schemes(tx)] == [True, False, False, False]
        assert term_store.next_number(tx) == 5
        adopted = term_store.load_scheme(tx, "t4").summary
        assert (adopted.state, adopted.submitted_by, adopted.approved_by) == (
            TermState.APPROVED,
            "dora",
            "sam",
        )
        assert (adopted.document_no, adopted.approved_on) == ("德教运〔2024〕7号", APPROVED_ON)
        assert (adopted.adopted_at, adopted.adopted_by) == (AT, "dora")
        with pytest.raises(NotFound):
            term_store.load_scheme(tx, "t9")


def test_a_step_from_the_wrong_state_is_a_conflict(kept: Database) -> None:
    """Twice submitted, approved as a draft, adopted unapproved or twice, retired twice: none happens."""
    approval = {"document_no": "7", "approved_on": APPROVED_ON}
    with kept.transaction() as tx:
        term_store.retire_scheme(tx, "t4", why="新方案", by="dora", at=AT)
        assert term_store.load_scheme(tx, "t4").summary.retired_why == "新方案"
        assert not term_store.load_scheme(tx, "t4").summary.is_in_force
        for step in (
            lambda: term_store.submit_scheme(tx, "t2", by="x", at=AT),
            lambda: term_store.approve_scheme(tx, "t1", by="sam", at=AT, **approval),
            lambda: term_store.adopt_scheme(tx, "t2", by="x", at=AT),
            lambda: term_store.adopt_scheme(tx, "t4", by="x", at=AT),
            lambda: term_store.retire_scheme(tx, "t4", why="", by="x", at=AT),
        ):
            with pytest.raises(Conflict):
                step()
        with pytest.raises(NotFound):
            term_store.submit_scheme(tx, "t9", by="x", at=AT)


def update(number: int, values: str) -> str:
    """SQL that changes one scheme."""
    return f"UPDATE term_scheme SET {values} WHERE scheme_id = 't{number}'"  # noqa: S608


MOMENT = "'2024-02-21 03:00:00+00:00'"
BY_SAM = f"approved_by = 'sam', approved_at = {MOMENT}, document_no = '8', approved_on = '2024-02-26'"
ATTACKS = {
    "approve one's own": update(2, f"state = 'approved', {BY_SAM.replace('sam', 'dora')}"),
    "approve as nobody": update(2, f"state = 'approved', {BY_SAM.replace('sam', '')}"),
    "approve without a document": update(2, f"state = 'approved', {BY_SAM.replace(chr(39) + '8', chr(39))}"),
    "approve without a day": update(2, "state = 'approved', approved_by = 'sam', document_no = '8'"),
    "approve a draft": update(1, f"state = 'approved', submitted_by = 'dora', {BY_SAM}"),
    "say who approved beforehand": update(2, BY_SAM),
    "change who submitted": update(2, "submitted_by = 'eva'"),
    "change who submitted while approving": update(2, f"submitted_by = 'eva', state = 'approved', {BY_SAM}"),
    "change the authority's number": update(3, "document_no = '9'"),
    "turn back": update(3, "state = 'submitted'"),
    "wake the dead": update(3, "state = 'draft'"),
    "adopt what is only submitted": update(2, f"adopted_at = {MOMENT}, adopted_by = 'x'"),
    "adopt twice": update(4, f"adopted_at = {MOMENT}"),
    "change a document": update(1, "document = '{}'"),
    "change a cost": update(1, "cost_fen = 1"),
    "change the days": update(1, "to_on = '2025-07-05'"),
    "the same again": "INSERT INTO term_scheme SELECT * FROM term_scheme",
    "remove": "DELETE FROM term_scheme WHERE scheme_id = 't1'",
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_raw_sql_cannot_forge_an_approval_or_change_history(kept: Database, attack: str) -> None:
    """The database itself refuses, on both dialects, and every scheme is as it was."""
    with kept.reading() as tx:
        before = [term_store.load_scheme(tx, f"t{number}") for number in range(1, 5)]

    def strike() -> None:
        with kept.transaction() as tx:
            tx.session.execute(text(attack))

    with pytest.raises(DBAPIError):
        strike()
    with kept.reading() as tx:
        assert [term_store.load_scheme(tx, f"t{number}") for number in range(1, 5)] == before


@pytest.mark.parametrize(
    "changed",
    [
        {"state": TermState.APPROVED},
        {"submitted_by": "dora"},
        {"percentile": 0},
        {"to_on": date(2024, 2, 1)},
        {"cost_fen": -1},
        {"number": 4},
        {"scheme_id": "t4"},
    ],
)
def test_only_a_sound_draft_is_born(kept: Database, changed: dict[str, object]) -> None:
    """Not approved, not submitted, not backwards in time, not below nothing, not the number of another."""

    def strike() -> None:
        with kept.transaction() as tx:
            term_store.save_scheme(tx, scheme(5, **changed))

    with pytest.raises(DBAPIError):
        strike()


def test_a_draft_with_violations_is_never_submitted(database: Database) -> None:
    """It may be looked at and retired; the authority does not get it."""
    with database.transaction() as tx:
        term_store.save_scheme(tx, scheme(1, violation_count=2))

    def strike() -> None:
        with database.transaction() as tx:
            term_store.submit_scheme(tx, "t1", by="dora", at=AT)

    with pytest.raises(IntegrityError):
        strike()
    with database.transaction() as tx:
        term_store.retire_scheme(tx, "t1", why="x", by="dora", at=AT)


def test_replacing_or_truncating_is_refused(kept: Database) -> None:
    """SQLite's REPLACE and PostgreSQL's TRUNCATE ask no row trigger: both are refused nevertheless."""
    replacing = "INSERT OR REPLACE INTO term_scheme SELECT * FROM term_scheme"
    way = replacing if kept.engine.dialect.name == "sqlite" else "TRUNCATE term_scheme CASCADE"

    def strike() -> None:
        with kept.transaction() as tx:
            tx.session.execute(text(way))

    with pytest.raises(DBAPIError, match="guard"):
        strike()


def test_the_migration_goes_down_and_up_with_a_scheme_in_it(kept: Database) -> None:
    """Down, the table is gone and the rest works; up again, schemes can be stored."""
    url = kept.engine.url.render_as_string(hide_password=False)
    before = ScriptDirectory(str(schema.MIGRATIONS)).get_revision("0006").down_revision
    schema.downgrade(url, str(before))
    with kept.engine.connect() as connection:
        assert not kept.engine.dialect.has_table(connection, "term_scheme")
    schema.upgrade(url)
    with kept.transaction() as tx:
        assert term_store.list_schemes(tx) == ()
        term_store.save_scheme(tx, scheme(1))
        assert term_store.load_scheme(tx, "t1") == scheme(1)
