"""
A labelled town of payers, made from a seed: riders, what they owe, and lines of bills with the truth beside.

Names repeat as real ones do; remarks are written as parents write them, with typos, traditional
characters, odd classes, several children, class teachers who pay for many, and noise. All invented.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from busops.domain.values import RiderId
from busops.finance.matching import ReceiptLine
from busops.finance.names import class_key, name_key
from busops.finance.payers import OpenCharge, PayerBook, PayingRider
from busops.finance.payment_codes import new_code
from tests.bench.payment_words import GIVEN, GRADES, PRICES, YEAR, Child, Writer

FIRST = date(2024, 3, 1)
WEEKENDS = 6
SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩邓冯曹彭曾肖田董潘袁蔡蒋余于杜"
    "叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫雷龙黎史陶贺"
    "毛段郝顾龚邵万覃武钱戴严莫孔向常"
)
UYGHUR = (
    "阿依古丽",
    "买买提",
    "古丽娜尔",
    "热依汗",
    "艾力",
    "吐尔逊",
    "阿卜杜",
    "玛依拉",
    "帕提古丽",
    "努尔",
)
NICKNAMES = ("平安是福", "风轻云淡", "春暖花开", "静待花开", "A小店", "阳光", "岁月静好", "幸福一家")
KINDS = {
    "code": 14, "number": 30, "name and class": 29, "unique name": 7, "payer known": 5, "siblings named": 3,
    "siblings, one named": 2, "teacher for many": 0.4, "typo with class": 3.2, "typo, known guardian": 0.8,
    "wrong digit": 0.3, "other amount": 1.2, "paid twice": 1, "nameless": 1.6, "another fee": 1.5,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """Whose money a line is (rider → fen; nobody's where empty), and how it was written."""

    kind: str
    parts: dict[RiderId, int]
    is_matchable: bool


@dataclass(slots=True, kw_only=True)
class Town:
    """Children, lines and the truth of each line by its key; ``links`` are payers known from before."""

    children: dict[RiderId, Child]
    lines: list[ReceiptLine] = field(default_factory=list)
    truths: dict[str, Truth] = field(default_factory=dict)
    links: dict[str, frozenset[RiderId]] = field(default_factory=dict)

    def book(self) -> PayerBook:
        """What everybody owes: every weekend of every child, nothing paid yet."""
        riders = {
            child.rider_id: PayingRider(
                rider_id=child.rider_id,
                name=name_key(child.name),
                class_key=class_key(GRADES[child.grade], f"{child.number}班", YEAR),
                guardian=name_key(child.guardian),
                band=child.band,
                pay_code=child.code,
            )
            for child in self.children.values()
        }
        prices = {(band, "WEEKEND"): fen for band, fen in PRICES.items()}
        book = PayerBook(riders=riders, prices=prices, year=YEAR, links=self.links)
        return book.add(
            OpenCharge(
                rider_id=child.rider_id,
                unit_key=f"WEEKEND:{FIRST + timedelta(weeks=week)}",
                code=f"CH{child.rider_id}{week}",
                due_fen=child.fen,
                paid_fen=0,
                band=child.band,
                from_on=FIRST + timedelta(weeks=week),
            )
            for child in self.children.values()
            for week in range(WEEKENDS)
        )


def make_town(riders: int, receipts: int, seed: int) -> Town:
    """The town of a seed: so many riders, about so many receipts (a teacher's counts as one)."""
    random = Random(seed)
    town = Town(children=_children(random, riders))
    _Payers(random, town).pay(receipts)
    random.shuffle(town.lines)
    return town


def _children(random: Random, count: int) -> dict[RiderId, Child]:
    weights = [1 / (rank + 3) for rank in range(len(SURNAMES))]
    given = [1 / (rank + 20) for rank in range(len(GIVEN))]
    classes = max(count // 270, 2)
    taken: set[str] = set()
    made: dict[RiderId, Child] = {}

    def name(surname: str) -> str:
        long = 1 if random.random() < 0.15 else 2
        return surname + "".join(random.choices(GIVEN, given, k=long))

    at = 0
    while len(made) < count:
        (surname,) = random.choices(SURNAMES, weights)
        guardian = name(surname if random.random() < 0.6 else random.choices(SURNAMES, weights)[0])
        is_family = random.random() < 0.06
        for _ in range(random.choice((2, 2, 2, 3, 4)) if is_family else 1):
            at += 1
            grade = random.randint(7, 12)
            number = RiderId(f"{(YEAR - grade % 3) % 100:02}{at:06}" if at % 5 else f"00{100_000 + at:06}")
            code = new_code(number, taken)
            taken.add(code)
            is_uyghur = random.random() < 0.02
            called = f"{random.choice(UYGHUR)}·{random.choice(UYGHUR)}" if is_uyghur else name(surname)
            child = Child(
                rider_id=number,
                name=called,
                grade=grade,
                number=random.randint(1, classes),
                guardian=guardian,
                band=random.choice("AABBCCDE"),
                code=code,
            )
            made[number] = child
    return made


class _Payers:
    """Draws who pays how; what a child owes is paid at most once, but for those who pay twice."""

    def __init__(self, random: Random, town: Town) -> None:
        self.random, self.town, self.write = random, town, Writer(random)
        self.left = dict.fromkeys(town.children, WEEKENDS)
        self.ids = list(town.children)
        self.families: dict[str, list[Child]] = defaultdict(list)
        self.classes: dict[tuple[int, int], list[Child]] = defaultdict(list)
        self.namesakes: dict[str, int] = defaultdict(int)
        self.of_guardian: dict[str, int] = defaultdict(int)
        root, guardian = "", ""
        for child in town.children.values():
            root = root if child.guardian == guardian else child.rider_id
            guardian = child.guardian
            self.families[root].append(child)
            self.classes[child.grade, child.number].append(child)
            self.namesakes[name_key(child.name)] += 1
            self.of_guardian[child.guardian] += 1
        self.brothers = [family for family in self.families.values() if len(family) > 1]

    def pay(self, receipts: int) -> None:
        """Lines until there are as many as asked for or everything is paid."""
        kinds, weights = list(KINDS), list(KINDS.values())
        owing = self.ids
        for attempt in range(3 * receipts):
            if attempt % 500 == 0:
                owing = [rider_id for rider_id in owing if self.left[rider_id] > 0]
            if not owing or len(self.town.lines) >= receipts:
                return
            (kind,) = self.random.choices(kinds, weights)
            child = self.town.children[self.random.choice(owing)]
            if self.left[child.rider_id] > 0:
                self._pay(kind, child)

    def _pay(self, kind: str, child: Child) -> None:
        """One payment of this kind for this child, or by number where the child cannot be paid for so."""
        is_only_child = self.of_guardian[child.guardian] == 1
        match kind:
            case "siblings named" | "siblings, one named":
                self._siblings(kind, self.random.choice(self.brothers))
            case "teacher for many":
                self._teacher(child)
            case "code":
                self._code(child)
            case "typo, known guardian" | "wrong digit" if is_only_child:
                typed = (
                    f"{self.write.typo(child.name)} 车费" if kind[0] == "t" else self.write.wrong_digit(child)
                )
                self._line(kind, {child: child.fen}, typed, payer=child.guardian)
            case "paid twice":
                self._line("number", {child: child.fen * self.left[child.rider_id]}, child.rider_id)
                self.left[child.rider_id] = 0
                self._line(kind, {child: child.fen}, f"{child.rider_id} 校车费", on=60)
            case "another fee":
                fee = self.random.choice(("伙食费", "住宿费", "校服费", "资料费"))
                remark = f"{self.write.school_class(child)}{child.name}{fee}"
                self._line(kind, {}, remark, fen=self.random.randint(100, 900) * 100)
            case _:
                self._plain(kind, child)

    def _plain(self, kind: str, child: Child) -> None:
        """A payment of one weekend, the remark as the kind has it."""
        draw = self.random
        match kind:
            case "unique name" if self.namesakes[name_key(child.name)] == 1:
                self._line(kind, {child: child.fen}, self.write.noisy(child.name))
            case "typo with class":
                self._line(
                    kind,
                    {child: child.fen},
                    f"{self.write.school_class(child)}{self.write.typo(child.name)}车费",
                )
            case "payer known":
                key = f"openid-{child.rider_id}"
                self.town.links[key] = frozenset({child.rider_id})
                remark = draw.choice(("", "校车费", "车费 谢谢老师", child.name))
                self._line(kind, {child: child.fen}, remark, payer_key=key)
            case "name and class":
                self._line(kind, {child: child.fen}, self.write.named(child))
            case "other amount":
                named = self.write.named(child) if draw.random() < 0.5 else f"{child.rider_id} 校车"
                self._line(kind, {child: child.fen - 500}, named)
            case "nameless":
                self._line(
                    kind, {child: child.fen}, draw.choice(("", "校车费")), is_matchable=False, payer=""
                )
            case _:
                self._line("number", {child: child.fen}, self.write.number(child))

    def _code(self, child: Child) -> None:
        if self.random.random() < 0.5:
            self._line("code", {child: child.fen}, self.write.noisy(child.code))
        else:
            week = WEEKENDS - self.left[child.rider_id]
            self._line("code", {child: child.fen}, "", code=f"CH{child.rider_id}{week}")

    def _siblings(self, kind: str, family: list[Child]) -> None:
        if any(self.left[child.rider_id] <= 0 for child in family):
            return
        parts = {child: child.fen for child in family}
        if kind == "siblings named":
            joint = self.random.choice(("、", " ", "和", "，"))
            remark = joint.join(f"{self.write.school_class(child)}{child.name}" for child in family)
        else:
            remark = f"{self.write.school_class(family[0])}{family[0].name}和弟弟妹妹车费"
        self._line(kind, parts, remark, payer=family[0].guardian)

    def _teacher(self, child: Child) -> None:
        mates = [one for one in self.classes[child.grade, child.number] if self.left[one.rider_id] > 0]
        chosen = mates[: self.random.randint(5, 20)]
        if len(chosen) < 2 or len({one.name for one in chosen}) < len(chosen):
            return
        joint = self.random.choice(("、", "", "，", " "))
        names = joint.join(one.name for one in chosen)
        told = f"{len(chosen)}人" if self.random.random() < 0.7 else ""
        self._line(
            "teacher for many",
            {one: one.fen for one in chosen},
            f"{self.write.school_class(child)}{names}{told}",
        )

    def _line(
        self,
        kind: str,
        parts: dict[Child, int],
        remark: str,
        *,
        fen: int = 0,
        on: int | None = None,
        is_matchable: bool = True,
        payer: str | None = None,
        payer_key: str = "",
        code: str = "",
    ) -> None:
        at = len(self.town.lines) + 1
        for child in parts:
            self.left[child.rider_id] -= 1
        if payer is None:
            shown = self.random.random()
            payer = self.random.choice(NICKNAMES) if shown < 0.5 or not parts else ""
            payer = next(iter(parts)).guardian if not payer and shown < 0.8 else payer
        day = self.random.randint(0, 40) if on is None else on
        line = ReceiptLine(
            source="town",
            line=at,
            cell=f"A{at}",
            paid_on=FIRST + timedelta(days=day),
            amount_fen=fen or sum(parts.values()),
            remark=remark,
            reference=f"4200002024{at:09}",
            rider_hint="",
            row_key=f"k{at}",
            payer=payer,
            payer_key=payer_key,
            code=code,
        )
        self.town.lines.append(line)
        truth = {child.rider_id: paid for child, paid in parts.items()}
        self.town.truths[line.row_key] = Truth(kind=kind, parts=truth, is_matchable=is_matchable)
