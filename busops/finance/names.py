"""
Names and classes as people write them in remarks, brought to one form for comparing.

What a name *means* (whose money it is) is ``matching.py``; here two spellings become equal
or they do not.
"""

import re
import unicodedata
from datetime import date
from functools import lru_cache
from typing import Final

from busops.finance.script import SIMPLER

_DOTS: Final = str.maketrans(dict.fromkeys("•・‧．∙●", "·"))
# A dot of a decimal form is no dot of a name: ７．３班 is class 7.3.
_DECIMAL: Final = re.compile(r"(?<=[0-9０-９])[．·•・‧](?=[0-9０-９])")
_ZERO_WIDTH: Final = re.compile(
    "[\u00ad\u034f\u061c\u115f\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe0f\ufeff]"
)
_DIGITS: Final = {word: str(at) for at, word in enumerate("一二三四五六七八九", 1)} | {"两": "2", "十": "10"}
# What a remark says besides the name; the longer words first.
_NOISE_WORDS: Final = (
    "乘车费用 周末校车 校车费用 转账备注 付款方留言 班主任 乘车费 坐车费 校车费 车票费 乘坐费 接送费 来回 "
    "往返 家长 妈妈 爸爸 奶奶 爷爷 外婆 外公 同学 学生 校车 班车 大巴 车费 车款 交费 缴费 交纳 缴纳 代交 "
    "代缴 周末 月份 学期 学年 本周 上周 下周 返校 离校 回家 转账 付款 收款 支付 姓名 班级 学号 备注 人民币 "
    "微信 支付宝 两个孩子 孩子 小孩 宝贝 老师 您好 你好 谢谢 感谢 辛苦 收到 请查收 查收 费用"
)
# What makes a payment another fee than the bus's.
OTHER_FEES: Final = (
    "伙食", "餐费", "学费", "住宿", "书本", "校服", "资料费", "水电", "保险", "班费", "体检",
)  # fmt: skip
_NOISE: Final = re.compile("|".join((*_NOISE_WORDS.split(), *(f"{fee}费?" for fee in OTHER_FEES))))
# What may stand beside a name and says nothing: and, pay, for, of, year, month, yuan.
FILLERS: Final = frozenset(
    "和与及跟同的交付给为替代是了元年月日号第次共合计人名个位在读家家车费钱款哦啊呀吧级班"
)
_NUMBER: Final = r"(?P<number>[0-9]{1,2}|[一二三四五六七八九]|[二三]?十[一二三四五六七八九]?)"
_GRADE: Final = (
    r"(?P<grade>20[0-9]{2}|十[一二]?(?=年级)|[一二三四五六七八九]"
    r"|1[0-2](?=年级)|[0-9]{1,2}(?=年?级|[.\-·(\[/]))"
)
# 高一3班 · 高一(3)班 · 高中一年级3班 · 初二.5班 · 七年级3班 · 七(3)班 · 高2023级3班 · 7.3班; 11班 is one
_CLASS: Final = re.compile(
    rf"(?:(?P<stage>[高初小])[中学]?)?(?:{_GRADE})?(?:年级|级)?(?P<late>[高初小](?=[中学]))?[中学]?"
    rf"[.\-·/_—]?[(\[]?{_NUMBER}[)\]]?班"
)
# The same without its last word, where it can be nothing else: 高一3 · 初2023级(3) · 七年级3; not 高一3月
_BARE: Final = re.compile(
    rf"(?:(?P<stage>[高初])[中]?{_GRADE}(?:年级|级)?|(?P<grade2>[一二三四五六七八九])年级)"
    rf"[.\-·/_—]?[(\[]?{_NUMBER}[)\]]?(?![0-9月日号元人年天周点:.班])"
)
# 7.3 and 7(3): a class or a day; it may speak for a rider, never against one.
_MAYBE: Final = re.compile(
    r"(?<![0-9.])(?P<grade>[0-9]{1,2}|[一二三四五六七八九])(?:[.\-](?P<number>[0-9]{1,2})(?![0-9.年月元])"
    r"|[(\[](?P<inside>[0-9]{1,2}|[一二三四五六七八九十])[)\]])"
)
_PEOPLE: Final = re.compile(
    r"(?<![0-9])(?P<count>[1-9][0-9]?|[两二三四五六七八九十])个?(?:人(?!民)|名|位|孩子|学生|同学|娃)"
)
# Words for children who are not named.
_SIBLINGS: Final = re.compile("弟|妹|兄|哥|姐|双胞胎|俩|孩子们|[两三四二2-4]个?(?:孩子|小孩|娃|宝)")
_BEFORE: Final = {"小": 0, "初": 6, "高": 9}  # years of school before the stage begins
ENTRY_YEAR_DIGITS: Final = 4
SCHOOL_YEAR_BEGINS_MONTH: Final = 8
LAST_GRADE: Final = 12


@lru_cache(maxsize=4_096)
def plain(text: str) -> str:
    """The text in one form: NFKC, no blanks, one middle dot, simplified, upper case."""
    if text.isascii():
        return "".join(text.split()).upper()
    text = _DECIMAL.sub(".", text).translate(_DOTS)
    folded = _ZERO_WIDTH.sub("", unicodedata.normalize("NFKC", text))
    return "".join(folded.split()).translate(_DOTS).translate(SIMPLER).upper()


def name_key(name: str) -> str:
    """What two spellings of the same name have in common."""
    return plain(name)


def without_noise(text: str) -> str:
    """The plain text with a bar for each word that only says what the payment is for."""
    return drop_noise(plain(text))


def drop_noise(words: str) -> str:
    """As :func:`without_noise`, of a text that is plain already."""
    return _NOISE.sub("|", words)


def people_told(words: str) -> int | None:
    """How many people a plain text says it is for (``张三李四2人``), or None."""
    found = _PEOPLE.search(words)
    if found is None:
        return None
    return int(_DIGITS.get(found["count"], found["count"]))


def tells_siblings(words: str) -> bool:
    """Whether a plain text speaks of brothers and sisters (``和弟弟``, ``两个孩子``)."""
    return _SIBLINGS.search(words) is not None


def school_year(on: date) -> int:
    """The year in which the school year of a day began: lists change in August."""
    return on.year if on.month >= SCHOOL_YEAR_BEGINS_MONTH else on.year - 1


def class_keys(text: str, year: int | None = None) -> frozenset[str]:
    """
    Every class surely named in a text as ``grade.class``: ``10.3`` = 高一3班; ``.3`` where no grade is named.

    高一 = 10, 初一 = 七年级 = 7. An entry year (高2023级) becomes the grade it is in the school year
    ``year``; without its stage it may be any of three; without ``year`` it stays as written (``2023.3``).
    """
    return read_classes(plain(text), year)[0]


def read_classes(words: str, year: int | None = None) -> tuple[frozenset[str], frozenset[str], str]:
    """
    The classes of a plain text: those surely named, what may be a class or a day (``7.3``), and the rest.

    The second is good enough to choose between namesakes, not to exclude one. The rest has a bar for
    each class that is surely named.
    """
    if not any(character in _DIGITS or character.isdecimal() for character in words):
        return frozenset(), frozenset(), words
    sure = [key for match in _CLASS.finditer(words) for key in _keys(match, year)]
    rest = _CLASS.sub("|", words)
    sure += [key for match in _BARE.finditer(rest) for key in _keys(match, year)]
    rest = _BARE.sub("|", rest)
    maybe = [
        f"{_DIGITS.get(match['grade'], match['grade'])}.{_number(match['number'] or match['inside'])}"
        for match in _MAYBE.finditer(rest)
    ]
    return frozenset(sure), frozenset(maybe), rest


def class_key(grade: str, class_name: str, year: int | None = None) -> str:
    """The class of a rider in the form of :func:`class_keys`; his class name may repeat the grade or not."""
    named = plain(class_name)
    named = named if named.endswith("班") else f"{named}班"
    keys = class_keys(named, year)
    if keys and all(not key.startswith(".") for key in keys):
        return min(keys)
    return min(class_keys(f"{plain(grade)}.{named}", year), default=f"?.{named}")


def same_class(written: str, registered: str) -> bool:
    """Whether a class in a remark can be a rider's class; without a grade the number decides."""
    return written == registered or (written.startswith(".") and registered.partition(".")[2] == written[1:])


def _keys(match: re.Match[str], year: int | None) -> list[str]:
    parts = match.groupdict()
    number = _number(parts["number"])
    grade, stage = parts["grade"] or parts.get("grade2"), parts["stage"] or parts.get("late")
    if grade is None:
        return [f".{number}"]
    if len(grade) < ENTRY_YEAR_DIGITS:
        return [f"{_number(grade) + _BEFORE[stage or '小']}.{number}"]
    if year is None:
        return [f"{stage or ''}{grade}.{number}"]
    grades = [year - int(grade) + 1 + _BEFORE[one] for one in (stage or "小初高")]
    return [f"{one}.{number}" for one in grades if 1 <= one <= LAST_GRADE] or [f"{grade}.{number}"]


def _number(text: str) -> int:
    if text.isdecimal():
        return int(text)
    tens, ten, ones = text.partition("十")
    if not ten:
        return int(_DIGITS[tens])
    return int(_DIGITS.get(tens, "1")) * 10 + int(_DIGITS.get(ones, "0"))
