"""
What parents write into remarks: numbers, names and classes in their many forms, with the slips they make.

Words only; who pays what is ``payment_town.py``.
"""

from dataclasses import dataclass
from random import Random

from busops.domain.values import RiderId
from busops.finance.script import _PAIRS, sound_alike

YEAR = 2023
PRICES = {"A": 1600, "B": 2400, "C": 3200, "D": 4800, "E": 5600}
GIVEN = (
    "伟芳娜敏静丽强磊洋艳勇军杰娟涛明超秀霞平刚桂英华慧鑫宇浩轩涵梓欣怡子雨佳俊晨思诗琪悦彤瑞博文梦嘉睿泽铭昊天语"
    "萱妍可馨依然若汐一诺雅婷玉洁晓东海燕春梅建国志鹏飞龙凯旋婉清新月红梅丹阳光辉新雪莲花兰香玲珍珠云峰林森松柏"
)
GRADES = {7: "初一", 8: "初二", 9: "初三", 10: "高一", 11: "高二", 12: "高三"}
TO_OLD = {new: old for old, new in zip(_PAIRS[::2], _PAIRS[1::2], strict=True) if old != new}


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """An invented rider."""

    rider_id: RiderId
    name: str
    grade: int
    number: int
    guardian: str
    band: str
    code: str

    @property
    def fen(self) -> int:
        """What a weekend costs."""
        return PRICES[self.band]


class Writer:
    """Writes remarks; every draw comes from one seeded source."""

    def __init__(self, random: Random) -> None:
        self._random = random

    def number(self, child: Child) -> str:
        forms = ("{0}", "{0} 校车费", "学号{0}", "{0}{1}", "{1} {0}", "{2}{1}{0}")
        number = child.rider_id.lstrip("0") if self._random.random() < 0.2 else child.rider_id
        return self._random.choice(forms).format(number, child.name, self.school_class(child))

    def wrong_digit(self, child: Child) -> str:
        at = self._random.randrange(4, len(child.rider_id))
        digit = str((int(child.rider_id[at]) + self._random.randint(1, 9)) % 10)
        return f"{child.rider_id[:at]}{digit}{child.rider_id[at + 1 :]} 车费"

    def named(self, child: Child) -> str:
        name = child.name
        if self._random.random() < 0.06:
            name = "".join(TO_OLD.get(character, character) for character in name)
        if self._random.random() < 0.05:
            name = f"{name[0]}　{name[1:]}" if "·" not in name else name.replace("·", "•")
        forms = (
            "{c}{n}",
            "{c} {n} 校车费",
            "{n} {c}",
            "交{n}同学乘车费 {c}",
            "{c}{n}家长",
            "{n}，{c}，周末车费",
        )
        text = self._random.choice(forms).format(c=self.school_class(child), n=name)
        return f"\u200b{text}" if self._random.random() < 0.02 else text

    def noisy(self, text: str) -> str:
        return self._random.choice(("{0}", "{0} 校车费", "校车费{0}", "{0}同学车费", "{0}3月车费")).format(
            text
        )

    def school_class(self, child: Child) -> str:
        stage, grade = GRADES[child.grade][0], GRADES[child.grade][1]
        entered = YEAR - "一二三".index(grade)
        by_number = "七八九"[child.grade - 7] if child.grade < 10 else f"{stage}{grade}"
        forms = (
            f"{stage}{grade}{child.number}班",
            f"{stage}{grade}（{child.number}）班",
            f"{by_number}年级{child.number}班",
            f"{by_number}({child.number})班",
            f"{stage}{entered}级{child.number}班",
            f"{stage}{grade}.{child.number}班",
        )
        return self._random.choice(forms)

    def typo(self, name: str) -> str:
        """A name as it is mistyped: by sound where a character of that sound is known, or one missing."""
        at = self._random.randrange(1, len(name))
        alike = [one for one in GIVEN if one != name[at] and sound_alike(one, name[at])]
        if len(name) > 2 and self._random.random() < 0.15:
            return name[:at] + name[at + 1 :]
        return name[:at] + self._random.choice(alike or list(GIVEN)) + name[at + 1 :]
