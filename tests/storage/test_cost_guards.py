"""Costs against raw SQL, on both databases: two people, bills, papers, other use, depreciation."""

import pytest

from busops.finance.costs import TWO_PEOPLE_FROM_FEN
from busops.storage.database import Database
from tests.storage import test_ledger_guards as books_of
from tests.storage.test_ledger_guards import NOW, into, is_refused, replacing

MUCH = TWO_PEOPLE_FROM_FEN
SHA = "a" * 64
ON = "'2024-03-08'"


def cost(cost_id: str, *, fen: int = 100, code: str = "C01", by: str = "clerk", **changed: str) -> str:
    """The SQL that books a cost of the vehicle A."""
    values = {
        "school_id": "'t1'", "cost_id": f"'{cost_id}'", "cost_on": ON, "code": f"'{code}'", "fen": str(fen),
        "plate": "'A'", "run": "''", "note": "''", "document": "''", "is_estimate": "false",
        "row_key": f"'{cost_id}'", "txn_id": "'t1'", "made_by": f"'{by}'", "made_at": NOW,
    } | changed  # fmt: skip
    return into(f"cost_line ({', '.join(values)})", ", ".join(values.values()))


def proposal(cost_id: str, *, fen: int = MUCH, by: str = "clerk", **changed: str) -> str:
    """The SQL that proposes such a cost."""
    values = {
        "school_id": "'t1'", "cost_id": f"'{cost_id}'", "cost_on": ON, "code": "'C01'", "fen": str(fen),
        "plate": "'A'", "run": "''", "line": "''", "note": "''", "document": "''", "is_estimate": "false",
        "tax_fen": "0", "reverses": "NULL", "replaces": "NULL", "made_by": f"'{by}'", "made_at": NOW,
    } | changed  # fmt: skip
    return into(f"cost_proposal ({', '.join(values)})", ", ".join(values.values()))


def word(cost_id: str, said: str, by: str, note: str = "") -> str:
    """The SQL that gives the word on it."""
    return into("cost_word", f"'t1', '{cost_id}', '{said}', '{note}', '{by}', {NOW}")


def paper(cost_id: str, n: int = 1, **changed: str) -> str:
    """The SQL that keeps a paper."""
    values = {"kind": "'pdf'", "given": f"'{SHA}'", "kept": f"'{SHA}'", "by": "'u'"} | changed
    kind, given, kept, by = values.values()
    content = "CAST('x' AS {blob})"
    return into(
        "cost_document", f"'t1', '{cost_id}', {n}, {kind}, 'a', {given}, {kept}, {content}, {by}, {NOW}"
    )


def use(
    use_id: str, *, on: str = "2024-03-08", counts: str = "", undoes: str = "NULL", **changed: str
) -> str:
    """The SQL that logs a trip for others."""
    values = {"plate": "'A'", "m": "1", "s": "1", "what": "'x'"} | changed
    days = f"'{on}', '{counts or on}'"
    return into("other_use", f"'t1', '{use_id}', {days}, {', '.join(values.values())}, {undoes}, 'u', {NOW}")


def plan(number: int, *, starts: str = "2024-01", plate: str = "A", **changed: int) -> str:
    """The SQL that enters 10,000 less 500 over 7 months."""
    cost_fen, residual, months = ({"cost": 10_000, "residual": 500, "months": 7} | changed).values()
    facts = f"'2023-12-05', {cost_fen}, {residual}, {months}, '{starts}', ''"
    return into("depreciation_plan", f"'t1', '{plate}', {number}, {facts}, 'fay', {NOW}")


def month(
    at: str, cost_id: str, *, n: int = 1, number: int = 1, fen: int = 1357, by: str = "lea", plate: str = "A"
) -> str:
    """The SQL that accepts a month."""
    facts = f"'{plate}', '{at}', {n}, {number}, {fen}, '{cost_id}', '{by}'"
    return into("depreciation_month", f"'t1', {facts}, {NOW}")


def written_off(at: str, cost_id: str, *, fen: int = 1357, plate: str = "A", **changed: int) -> list[str]:
    """A month and its cost."""
    booked = cost(cost_id, code="C10", fen=fen, cost_on=f"'{at}-28'", plate=f"'{plate}'")
    return [month(at, cost_id, fen=fen, plate=plate, **changed), booked]


def undone(cost_id: str, *, fen: int = 100, code: str = "C01", **changed: str) -> str:
    """The opposite of a cost."""
    return cost(f"{cost_id}x", fen=-fen, code=code, reverses=f"'{cost_id}'", **changed)


BIG = {"fen": MUCH, "approved_by": "'lea'"}
AGREED = [proposal("p9"), word("p9", "APPROVED", "lea")]
ATTACKS: dict[str, list[str]] = {
    "much by one person": [cost("c9", fen=MUCH)],
    "much taken back by one person": [cost("c9", fen=MUCH, by="tool"), undone("c9", fen=MUCH)],
    "on a name that never agreed": [cost("p9", **BIG)],
    "on one's own name": [proposal("p9"), cost("p9", fen=MUCH, approved_by="'clerk'")],
    "on a name for little": [cost("c9", approved_by="'lea'")],
    "while it waits": [proposal("p9"), cost("p9", **BIG)],
    "after it was refused": [proposal("p9"), word("p9", "REFUSED", "lea", "no"), cost("p9", **BIG)],
    "by another's name": [*AGREED, cost("p9", fen=MUCH, approved_by="'bus'")],
    "another's proposal": [*AGREED, cost("p9", by="bus", **BIG)],
    "another cost": [*AGREED, cost("c9", **BIG)],
    "another sum": [*AGREED, cost("p9", fen=MUCH + 1, approved_by="'lea'")],
    "another code": [*AGREED, cost("p9", code="C02", **BIG)],
    "another day": [*AGREED, cost("p9", cost_on="'2024-03-09'", **BIG)],
    "another vehicle": [*AGREED, cost("p9", plate="'B'", **BIG)],
    "as somebody's bill": [
        *AGREED, undone("c2"), cost("p9", replaces="'c2'", **BIG),
    ],
    "as somebody's opposite": [
        cost("c9", fen=-MUCH, by="tool"), *AGREED, cost("p9", reverses="'c9'", **BIG),
    ],
    "agree to one's own": [proposal("p9"), word("p9", "APPROVED", "clerk")],
    "withdraw another's": [proposal("p9"), word("p9", "WITHDRAWN", "lea")],
    "say two words": [*AGREED, word("p9", "REFUSED", "lea", "no")],
    "refuse without a reason": [proposal("p9"), word("p9", "REFUSED", "lea")],
    "say something else": [proposal("p9"), word("p9", "LATER", "lea")],
    "a word of nobody": [proposal("p9"), word("p9", "APPROVED", "")],
    "a word on nothing": [word("p9", "APPROVED", "lea")],
    "propose nothing": [proposal("p9", fen=0)],
    "propose as nobody": [proposal("p9", by="")],
    "propose an opposite of nothing": [proposal("p9", fen=-MUCH)],
    "propose of no catalogue": [proposal("p9", code="'C99'")],
    "propose backwards": [proposal("p9", covers_from="'2024-03-09'", covers_to=ON)],
    "more tax than money": [cost("c9", tax_fen="101")],
    "a span without an end": [cost("c9", covers_from=ON)],
    "a span backwards": [cost("c9", covers_from="'2024-03-09'", covers_to=ON)],
    "approve oneself": [cost("c9", by="tool", approved_by="'tool'")],
    "take back what is not there": [undone("c7")],
    "take back another sum": [undone("c1", fen=99)],
    "take back another code": [undone("c1", code="C02")],
    "take back twice": [undone("c1"), cost("c9", fen=-100, reverses="'c1'")],
    "take back an opposite": [undone("c1"), cost("c9", reverses="'c1x'")],
    "a bill for what is no estimate": [undone("c1"), cost("c9", replaces="'c1'")],
    "a bill beside its estimate": [cost("c9", replaces="'c2'")],
    "a bill for another estimate": [undone("c2"), cost("c9", replaces="'c3'")],
    "a bill for nothing": [cost("c9", replaces="'c7'")],
    "an estimate for an estimate": [undone("c2"), cost("c9", replaces="'c2'", is_estimate="true")],
    "two bills": [undone("c2"), cost("c9", replaces="'c2'"), cost("c8", replaces="'c2'")],
    "a paper of nothing": [paper("c7")],
    "a paper out of turn": [paper("c1", 3)],
    "a paper of no kind": [paper("c2", kind="'exe'")],
    "a paper without a digest": [paper("c2", given="''")],
    "a paper with another digest": [paper("c2", kept="'b'")],
    "a paper of nobody": [paper("c2", by="''")],
    "log in a closed month": [use("u9", on="2024-02-08")],
    "log in a signed month": [use("u9", on="2023-12-08")],
    "log what counts before": [use("u9", counts="2024-03-07")],
    "log no vehicle": [use("u9", plate="''")],
    "log nothing driven": [use("u9", m="0")],
    "log no time": [use("u9", s="0")],
    "log for nothing": [use("u9", what="''")],
    "take back no trip": [use("u9", undoes="'u7'")],
    "take back another day's": [use("u9", on="2024-03-09", undoes="'u1'")],
    "take back another bus's": [use("u9", plate="'B'", undoes="'u1'")],
    "take a trip back twice": [use("u9", undoes="'u1'"), use("u8", undoes="'u1'")],
    "take back what takes back": [use("u9", undoes="'u1'"), use("u8", undoes="'u9'")],
    "a plan out of turn": [plan(3, starts="2024-05")],
    "a plan that is there": [plan(1, starts="2024-05")],
    "a plan for what is written off": [plan(2, starts="2024-02")],
    "a plan of too much residual": [plan(2, starts="2024-05", residual=10_001)],
    "a plan of no months": [plan(2, starts="2024-05", months=0)],
    "a month twice": written_off("2024-02", "d9", n=2),
    "a month again": written_off("2024-02", "d9"),
    "a month out of turn": written_off("2024-03", "d9", n=2),
    "a month before the plan": written_off("2023-12", "d9"),
    "a month by another plan": [plan(2, starts="2024-03"), *written_off("2024-03", "d9")],
    "a month by the next plan": [plan(2, starts="2024-04"), *written_off("2024-03", "d9", number=2)],
    "a month of another sum": written_off("2024-03", "d9", fen=1358),
    "a month after the last": written_off("2024-08", "d9"),
    "a month by who made the plan": written_off("2024-03", "d9", by="fay"),  # type: ignore[arg-type]
    "a month of nobody": written_off("2024-03", "d9", by=""),  # type: ignore[arg-type]
    "a month of an older cost": [cost("d9", code="C10", plate="'B'"), month("2024-03", "d9")],
    "a month on another's cost": [*written_off("2024-03", "d9"), month("2024-04", "d9")],
    "a month as another sum": [month("2024-03", "d9"), cost("d9", code="C10", fen=1356)],
    "a month as another vehicle": [month("2024-03", "d9"), cost("d9", code="C10", fen=1357, plate="'B'")],
    "a month as fuel": [month("2024-03", "d9"), cost("d9", fen=1357)],
    "depreciation by hand": [cost("c9", code="C10")],
    "change a proposal": ["UPDATE cost_proposal SET fen = 1"],
    "delete a proposal": ["DELETE FROM cost_proposal WHERE cost_id = 'p2'"],
    "change a word": ["UPDATE cost_word SET said_by = 'x'"],
    "delete a word": ["DELETE FROM cost_word"],
    "change a paper": ["UPDATE cost_document SET name = 'x'"],
    "delete a paper": ["DELETE FROM cost_document"],
    "change a trip": ["UPDATE other_use SET distance_m = 2"],
    "delete a trip": ["DELETE FROM other_use"],
    "change a plan": ["UPDATE depreciation_plan SET months = 9"],
    "delete a plan": ["DELETE FROM depreciation_plan WHERE plate = 'B'"],
    "change a month": ["UPDATE depreciation_month SET fen = 1"],
    "delete a month": ["DELETE FROM depreciation_month"],
}  # fmt: skip
HONEST: dict[str, list[str]] = {
    "little by one person": [cost("c9", fen=MUCH - 1)],
    "little taken back": [undone("c1")],
    "much by a tool": [cost("c9", fen=MUCH, by="tool")],
    "much by two": [*AGREED, cost("p9", **BIG)],
    "much taken back by two": [
        cost("c9", fen=MUCH, by="tool"), proposal("c9x", fen=-MUCH, reverses="'c9'"),
        word("c9x", "APPROVED", "lea"), undone("c9", fen=MUCH, approved_by="'lea'"),
    ],
    "a bill for an estimate": [undone("c2"), cost("c9", fen=120, replaces="'c2'")],
    "a large bill for an estimate by two": [
        proposal("p9", replaces="'c2'"), word("p9", "APPROVED", "lea"),
        undone("c2", approved_by="'lea'"), cost("p9", replaces="'c2'", **BIG),
    ],
    "thought again": [proposal("p9"), word("p9", "WITHDRAWN", "clerk")],
    "refused": [proposal("p9"), word("p9", "REFUSED", "lea", "no")],
    "a second paper": [paper("c1", 2)],
    "a paper of a proposal": [proposal("p9"), paper("p9")],
    "a late trip": [use("u9", on="2024-02-08", counts="2024-03-01")],
    "a trip taken back": [use("u9", undoes="'u1'")],
    "the next month": written_off("2024-03", "d9"),
    "the last month": written_off("2024-07", "d9", fen=1358),
    "a month given anew": [
        undone("d1", fen=1357, code="C10"), *written_off("2024-02", "d9", n=2),
    ],
    "the next plan": [
        plan(2, starts="2024-03", cost=20_000), *written_off("2024-03", "d9", fen=2785, number=2),
    ],
    "another vehicle's month": [
        plan(2, starts="2024-03"), *written_off("2024-02", "d8", fen=1000, plate="B"),
        *written_off("2024-03", "d9", fen=1000, plate="B"),
    ],
    "a dear month by one": [
        plan(1, plate="C", cost=10 * MUCH, residual=0, months=10),
        month("2024-03", "d9", fen=MUCH, plate="C"),
        cost("d9", code="C10", fen=MUCH, plate="'C'", cost_on="'2024-03-31'"),
    ],
    "depreciation of another vehicle by hand": [cost("c9", code="C10", plate="'Z'")],
    "depreciation before the register": [cost("c9", code="C10", cost_on="'2023-11-30'")],
    "depreciation taken back": [undone("d1", fen=1357, code="C10")],
}  # fmt: skip
REPLACEMENTS = [
    [replacing(proposal("p1", fen=5))],
    [replacing(word("p1", "APPROVED", "bus"))],
    [replacing(paper("c1", 1))],
    [paper("c1", 2), replacing(paper("c1", 2))],
    [replacing(use("u1"))],
    [use("u9", undoes="'u1'"), replacing(use("u8", undoes="'u1'"))],
    [replacing(plan(1, starts="2024-05"))],
    [replacing(month("2024-02", "d9"))],
    [replacing(month("2024-03", "d1"))],
    [undone("c2"), cost("c9", replaces="'c2'"), replacing(cost("c8", replaces="'c2'"))],
]
KEPT = ("cost_proposal", "cost_word", "cost_document", "other_use", "depreciation_plan", "depreciation_month")
TRUNCATIONS = [[f"TRUNCATE {name} CASCADE"] for name in KEPT]


def typed(statements: list[str], dialect: str) -> list[str]:
    """The statements with the dialect's word for bytes."""
    return [
        statement.replace("{blob}", "bytea" if dialect == "postgresql" else "BLOB")
        for statement in statements
    ]


def fill_costs(database: Database) -> None:
    """
    A cost with a paper, two estimates, one by two, one that waits, a trip, two vehicles written off.
    """
    books_of.fill_books(database)
    everything = [
        cost("c1"), cost("c2", is_estimate="true"), proposal("p1"), word("p1", "APPROVED", "lea"),
        cost("p1", **BIG), paper("c1"), use("u1"), plan(1),
        plan(1, plate="B", cost=8000, residual=1000), proposal("p2"), cost("c3", is_estimate="true"),
        *written_off("2024-02", "d1"),
    ]  # fmt: skip
    with database.transaction() as tx:
        for statement in typed(everything, database.engine.dialect.name):
            tx.session.connection().exec_driver_sql(statement)


@pytest.fixture
def books(database: Database) -> Database:
    """The books that are attacked."""
    fill_costs(database)
    return database


def test_raw_sql_cannot_forge_a_cost(books: Database) -> None:
    """Every attack of the table is refused by the database; every honest way is open."""
    dialect = books.engine.dialect.name
    assert [name for name, ways in ATTACKS.items() if not is_refused(books, typed(ways, dialect))] == []
    assert [name for name, ways in HONEST.items() if is_refused(books, typed(ways, dialect))] == []
    others = REPLACEMENTS if dialect == "sqlite" else TRUNCATIONS
    assert [ways for ways in others if not is_refused(books, typed(ways, dialect))] == []


def test_a_month_without_its_cost_does_not_stand(books: Database) -> None:
    """The month is written before its cost, but not without it."""
    with pytest.raises(Exception, match=r"(?i)foreign key"), books.transaction() as tx:
        tx.session.connection().exec_driver_sql(month("2024-03", "d9"))
