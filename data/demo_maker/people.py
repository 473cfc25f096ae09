"""The invented riders and their two weekends: names from lists of common characters, no real person."""
# ruff: noqa: PLR2004 - the numbers are the facts of an invented school

from dataclasses import dataclass, field
from random import Random

from demo_maker.places import ENDS_EARLY, DemoStop, nearest

RIDERS = 1_096
SIBLING_PAIRS = 24
SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
    "苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史"
    "顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"
)
GIVEN = (
    "子涵宇轩雨欣梓睿思远佳怡浩然诗琪俊杰梦瑶博文若溪嘉禾明哲可心一诺奕辰语桐安然亦凡"
    "书瑶景行知夏沐阳清妍星辰乐天云舒锦程芷若承恩昕怡泽楷悦宁"
)
GRADES = ("初一", "初二", "初三", "高一", "高二", "高三")
ENTRY_YEAR = {"初一": 26, "初二": 25, "初三": 24, "高一": 26, "高二": 25, "高三": 24}
CLASSES = 8
WAIVERS = ("全免",) * 6 + ("减半",) * 8 + ("减5元",) * 3
REASONS = ("请假", "家长到校自接", "留校", "生病", "请假（竞赛）", "转乘其他车")


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoRider:
    """An invented rider."""

    rider_id: str
    name: str
    grade: str
    class_no: int
    stop: DemoStop
    other_stops: tuple[str, ...]
    guardian: str
    handover: str
    waiver: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoEntry:
    """What a rider does on one weekend."""

    rider: DemoRider
    homeward: bool
    back: bool
    stop_id: str = ""
    reason: str = ""
    note: str = field(default="")

    @property
    def rides(self) -> int:
        """How many rides the entry asks for."""
        return self.homeward + self.back


def make_riders(random: Random, stops: list[DemoStop]) -> list[DemoRider]:
    """The registered riders by class; some families have two children, some need not pay in full."""
    drawn = random.choices(stops, weights=[stop.weight for stop in stops], k=RIDERS)
    drawn[: len(stops)] = stops  # no stop without a rider
    numbers = random.sample(range(10_000, 99_999), RIDERS)
    names: set[tuple[str, str]] = set()
    riders = []
    for at, stop in enumerate(drawn):
        grade = random.choice(GRADES)
        class_no = random.randint(1, CLASSES)
        name = _name(random, names, f"{grade}{class_no}")
        riders.append(
            DemoRider(
                rider_id=f"0{ENTRY_YEAR[grade]}{numbers[at]}",
                name=name,
                grade=grade,
                class_no=class_no,
                stop=stop,
                other_stops=_other_stops(random, stop, stops),
                guardian=name[0] + _given(random, long=True),
                handover="SELF" if grade[0] == "高" or random.random() < 0.6 else "LISTED",
                waiver="",
            )
        )
    riders = _with_siblings(random, riders)
    free = random.sample(range(2 * SIBLING_PAIRS, RIDERS), len(WAIVERS))
    for at, waiver in zip(free, WAIVERS, strict=True):
        riders[at] = _changed(riders[at], waiver=waiver)
    return sorted(riders, key=lambda rider: (GRADES.index(rider.grade), rider.class_no, rider.rider_id))


def make_roster(random: Random, riders: list[DemoRider], *, is_second: bool) -> list[DemoEntry]:
    """The weekend of every registered rider: most ride both ways, 36 not at all, 48 one way only."""
    order = random.sample(range(len(riders)), len(riders))
    stays, homeward_only, back_only = order[:36], order[36:66], order[66:84]
    entries = []
    for at, rider in enumerate(riders):
        homeward = at not in stays and at not in back_only
        back = at not in stays and at not in homeward_only
        stop_id = ""
        if is_second and rider.stop.stop_id == ENDS_EARLY and rider.other_stops:
            stop_id = rider.other_stops[0]
        reason = "" if homeward and back else random.choice(REASONS)
        entries.append(DemoEntry(rider=rider, homeward=homeward, back=back, stop_id=stop_id, reason=reason))
    return entries


def _with_siblings(random: Random, riders: list[DemoRider]) -> list[DemoRider]:
    for at in range(0, 2 * SIBLING_PAIRS, 2):
        first = riders[at]
        name = first.name[0] + _given(random, long=True)
        riders[at + 1] = _changed(
            riders[at + 1],
            name=name,
            guardian=first.guardian,
            stop=first.stop,
            other_stops=first.other_stops,
        )
    return riders


def _changed(rider: DemoRider, **changes: object) -> DemoRider:
    values = {name: getattr(rider, name) for name in DemoRider.__slots__}
    return DemoRider(**{**values, **changes})


def _other_stops(random: Random, stop: DemoStop, stops: list[DemoStop]) -> tuple[str, ...]:
    if stop.stop_id != ENDS_EARLY and random.random() > 0.12:
        return ()
    within = 60.0 if stop.stop_id == ENDS_EARLY else 2.5
    return tuple(
        other.stop_id for other in nearest(stop, stops, within_km=within, count=random.randint(1, 2))
    )


def _name(random: Random, taken: set[tuple[str, str]], school_class: str) -> str:
    while True:
        name = random.choice(SURNAMES) + _given(random, long=random.random() < 0.78)
        if (name, school_class) not in taken:
            taken.add((name, school_class))
            return name


def _given(random: Random, *, long: bool) -> str:
    return "".join(random.choice(GIVEN) for _ in range(2 if long else 1))
