"""
A term's money played through the services: bills, claims, refunds, allowances, late closures, closes.

Each act is what a person presses; one that the services refuse changes nothing, which is counted.
Beside the books stands what the acts brought in by the test's own sums.
"""

import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy.exc import IntegrityError

from busops.domain.errors import BusopsError
from busops.domain.people import Actor, Role
from busops.domain.values import RiderId
from busops.finance.allowances import Allowance, AllowanceKind, AllowanceState
from busops.finance.costs import CostLine
from busops.finance.matching import ReceiptStatus, Share
from busops.finance.refunds import RefundState, RefundTrigger
from busops.finance.statement import text_of
from busops.services import (
    accounts,
    allowances,
    claims,
    costs,
    fares,
    periods,
    receipts,
    reconciliation,
    refund_lines,
    refunds,
)
from busops.services.refunds import Asked
from busops.storage import receipt_store, refund_store
from busops.storage.period_store import PeriodState
from tests.machine import CountingIds, FixedClock
from tests.property import term_maker
from tests.property.term_maker import RIDERS, Drawn
from tests.unit.sheets import bill_files as make

CLERK = Actor(user_id="clerk", role=Role.FINANCE, name="出纳")
SECOND = Actor(user_id="clerk-2", role=Role.FINANCE, name="出纳二")
LEAD = Actor(user_id="lead", role=Role.FINANCE_LEAD, name="负责人")
BUS = Actor(user_id="bus", role=Role.DISPATCHER, name="校车组")
AMOUNTS: Final = (500, 700, 1_000, 1_500, 2_000, 2_500, 3_000, 6_000, 20_000)
MONTHS: Final = ("2026-02", "2026-03")
WAITING: Final = (ReceiptStatus.UNIDENTIFIED, ReceiptStatus.PARTIAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """One payment of a bill: a number, fen, and what its remark says; ``back`` = what of it went back."""

    number: int
    fen: int
    remark: str
    back: str = ""

    def row(self) -> make.Row:
        """The payment as WeChat writes it."""
        own = {"商品名称": "退款" if self.back else self.remark, "商户数据包": "", "手续费": "0.00000"}
        if self.back:
            return make.wechat_back(self.number, self.fen, 微信退款单号=self.back, **own)
        return make.wechat_paid(self.number, self.fen, **own)


class PlayedTerm:
    """The books of a drawn term, the acts that can be tried on them, and what is expected of them."""

    def __init__(self, drawn: Drawn) -> None:
        self.database, self.folder = term_maker.make(drawn)
        self.clock, self.ids = FixedClock(term_maker.AFTER), CountingIds()
        self.reached: Counter[str] = Counter()
        self.rode = {n: (1, term_maker.of_bits(bits)) for n, bits in enumerate(drawn.rode)}
        self.bills: list[tuple[Paid, ...]] = []
        self.brought: dict[tuple[int, str], int] = {}  # every line by number and refund, fen as signed
        self.signed: dict[str, str] = {}
        self.numbers = 0

    def end(self) -> None:
        """The file is gone."""
        self.database.engine.dispose()
        shutil.rmtree(self.folder)

    @property
    def acting(self) -> dict[str, Any]:
        """What services of the clerk ask for."""
        return {"clock": self.clock, "ids": self.ids, "by": CLERK}

    def attempt(self, name: str, act: Callable[[], object]) -> bool:
        """The act is taken, or the services refuse it and nothing changed."""
        try:
            act()
        except BusopsError:
            self.reached[f"refused {name}"] += 1
            return False
        self.reached[name] += 1
        return True

    # Charges and rides

    def charge(self) -> None:
        """Every closed run is charged."""
        fares.charge_closed_runs(self.database, **self.acting)
        self.reached["charged"] += 1

    def close_again(self, run: int, bits: int) -> None:
        """A run has another closure with these riders, and the charges follow it."""
        version, rode = self.rode[run][0] + 1, term_maker.of_bits(bits)
        term_maker.close(self.folder / "term.sqlite3", {run: (version, rode)})
        self.rode[run] = version, rode
        outcome = fares.charge_closed_runs(self.database, **self.acting)
        self.reached["taken back"] += outcome.reversed
        closed = {f"{on:%Y-%m}" for on in term_maker.FRIDAYS[run // 2 : run // 2 + 1]} & set(self.signed)
        self.reached["adjusted"] += bool(closed and outcome.reversed)

    # Money in

    def a_payment(self, rider: int, amount: int, words: int) -> Paid:
        """A new payment: by a number, a name, or by nobody known."""
        self.numbers += 1
        rider_id = RIDERS[rider % len(RIDERS)]
        told = (f"校车费 {rider_id}", f"学生{int(rider_id[-4:])}", "谢谢老师", f"{rider_id} 校车,车费")
        return Paid(number=self.numbers, fen=AMOUNTS[amount % len(AMOUNTS)], remark=told[words % len(told)])

    def overpay(self, rider: int) -> bool:
        """A charged rider pays more than he owes, by his number."""
        charges = [one.stored.charge for one in fares.list_charges(self.database)]
        if not charges:
            return False
        charge = charges[rider % len(charges)]
        self.numbers += 1
        fen = charge.due_fen + AMOUNTS[0]  # three times the price would be no slip, and wait
        self.bill((Paid(number=self.numbers, fen=fen, remark=f"校车费 {charge.rider_id}"),))
        return True

    def bill(self, lines: tuple[Paid, ...], *, lie_fen: int = 0) -> receipts.Preview:
        """The bill is previewed and booked; with ``lie_fen`` its own total is that much off."""
        total = sum(line.fen for line in lines if not line.back)
        lie = {"订单总金额": make.yuan(total + lie_fen)} if lie_fen else {}
        content = make.wechat_bill(*(line.row() for line in lines), **lie)
        preview = receipts.preview(
            self.database, file_name=f"b{len(self.bills)}.csv", content=content, **self.acting
        )
        assert preview.is_acceptable != bool(lie_fen), f"I5: {lie_fen} fen off, {preview.findings}"
        if lie_fen:
            self.reached["lie refused"] += 1
            return preview
        fresh = {(line.number, line.back): -line.fen if line.back else line.fen for line in lines}
        new = fresh.keys() - self.brought.keys()
        try:
            accepted = receipts.accept(self.database, preview.batch_id, **self.acting)
        except IntegrityError as error:  # the last wall: no line twice
            raise AssertionError(f"I6: {error.orig}") from error
        assert accepted.taken == len(new), f"I6: {accepted.taken} taken of {len(new)} new"
        self.reached["again"] += len(new) < len(lines)
        self.brought |= fresh
        self.bills.append(lines)
        return preview

    # Money to its riders

    def waiting(self) -> list[receipts.ReceiptRecord]:
        """What nobody has claimed."""
        return [one for one in receipts.list_receipts(self.database) if one.status in WAITING]

    def claim(self, at: int, rider: int, part: int) -> bool:
        """A waiting receipt, or a part of it, is given to a rider's unit by hand."""
        found, unit = self.waiting(), self.a_unit(rider)
        if not found or unit is None:
            return False
        record = found[at % len(found)]
        left = record.line.amount_fen - record.allocated_fen
        fen = left if part % 2 else max(1, left // 2)
        share = Share(rider_id=unit[0], unit_key=unit[1], fen=fen)
        return self.attempt(
            "claimed",
            lambda: claims.match_manually(self.database, record.receipt_id, [share], **self.acting),
        )

    def a_unit(self, rider: int, least_over_fen: int | None = None) -> tuple[RiderId, str] | None:
        """A unit that was charged; with a sum one that was paid, and so much more than is due."""
        units = [
            (one.stored.charge.rider_id, one.stored.charge.unit_key)
            for one in fares.list_charges(self.database)
            if least_over_fen is None
            or (one.paid_fen and one.paid_fen - one.stored.charge.due_fen >= least_over_fen)
        ]
        return units[rider % len(units)] if units else None

    def set_aside(self, at: int) -> bool:
        """A waiting receipt is no bus fee."""
        found = self.waiting()
        return bool(found) and self.attempt(
            "set aside",
            lambda: claims.mark_not_bus_fee(
                self.database, found[at % len(found)].receipt_id, note="伙食费", clock=self.clock, by=CLERK
            ),
        )

    def take_back(self, at: int) -> bool:
        """What a receipt was given to is undone."""
        found = [one for one in receipts.list_receipts(self.database) if one.shares]
        return bool(found) and self.attempt(
            "given back",
            lambda: claims.take_back(self.database, found[at % len(found)].receipt_id, **self.acting),
        )

    def carry(self, rider: int, to: int) -> bool:
        """What was paid too much for one unit pays another of the same rider, the first that can."""
        charges = [item.stored.charge for item in fares.list_charges(self.database)]
        for more in range(len(RIDERS)):
            one = self.a_unit(rider + more, 1)
            if one is None:
                return False
            own = [each.unit_key for each in charges if each.rider_id == one[0]]
            others = [unit_key for unit_key in own if unit_key != one[1]]
            if others and self._carry(one, others[to % len(others)]):
                return True
        return False

    def _carry(self, one: tuple[RiderId, str], other: str) -> bool:
        return self.attempt(
            "carried", lambda: accounts.carry_over(self.database, one[0], one[1], other, **self.acting)
        )

    # Money that need not come, or goes back

    def allow(self, rider: int, amount: int, *, bad_debt: bool) -> bool:
        """An allowance on what is unpaid, seldom on more, is proposed and agreed to by the lead."""
        owed = {
            (one.stored.charge.rider_id, one.stored.charge.unit_key): one.stored.charge.due_fen - one.paid_fen
            for one in fares.list_charges(self.database)
            if one.stored.charge.due_fen > one.paid_fen
        }
        if not owed:
            return False
        unit = sorted(owed)[rider % len(owed)]
        most = owed[unit] + rider // 30
        kind = AllowanceKind.BAD_DEBT if bad_debt else AllowanceKind.HARDSHIP
        wanted = Allowance(
            allowance_id=self.ids.new(), rider_id=unit[0], unit_key=unit[1], kind=kind,
            fen=min(AMOUNTS[amount % len(AMOUNTS)] // 2, most),
            state=AllowanceState.PROPOSED, proposed_by="clerk",
        )  # fmt: skip

        def both() -> None:
            allowances.propose_allowance(self.database, wanted, note="x", clock=self.clock, by=CLERK)
            allowances.decide_allowance(
                self.database, wanted.allowance_id, agree="APPROVED", note="", clock=self.clock,
                ids=self.ids, by=LEAD,
            )  # fmt: skip

        return self.attempt("written off" if bad_debt else "waived", both)

    def ask_back(self, rider: int, *, overpaid: bool) -> bool:
        """The bus team asks a rider's money back."""
        unit = self.a_unit(rider, 1 if overpaid else 0)
        if unit is None:
            return False
        trigger = RefundTrigger.OVERPAID if overpaid else RefundTrigger.SCHOOL_FAULT
        asked = Asked(rider_id=unit[0], unit_key=unit[1], trigger=trigger, note="x")
        acting = {"clock": self.clock, "ids": self.ids, "by": BUS}
        return self.attempt("asked", lambda: refunds.request(self.database, asked, **acting))

    def step(self, at: int) -> bool:
        """A refund takes its next step; the last is its line in a new bill."""
        with self.database.reading() as tx:
            found = [one.refund for one in refund_store.load_refunds(tx)]
        open_ = [one for one in found if one.state not in {RefundState.RECONCILED, RefundState.REFUSED}]
        if not open_:
            return False
        refund = open_[at % len(open_)]
        with self.database.reading() as tx:
            number = int(receipt_store.load_receipt(tx, refund.receipt_id).line.reference[-12:])
        acting = {"clock": self.clock, "ids": self.ids}
        back, refund_id = f"5030{refund.refund_id[-12:]}", refund.refund_id
        steps: dict[RefundState, Callable[[], object]] = {
            RefundState.REQUESTED: lambda: refunds.check(self.database, refund_id, clock=self.clock, by=BUS),
            RefundState.CHECKED: lambda: refunds.approve(self.database, refund_id, **acting, by=LEAD),
            RefundState.APPROVED: lambda: refunds.pay(
                self.database, refund_id, reference=back, **acting, by=CLERK
            ),
            RefundState.PAID: lambda: self._see(Paid(number=number, fen=refund.fen, remark="", back=back)),
        }
        return self.attempt(f"from {refund.state}", steps[refund.state])

    def _see(self, line: Paid) -> None:
        self.bill((line,))
        seen = refund_lines.look_for_lines(self.database, **self.acting)
        self.reached["seen in a bill"] += seen

    # Costs and the end of a month

    def spend(self, amount: int) -> None:
        """A cost of March."""
        self.numbers += 1
        line = CostLine(on=date(2026, 3, 13), code="C01", fen=AMOUNTS[amount % len(AMOUNTS)])
        costs.enter_cost(self.database, line, **self.acting)

    def close_month(self) -> bool:
        """The next month: all that waits is disposed of, two sign, and it is closed; what it said is kept."""
        month = next((one for one in MONTHS if one not in self.signed), None)
        if month is None:
            return False
        waiting = {one.kind for one in periods.show_period(self.database, month, clock=self.clock).waiting}
        for kind in sorted(waiting):
            periods.dispose(self.database, month, kind, note="x", clock=self.clock, by=CLERK)

        def both() -> None:
            periods.prepare_period(self.database, month, clock=self.clock, ids=self.ids, by=SECOND)
            periods.close_period(self.database, month, clock=self.clock, by=LEAD)

        if not self.attempt("month closed", both):
            return False
        self.signed[month] = self.month_says(month)
        assert periods.list_periods(self.database)[MONTHS.index(month)].state is PeriodState.CLOSED
        return True

    def month_says(self, month: str) -> str:
        """What a month's reconciliation says as the books stand now."""
        first, last = periods.days_of(month)
        result = reconciliation.reconcile(self.database, clock=self.clock, period_from=first, period_to=last)
        return text_of(result.statement)
