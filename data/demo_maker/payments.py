"""The invented payments of the first weekend, with the faults that real payments have, each written down."""
# ruff: noqa: PLR2004 - the numbers are the facts of an invented school

from dataclasses import dataclass, field
from random import Random

from demo_maker.money import FARES, Due
from demo_maker.people import DemoRider

WEEKEND = "2026-11-13"
BEFORE = ("2026-11-10", "2026-11-11", "2026-11-12", "2026-11-13")
LATE = ("2026-11-16", "2026-11-17", "2026-11-18")
PLATFORM, WECHAT = "platform-2026-11-13.csv", "wechat-2026-11-13.xlsx"
CASH, WECHAT_LATE = "cash-2026-11-13.xlsx", "wechat-late-2026-11-18.xlsx"
NICKNAMES = ("平安是福", "风轻云淡", "春暖花开")
STAGE_NUMBER = {"初一": "七", "初二": "八", "初三": "九"}
ENTERED = {
    "初一": "初2026级",
    "初二": "初2025级",
    "初三": "初2024级",
    "高一": "高2026级",
    "高二": "高2025级",
    "高三": "高2024级",
}
SPELLINGS = 6


@dataclass(slots=True, kw_only=True)
class Line:
    """A line of a receipts file; ``number`` is its row once the file is laid out."""

    file: str
    paid_on: str
    fen: int
    payer: str
    remark: str
    rider: DemoRider | None = None
    state: str = "已支付"
    reference: str = ""
    number: int = 0


@dataclass(slots=True, kw_only=True)
class Fault:
    """A planted fault: what it is, its lines with the status each must get, and the rows it must show as."""

    kind: str
    lines: list[tuple[Line, str]] = field(default_factory=list)
    rows: list[dict[str, object]] = field(default_factory=list)

    def expect(self, dues: list[Due], status: str, *flags: str) -> None:
        """Every unit of these dues must have the status."""
        for due in dues:
            row = {
                "rider_id": due.rider.rider_id,
                "unit": due.unit_key,
                "status": status,
                "flags": list(flags),
            }
            self.rows.append(row)


def rider_of(line: Line) -> DemoRider:
    """The rider of a line of the platform or the cash book."""
    if line.rider is None:
        raise LookupError(line.remark)
    return line.rider


class Payments:
    """Draws who pays how; each rider is drawn once, for a fault or for a plain payment."""

    def __init__(self, random: Random, dues: list[Due]) -> None:
        self.random = random
        self.lines: list[Line] = []
        self.faults: list[Fault] = []
        self.dues: dict[str, list[Due]] = {}
        for due in dues:
            self.dues.setdefault(due.rider.rider_id, []).append(due)
        self.riders = {due.rider.rider_id: due.rider for due in dues}
        self.families: dict[str, list[str]] = {}
        for rider in self.riders.values():
            self.families.setdefault(rider.guardian, []).append(rider.rider_id)
        self.free = list(self.riders)
        random.shuffle(self.free)

    def make(self) -> tuple[list[Line], list[Fault]]:
        """Every payment of the weekend and the faults among them."""
        self._siblings()
        self._waived()
        self._amounts()
        self._identities()
        self._others()
        for rider_id in list(self.free):
            self._plain(rider_id)
        return self.lines, self.faults

    def _take(self, bands: str, *, same_name_ok: bool = True) -> DemoRider:
        """The next free only child of these bands who rides both ways and pays in full."""
        names = [rider.name for rider in self.riders.values()]
        for rider_id in self.free:
            rider, dues = self.riders[rider_id], self.dues[rider_id]
            is_plain = not rider.waiver and len(self.families[rider.guardian]) == 1
            rides_both = len(dues) == (2 if rider.stop.band in "AB" else 1)
            if (
                is_plain
                and rides_both
                and rider.stop.band in bands
                and (same_name_ok or names.count(rider.name) == 1)
            ):
                self.free.remove(rider_id)
                return rider
        raise LookupError(bands)

    def _due_fen(self, *riders: DemoRider) -> int:
        return sum(due.fen for rider in riders for due in self.dues[rider.rider_id])

    def _line(self, fen: int, payer: str, remark: str, *, late: bool = False, on: str = "") -> Line:
        on = on or self.random.choice(LATE if late else BEFORE)
        line = Line(file=WECHAT_LATE if late else WECHAT, paid_on=on, fen=fen, payer=payer, remark=remark)
        line.reference = f"42000026{on[5:7]}{on[8:]}{self.random.randrange(10**9):09}"
        self.lines.append(line)
        return line

    def _fault(self, kind: str) -> Fault:
        fault = Fault(kind=kind)
        self.faults.append(fault)
        return fault

    def _siblings(self) -> None:
        pairs = [
            ids for ids in self.families.values() if len(ids) == 2 and all(one in self.free for one in ids)
        ]
        pairs = [ids for ids in pairs if all(self._due_fen(self.riders[one]) > 0 for one in ids)][:7]
        named, half_named = self._fault("siblings_in_one_payment"), self._fault("siblings_one_named")
        for at, ids in enumerate(pairs):
            first, second = (self.riders[one] for one in ids)
            dues = [due for one in ids for due in self.dues[one]]
            fen = self._due_fen(first, second)
            if at < 4:
                remark = f"{_class(first)}{first.name}、{_class(second)}{second.name} 校车费"
                named.lines.append((self._line(fen, first.guardian, remark), "MATCHED"))
                named.expect(dues, "OK")
            else:
                remark = f"{first.grade}{first.class_no}班 {first.name} 两个孩子车费"
                half_named.lines.append(
                    (self._line(fen, first.guardian, remark, late=at == 6), "UNIDENTIFIED")
                )
                half_named.expect(dues, "RODE_UNPAID")
            for one in ids:
                self.free.remove(one)

    def _waived(self) -> None:
        fault = self._fault("waived")
        for rider_id in [one for one in self.free if self.riders[one].waiver == "全免"]:
            self.free.remove(rider_id)
            fault.expect(self.dues[rider_id], "WAIVED")

    def _amounts(self) -> None:
        """Wrong sums, in bands where the weekend is one unit, and nobody's money at all."""
        unpaid = self._fault("unpaid")
        for bands in ("A", "A", "B", "B", "C", "C", "D", "E"):
            unpaid.expect(self.dues[self._take(bands).rider_id], "RODE_UNPAID")
        double = self._fault("double")
        for at in range(3):
            rider = self._take("CD")
            fen, remark = self._due_fen(rider), _remark(rider)
            first = self._line(fen, rider.guardian, remark, on=BEFORE[at])
            second = self._line(fen, rider.guardian, remark, late=at == 0, on="" if at == 0 else BEFORE[-1])
            double.lines += [(first, "MATCHED"), (second, "DUPLICATE")]
            double.expect(self.dues[rider.rider_id], "OK", "DUPLICATE_PAYMENT")
        for kind, difference, status in (("underpaid", -1000, "UNDERPAID"), ("overpaid", 1000, "OVERPAID")):
            fault = self._fault(kind)
            for _ in range(3):
                rider = self._take("CD")
                line = self._line(self._due_fen(rider) + difference, rider.guardian, _remark(rider))
                fault.lines.append((line, "MATCHED"))
                fault.expect(self.dues[rider.rider_id], status)
        wrong = self._fault("wrong_band")
        for bands, other, status in (("C", "D", "OVERPAID"), ("D", "C", "UNDERPAID")):
            for late in (False, True):
                rider = self._take(bands)
                line = self._line(FARES[other][1], rider.guardian, _remark(rider), late=late)
                wrong.lines.append((line, "MATCHED"))
                wrong.expect(self.dues[rider.rider_id], status, "PRICE_BAND_MISMATCH")

    def _identities(self) -> None:
        """The right sum, but the payer is written oddly or not at all."""
        unknown = self._fault("unknown_payer")
        for at, nickname in enumerate(NICKNAMES):
            line = self._line(FARES["C"][1], nickname, "校车费", late=at == 2)
            unknown.lines.append((line, "UNIDENTIFIED"))
        variants = self._fault("spelling_variant")
        for at in range(SPELLINGS):
            rider = self._take("ABCD")
            line = self._line(self._due_fen(rider), rider.guardian, _odd_remark(rider, at))
            variants.lines.append((line, "MATCHED"))
            variants.expect(self.dues[rider.rider_id], "OK")
        zeros = self._fault("number_without_zero")
        for _ in range(3):
            rider = self._take("ABCD")
            line = self._line(self._due_fen(rider), rider.guardian, f"{rider.rider_id.lstrip('0')} 校车费")
            zeros.lines.append((line, "MATCHED"))
            zeros.expect(self.dues[rider.rider_id], "OK")
        nameless = self._fault("name_without_class")
        for _ in range(2):
            rider = self._take("ABCD", same_name_ok=False)
            line = self._line(self._due_fen(rider), rider.guardian, f"{rider.name} 车费")
            nameless.lines.append((line, "MATCHED"))
            nameless.expect(self.dues[rider.rider_id], "OK")

    def _others(self) -> None:
        meals = self._fault("not_bus_fee")
        for fen in (32_000, 45_000):
            rider = self._take("ABCD")
            meals.lines.append(
                (self._line(fen, rider.guardian, f"{_class(rider)} {rider.name} 伙食费"), "NOT_BUS_FEE")
            )
            self.free.append(rider.rider_id)
        refund = self._fault("refund_of_overpayment")
        rider = self._take("C")
        fen, remark = self._due_fen(rider), _remark(rider)
        paid = self._line(fen + 1000, rider.guardian, remark, on=BEFORE[0])
        back = self._line(-1000, rider.guardian, f"退款 {remark}", on=BEFORE[-1])
        refund.lines += [(paid, "MATCHED"), (back, "REFUND_LINE")]
        refund.expect(self.dues[rider.rider_id], "OK")
        failed = self._fault("payment_failed")
        for _ in range(2):
            rider = self._take("AB")
            self._platform(rider, state="支付失败")
            failed.expect(self.dues[rider.rider_id], "RODE_UNPAID")

    def _plain(self, rider_id: str) -> None:
        """A payment without a fault: the sum of the weekend by platform, WeChat or in cash."""
        rider = self.riders[rider_id]
        fen = self._due_fen(rider)
        if not fen:
            return
        draw = self.random.random()
        if draw < 0.55:
            self._platform(rider, state="已支付")
        elif draw < 0.90:
            self._line(fen, rider.guardian, _remark(rider), late=self.random.random() < 0.04)
        else:
            line = self._line(fen, rider.name, "")
            line.file, line.rider, line.reference = CASH, rider, ""

    def _platform(self, rider: DemoRider, *, state: str) -> None:
        line = self._line(self._due_fen(rider), rider.guardian, "")
        line.file, line.rider, line.state = PLATFORM, rider, state
        line.reference = f"JF{line.paid_on.replace('-', '')}{self.random.randrange(10**7):07}"


def _class(rider: DemoRider) -> str:
    return f"{rider.grade}{rider.class_no}班"


def _remark(rider: DemoRider) -> str:
    return f"{_class(rider)} {rider.name} 校车费"


def _odd_remark(rider: DemoRider, at: int) -> str:
    """The class and name of a rider as parents write them."""
    stage = STAGE_NUMBER.get(rider.grade)
    spaced = f"{rider.name[0]}　{rider.name[1:]}"
    by_number = f"{stage}年级{rider.class_no}班" if stage else f"{rider.grade}（{rider.class_no}）班"
    return (
        f"{rider.grade}（{rider.class_no}）班 {spaced}",
        f"{ENTERED[rider.grade]}({rider.class_no})班{rider.name}周末校车",
        f"{rider.name} {by_number} 车费",
        f"交{rider.name}同学乘车费 {rider.grade}.{rider.class_no}班",
        f"{rider.grade}{rider.class_no}班{rider.name}家长",
        f"{by_number}{spaced}11月车费",
    )[at % SPELLINGS]
