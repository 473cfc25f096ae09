"""
FN08: the invariants I1 … I8 on random terms, asked of the real services after every act.

What they compare with is the test's own: the payments it wrote, the riders it drew, the words that
were signed. How often each deep state was reached has a floor, and for each invariant a fault is
planted that the same games must notice under its name.
"""

import csv
import io
import os
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from busops.finance.charging import Ride
from busops.finance.ledger import Account
from busops.finance.statement import Reconciliation
from busops.finance.tariff import FareUnit
from busops.services import accounts, books_audit, fares, period_cases, periods, receipts, reconciliation
from busops.sheets.bills import values
from busops.storage import ledger_store, period_store, receipt_store, refund_store
from tests.property import term_maker
from tests.property.played_term import PlayedTerm
from tests.property.term_maker import RIDERS, RUNS, Drawn

GAMES = int(os.environ.get("SOAK_TERMS", "6"))
REACHED: Counter[str] = Counter()
SMALL = st.integers(0, 31)
BITS = st.integers(0, 2 ** len(RIDERS) - 1)
DRAWN = st.builds(
    Drawn,
    unit=st.sampled_from((FareUnit.TRIP, FareUnit.TRIP, FareUnit.WEEKEND, FareUnit.MONTH, FareUnit.TERM)),
    rode=st.tuples(*[BITS] * len(RUNS)),
    seats=st.tuples(*[BITS.map(lambda bits: bits | 7)] * len(term_maker.FRIDAYS)),
    waivers=st.tuples(*[st.sampled_from((0, 0, 0, 1, 2, 3))] * len(RIDERS)),
)
LINES = st.lists(st.tuples(SMALL, SMALL, SMALL), min_size=1, max_size=5)


class Term(RuleBasedStateMachine):
    """One drawn term; every act is followed by every invariant."""

    played: PlayedTerm

    @initialize(drawn=DRAWN, lines=LINES, rider=SMALL, bits=BITS, is_closed=st.booleans())
    def begin(
        self, drawn: Drawn, lines: list[tuple[int, int, int]], rider: int, bits: int, is_closed: bool
    ) -> None:
        """A usual month, to where free play seldom comes: a refund to its end, a close, a late record."""
        self.played = PlayedTerm(drawn)
        self.played.charge()
        self.bill([*lines, (rider, rider, 2)])
        check(self.played)
        self.played.claim(0, rider, rider)
        self.refund(rider, overpaid=bool(rider % 2), far=5)
        self.carry(rider, rider)
        for is_bad_debt in (True, False):
            self.allow(rider, rider, bad_debt=is_bad_debt)
        if is_closed:
            self.end_of_month(rider)
        self.close_again(0, bits)
        self.bill_again(rider, rider)

    @rule(lines=LINES)
    def bill(self, lines: list[tuple[int, int, int]]) -> None:
        """A bill of new payments, and one whose own total is a fen off."""
        paid = tuple(self.played.a_payment(*line) for line in lines)
        self.played.bill(paid, lie_fen=1)
        self.played.bill(paid)

    @rule(at=SMALL, fresh=SMALL)
    def bill_again(self, at: int, fresh: int) -> None:
        """An earlier bill downloaded once more, as it was and with a new line."""
        bills = self.played.bills
        before = bills[at % len(bills)]
        self.played.bill(before)
        self.played.bill((*before, self.played.a_payment(fresh, fresh, fresh)))

    @rule(at=SMALL, rider=SMALL, part=SMALL)
    def claim(self, at: int, rider: int, part: int) -> None:
        """Money of nobody finds its rider, or is no bus fee."""
        if rider % 4 == 0 or not self.played.claim(at, rider, part):
            self.played.set_aside(at)

    @rule(at=SMALL)
    def take_back(self, at: int) -> None:
        """A match was wrong."""
        self.played.take_back(at)

    @rule(rider=SMALL, to=SMALL)
    def carry(self, rider: int, to: int) -> None:
        """Too much is paid for one unit (the same payment twice were a duplicate), and pays another."""
        if self.played.overpay(rider + 1 + to % 4):
            self.played.carry(rider, to)

    @rule(rider=SMALL, amount=SMALL, bad_debt=st.booleans())
    def allow(self, rider: int, amount: int, bad_debt: bool) -> None:
        """Waived or written off, by two."""
        self.played.allow(rider, amount, bad_debt=bad_debt)

    @rule(rider=SMALL, overpaid=st.booleans(), far=st.integers(1, 5))
    def refund(self, rider: int, *, overpaid: bool, far: int) -> None:
        """Too much is paid; it or all is asked back and comes so far: checked, approved, paid, seen."""
        if self.played.overpay(rider) and self.played.ask_back(rider, overpaid=overpaid):
            for _ in range(far - 1):
                self.played.step(-1)

    @rule(at=SMALL)
    def step(self, at: int) -> None:
        """Any refund goes on."""
        self.played.step(at)

    @rule(run=st.integers(0, len(RUNS) - 1), bits=BITS)
    def close_again(self, run: int, bits: int) -> None:
        """A run's record is corrected."""
        self.played.close_again(run, bits)

    @rule(amount=SMALL)
    def end_of_month(self, amount: int) -> None:
        """A cost, and the month is closed."""
        self.played.spend(amount)
        if self.played.close_month():
            month = max(self.played.signed)
            said = periods.closed_statement(self.played.database, month)
            assert said == self.played.signed[month], "I8: closed under other words"

    @invariant()
    def everything_holds(self) -> None:
        """I1 … I8."""
        if hasattr(self, "played"):
            check(self.played)

    def teardown(self) -> None:
        """The counts are kept."""
        if hasattr(self, "played"):
            REACHED.update(self.played.reached)
            self.played.end()


def check(played: PlayedTerm) -> None:
    """Every invariant, each from what the test knows or from another table; its name is in the failure."""
    result = reconciliation.reconcile(played.database, clock=played.clock)
    for finding in result.findings:
        assert not finding.code.startswith("invariant_"), f"{finding.code[10:].upper()}: {finding.facts}"
    money_is_somewhere(played, result)
    riders_agree(played, result)
    sheets_agree(result)
    for month, said in played.signed.items():
        assert periods.closed_statement(played.database, month) == said, f"I8: {month}"
    assert periods.check_closed(played.database) == (), "I8"
    if len(played.bills) % 3 == 0:
        assert books_audit.verify_books(played.database).findings == (), "the ledger added up anew"


def money_is_somewhere(played: PlayedTerm, result: Reconciliation) -> None:
    """I1, I2, I5 and I6: the lines written, the receipts kept, what they were given to, and suspense."""
    kept = receipts.list_receipts(played.database)
    with played.database.reading() as tx:
        given = receipt_store.load_allocations(tx)
        suspense = ledger_store.account_balances(tx).get(Account.SUSPENSE, 0)
        paid_back = [one.refund for one in refund_store.load_refunds(tx) if one.refund.is_paid]
        seen = [step for one in refund_store.load_refunds(tx) for step in one.steps if step.seen_receipt_id]
        files = receipt_store.load_files(tx)
    assert len(kept) <= len(played.brought), "I6: lines"
    assert sum(one.line.amount_fen for one in kept) == sum(played.brought.values()), "I1: imported"
    gone = {step.seen_receipt_id for step in seen}
    left = sum(one.line.amount_fen - one.allocated_fen for one in kept if one.receipt_id not in gone)
    assert suspense == -left, "I1: suspense"
    assert sum(one.allocated_fen for one in kept) == sum(item.fen for item in given), "I1: allocated"
    back = sum(refund.fen for refund in paid_back)
    paid = sum(row.facts.paid_fen for row in result.statement.rows)
    assert paid == sum(item.fen for item in given) - back, "I2"
    assert len(files) == len({tuple(lines) for lines in played.bills}), "I5: files"
    for file in files:
        lines = played.bills[int(file.name[1:-4])]
        assert file.total_fen == sum(-one.fen if one.back else one.fen for one in lines), "I5"
        assert file.total_fen == file.stated_total_fen, "I5"


def riders_agree(played: PlayedTerm, result: Reconciliation) -> None:
    """I3 and I4: each rider's account is his balance in the ledger, his rides are those that were drawn."""
    rides: dict[str, int] = defaultdict(int)
    for row in result.statement.rows:
        rides[row.rider_id] += row.facts.rides
    for rider_id in RIDERS:
        drawn = sum(rider_id in rode for _, rode in played.rode.values())
        assert rides[rider_id] == drawn, f"I4: {rider_id} rode {drawn} times, {rides[rider_id]} are counted"
    for rider_id in (RIDERS[played.numbers % len(RIDERS)], RIDERS[len(played.bills) % len(RIDERS)]):
        account = accounts.account_of(played.database, rider_id)
        assert account.balance_fen == account.ledger_fen, f"I3: {rider_id}"


def sheets_agree(result: Reconciliation) -> None:
    """I7: the columns of the sheet, added up by the test, are the sums of the verdict."""
    rows = list(csv.DictReader(io.StringIO(reconciliation.rows_csv(result).decode("utf-8-sig"))))
    fen = {
        name: sum(round(float(row[f"{name}(元)"] or 0) * 100) for row in rows)
        for name in ("应缴", "实缴", "已退", "减免")
    }
    sums = result.statement.sums
    assert fen["应缴"] == result.statement.charged_fen, "I7: due"
    assert fen["实缴"] == sums.receipts_fen, "I7: paid"
    assert fen["已退"] == sums.refunds_fen, "I7: refunded"
    assert fen["减免"] == sums.waived_fen, "I7: waived"


def play(games: int, steps: int = 6) -> None:
    """So many games."""
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Term,
        settings=settings(
            max_examples=games,
            stateful_step_count=steps,
            deadline=None,
            derandomize="SOAK_TERMS" not in os.environ,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )


FLOORS = {
    "month closed": 2, "adjusted": 2, "taken back": 4, "again": 5, "lie refused": 5, "claimed": 3,
    "carried": 1, "waived": 1, "written off": 1, "asked": 3, "from CHECKED": 3, "from APPROVED": 3,
    "seen in a bill": 3,
}  # fmt: skip


def test_fn08_the_invariants_hold_on_random_terms() -> None:
    """FN08. I1 … I8 after every act of every game; more of them with SOAK_TERMS."""
    REACHED.clear()
    play(GAMES)
    assert {name: floor for name, floor in FLOORS.items() if REACHED[name] < floor} == {}, REACHED


def _without_the_last(sheet: Callable[..., bytes]) -> Callable[..., bytes]:
    return lambda result, locale="zh": sheet(result, locale).rsplit(b"\r\n", 2)[0]


def _aboard(ride: Callable[..., Ride]) -> Callable[..., Ride]:
    return lambda *given: replace(ride(*given), boarded=True)


# What is planted: a place in the code, and what stands there instead of what stood there before.
FAULTS: dict[str, tuple[object, str, Callable[..., Callable[..., object]]]] = {
    "I1": (receipt_store, "insert_file", lambda put: lambda tx, file, lines: put(tx, file, lines[:-1])),
    "I2": (reconciliation, "agreed_of", lambda agreed: lambda _, *given, **more: agreed((), *given, **more)),
    "I3": (fares, "_take_back", lambda _: lambda *_given: None),
    "I4": (period_cases, "ride_of", _aboard),
    "I5": (values, "differences", lambda _: lambda *_given: ()),
    "I6": (receipt_store, "amounts_by_key", lambda _: lambda *_given: {}),
    "I7": (reconciliation, "rows_as_csv", _without_the_last),
    "I8": (period_store, "load_statement", lambda text: lambda *given: text(*given) + " "),
}


@pytest.mark.parametrize("name", FAULTS)
def test_each_invariant_notices_its_fault(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same games find what was planted, and the failure names the invariant."""
    place, attribute, falsified = FAULTS[name]
    monkeypatch.setattr(place, attribute, falsified(getattr(place, attribute)))
    with pytest.raises(AssertionError, match=rf"^{name}\b"):
        play(10, steps=1)
