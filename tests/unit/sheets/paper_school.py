"""Every sheet of a small month, made from the closed run: for tests of files, paper and spreadsheets."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Final

from busops.domain.people import Actor, Role
from busops.finance.costs import CostLine
from busops.finance.refunds import RefundTrigger
from busops.services import costs, fares, receipts, refunds, sheet_papers
from busops.services.refunds import Asked
from busops.services.sheet_papers import Wanted
from busops.sheets.papers.document import Document, SheetKind, Stamp
from tests.unit.services.money_scene import HOME, LEAD, MoneyScene, a_bill, a_closed_run

CHECKER: Final = Actor(user_id="checker", role=Role.DISPATCHER, name="校车组")
STAMP: Final = Stamp(name="=出纳", at=datetime(2026, 3, 20, 1, 2, 3, tzinfo=UTC))
BILL: Final = a_bill(
    "2026-03-14,10.00,甲,校车费,4200001234567,20230002",
    "2026-03-14,10.00,乙,校车费,4200001234568,20230006",
    "2026-03-14,8.00,=cmd|' /C calc'!A0,+SUM(1),TX3,",
)


def a_paid_month(database, settings, ids) -> MoneyScene:
    """Eleven owe 10.00; two paid, one gets 2.00 back: asked, checked and approved; costs are 95.50."""
    made = a_closed_run(database, settings, ids)
    fares.charge_closed_runs(made.database, **made.acting)
    preview = receipts.preview(made.database, file_name="bill.csv", content=BILL, **made.acting)
    receipts.accept(made.database, preview.batch_id, **made.acting)
    lines = [
        CostLine(on=date(2026, 3, 13), code="C01", fen=4_550, note="=1+1"),
        CostLine(on=date(2026, 3, 14), code="C10", fen=5_000, is_estimate=True),
    ]
    costs.add_costs(made.database, lines, **made.acting)
    asked = Asked(
        rider_id="20230006", unit_key=HOME, trigger=RefundTrigger.SCHOOL_FAULT, fen=200, note="等车太久"
    )
    (refund_id,) = refunds.request(made.database, asked, **made.acting)
    refunds.check(made.database, refund_id, clock=made.clock, by=CHECKER)
    refunds.approve(made.database, refund_id, clock=made.clock, ids=made.ids, by=LEAD)
    return made


def every_sheet(made: MoneyScene, locale: str = "zh") -> dict[SheetKind, Document]:
    """All sheets of March 2026."""
    wanted = Wanted(kind=SheetKind.NET, from_on=date(2026, 3, 1), to_on=date(2026, 3, 31), locale=locale)
    return {
        kind: sheet_papers.make(made.database, replace(wanted, kind=kind), clock=made.clock)
        for kind in SheetKind
    }
