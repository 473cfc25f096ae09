"""
Names and classes as people write them in remarks, brought to one form for comparing.

What a name *means* (whose money it is) is ``matching.py``; here two spellings become equal
or they do not.
"""

import re
import unicodedata
from datetime import date
from typing import Final

_DOTS: Final = str.maketrans(dict.fromkeys("•・‧．∙●", "·"))
# Common characters of names that differ between traditional and simplified script.
_SIMPLER: Final = str.maketrans(
    "張陳劉楊趙黃吳孫馬羅鄭謝韓馮蕭鄧許傅蔣呂蘇盧葉閻餘鐘廖鄒陸顧龍賀錢湯賴樊歐偉強軍華麗靜紅國榮豔飛龍"
    "曉東麗萍蘭鳳潔鵬寧輝傑雲慶陽瑩鑫鋒濤學詩語夢嘉軒澤銘貝寶會劍詠聰穎",
    "张陈刘杨赵黄吴孙马罗郑谢韩冯萧邓许傅蒋吕苏卢叶阎余钟廖邹陆顾龙贺钱汤赖樊欧伟强军华丽静红国荣艳飞龙"
    "晓东丽萍兰凤洁鹏宁辉杰云庆阳莹鑫锋涛学诗语梦嘉轩泽铭贝宝会剑咏聪颖",
)
_ZERO_WIDTH: Final = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_DIGITS: Final = {
    "一": "1",
    "二": "2",
    "三": "3",
    "四": "4",
    "五": "5",
    "六": "6",
    "七": "7",
    "八": "8",
    "九": "9",
}
# What a remark says besides the name; the longer words first.
_NOISE_WORDS: Final = (
    "乘车费用 周末校车 校车费用 班主任 乘车费 坐车费 校车费 车票费 家长 妈妈 爸爸 同学 学生 校车 "
    "车费 交费 缴费 交纳 缴纳 周末 月份 学期 本周 返校 离校 转账 付款 姓名 班级 学号 备注 人民币 微信 支付宝"
)
_NOISE: Final = re.compile("|".join(_NOISE_WORDS.split()))
_NUMBER: Final = r"(?P<number>[0-9]{1,2}|[一二三四五六七八九]|[二三]?十[一二三四五六七八九]?)"
# 高一3班 · 高一(3)班 · 初二.5班 · 七年级3班 · 七(3) · 高2023级3班 · 7.3班; 11班 is one number
_CLASS: Final = re.compile(
    rf"(?P<stage>[高初小])?(?P<grade>20[0-9]{{2}}|[一二三四五六七八九]|[0-9]{{1,2}}(?=年?级|[.\-·(\[]))?"
    rf"(?:年级|级)?[.\-·]?[(\[]?{_NUMBER}[)\]]?班"
)
_BEFORE: Final = {"小": 0, "初": 6, "高": 9}  # years of school before the stage begins
ENTRY_YEAR_DIGITS: Final = 4
SCHOOL_YEAR_BEGINS_MONTH: Final = 8


def plain(text: str) -> str:
    """The text in one form: NFKC, no blanks, one middle dot, simplified, upper case."""
    folded = _ZERO_WIDTH.sub("", unicodedata.normalize("NFKC", text.translate(_DOTS)))
    return "".join(folded.split()).translate(_DOTS).translate(_SIMPLER).upper()


def name_key(name: str) -> str:
    """What two spellings of the same name have in common."""
    return plain(name)


def without_noise(text: str) -> str:
    """The plain text with a bar for each word that only says what the payment is for."""
    return _NOISE.sub("|", plain(text))


def school_year(on: date) -> int:
    """The year in which the school year of a day began: lists change in August."""
    return on.year if on.month >= SCHOOL_YEAR_BEGINS_MONTH else on.year - 1


def class_keys(text: str, year: int | None = None) -> frozenset[str]:
    """
    Every class named in a text as ``grade.class``: ``10.3`` = 高一3班; ``.3`` where no grade is named.

    高一 = 10, 初一 = 七年级 = 7. An entry year (高2023级) becomes the grade it is in the school year
    ``year``; without its stage or without ``year`` it stays as written (``2023.3``).
    """
    return frozenset(_key(match, year) for match in _CLASS.finditer(plain(text)))


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


def _key(match: re.Match[str], year: int | None) -> str:
    number, grade, stage = _number(match["number"]), match["grade"], match["stage"]
    if grade is None:
        return f".{number}"
    if len(grade) < ENTRY_YEAR_DIGITS:
        return f"{int(_DIGITS.get(grade, grade)) + _BEFORE[stage or '小']}.{number}"
    entered = int(grade)
    if stage is None or year is None:
        return f"{stage or ''}{entered}.{number}"
    return f"{year - entered + 1 + _BEFORE[stage]}.{number}"


def _number(text: str) -> int:
    if text.isdecimal():
        return int(text)
    tens, ten, ones = text.partition("十")
    if not ten:
        return int(_DIGITS[tens])
    return int(_DIGITS.get(tens, "1")) * 10 + int(_DIGITS.get(ones, "0"))
