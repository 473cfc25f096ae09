"""A small school for the finance tests: eight riders, their charges and lines of a bill."""

from datetime import date

from busops.finance.matching import ReceiptLine
from busops.finance.names import class_key, name_key
from busops.finance.payers import OpenCharge, PayerBook, PayingRider

FRIDAY = date(2024, 3, 8)
UNIT = "WEEKEND:2024-03-08"
PRICES = {("A", "WEEKEND"): 1600, ("B", "WEEKEND"): 2400}

# number, name, grade, class, guardian, band; 张伟 twice, 王 two sisters and a brother
PUPILS = (
    ("20230001", "张伟", "高一", "1班", "张建", "A"),
    ("20230002", "张伟", "高一", "2班", "张国", "A"),
    ("20230003", "王芳", "高一", "1班", "王强", "A"),
    ("20230004", "王丽", "高二", "3班", "王强", "B"),
    ("20230005", "王刚", "初一", "1班", "王强", "A"),
    ("00230006", "李娜", "高一", "1班", "李明", "B"),
    ("20230007", "欧阳小华", "高一", "1班", "欧阳山", "A"),
    ("20230008", "赵敏", "高一", "2班", "赵云", "A"),
)


def a_book(*owing: str, paid: dict[str, int] | None = None) -> PayerBook:
    """The book of the weekend; without names all but 赵敏 (20230008) owe their price."""
    riders = {
        number: PayingRider(
            rider_id=number,
            name=name_key(name),
            class_key=class_key(grade, class_name, 2023),
            guardian=name_key(guardian),
            band=band,
        )
        for number, name, grade, class_name, guardian, band in PUPILS
    }
    wanted = owing or tuple(number for number in riders if number != "20230008")
    book = PayerBook(riders=riders, prices=PRICES, year=2023, units_on_account=dict.fromkeys(riders, UNIT))
    return book.add(
        OpenCharge(
            rider_id=number,
            unit_key=UNIT,
            code=f"C{number}X",
            due_fen=PRICES[riders[number].band, "WEEKEND"],
            paid_fen=(paid or {}).get(number, 0),
            band=riders[number].band,
            from_on=FRIDAY,
        )
        for number in wanted
    )


def a_line(fen: int, remark: str = "", **changed: object) -> ReceiptLine:
    """A line of a bill over ``fen`` with a remark; everything else as changed."""
    facts: dict[str, object] = {
        "source": "bill.csv",
        "line": 2,
        "cell": "A2",
        "paid_on": FRIDAY,
        "amount_fen": fen,
        "payer": "",
        "remark": remark,
        "reference": "",
        "rider_hint": "",
    }
    facts |= changed
    facts.setdefault("row_key", f"{facts['source']}:{facts['line']}")
    return ReceiptLine(**facts)
