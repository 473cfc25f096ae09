"""
The tests of the matching are tested: each mutant of its rules must change what becomes of some line.

A mutant is one small wrong change of ``identity.py``, ``matching.py`` or ``assignment.py``; the lines are
like those of ``test_tiers.py``. One that changes nothing is a rule that nobody tests, and fails.
"""

from dataclasses import replace
from types import ModuleType

import pytest

from tests.test_mutants_finance import load
from tests.unit.finance import test_tiers as tiers
from tests.unit.finance.books import FRIDAY, a_line

CODE = tiers.CODES["20230003"]
MUTANTS = [
    ("identity", "return None if _names_somebody_else(remark, coded, book) else", "return"),
    ("identity", "not _names_somebody_else(remark, numbers, book) and", ""),
    ("identity", " and not _is_slip(naming, numbers, book)", ""),
    ("identity", "if not _is_day(token, naming.paid_on)", "if True"),
    ("identity", "if named.loose or _counts_others(named, classes):", "if _counts_others(named, classes):"),
    ("identity", "if named.loose or _counts_others(named, classes):", "if named.loose:"),
    ("identity", "len(named.names) > 1 and (named.rest or classes.rest)", "False"),
    ("identity", "if len(fits) != 1:", "if len(fits) < 1:"),
    ("identity", "not named.is_clean or named.classes or", "named.classes or"),
    ("identity", "not named.is_clean or named.classes or", "not named.is_clean or"),
    ("identity", " or _counts_others(named, named):", ":"),
    ("identity", "len(namesakes) != 1 or _is_near", "_is_near"),
    ("identity", " or _is_near_own_child(naming.payer, name, namesakes[0], book)", ""),
    ("identity", "not remark.is_clean or len(remark.names) > 1", "len(remark.names) > 1"),
    ("identity", "or remark.people not in {None, 1}:", ":"),
    ("identity", "len(fits) != 1 or fits[0] not in known", "not fits or fits[0] not in known"),
    ("identity", "len(fits) != 1 or fits[0] not in known", "len(fits) != 1"),
    ("identity", "if remark.classes and not in_class(fits[0], remark, book):", "if False:"),
    ("identity", "if remark.names:\n        family &=", "if False:\n        family &="),
    ("identity", "return self.tier < FIRST_FLAGGED", "return True"),
    ("identity", "return replace(found, tells_siblings=True)", "return found"),
    ("matching", "if line.amount_fen == 0:", "if False:"),
    ("matching", "not found.is_certain:\n        return waits", "False:\n        return waits"),
    ("matching", "line.amount_fen <= MAX_TIMES_DUE * item.due_fen", "True"),
    ("matching", "if found.tells_siblings or any(family_ways(rider_id", "if any(family_ways(rider_id"),
    ("matching", "found.tells_siblings or (", "(not found.tier) or ("),
    ("matching", "not is_all and any(", "any(()) and any("),
    ("matching", "and found.tier < Tier.T2", ""),
    ("matching", "if is_not_bus_fee(line.remark):", "if False:"),
    ("matching", "(line.amount_fen > 0 and is_not_bus_fee(line.remark))", "False"),
    ("matching", "if paid_on > line.paid_on:", "if False:"),
    ("matching", "frozenset() if found.is_certain else", "frozenset() if found.tier else"),
    ("ways", "if len(of_unit) == len(riders) else []", "if of_unit else []"),
    ("ways", "if not all(items.values()):", "if not any(items.values()):"),
    ("ways", "if total == fen:", "if total >= fen:"),
    ("matching", "_LAST_TIER - int(identity.tier[1:])", "int(identity.tier[1:])"),
    ("matching", "- at_line * _OF_LINE", "+ at_line * _OF_LINE"),
    ("matching", "lines[at_line].amount_fen * _OF_FEN", "_OF_FEN"),
    ("matching", "if any(asked[item.key] > 1", "if any(asked[item.key] > 2"),
    ("assignment", "if taken & mask:", "if False:"),
    ("assignment", "total > before[0]", "total < before[0]"),
]  # fmt: skip


def matching_with(name: str = "", old: str = "", new: str = "") -> ModuleType:
    """The matching, with one change in one of its modules."""
    found = load("matching", *((old, new) if name == "matching" else ()))
    if name == "identity":
        found.__dict__["identify"] = load("identity", old, new).identify
    if name == "ways":
        ways = load("ways", old, new)
        found.__dict__.update(exact_ways=ways.exact_ways, family_ways=ways.family_ways)
    if name == "assignment":
        assignment = load("assignment", old, new)
        found.__dict__.update(assign=assignment.assign, Option=assignment.Option)
    return found


def bills() -> list[list[object]]:
    """Bills of one line and more, each against a book of its own."""
    links = {"payer_key": "acc"}
    kin, sister = {"payer_key": "kin"}, {"payer_key": "sister"}
    single = [
        (1600, f"{CODE} 李娜", {}), (1600, "20230003 李娜", {}), (1600, "20230002", {"payer": "张建"}),
        (1600, "20240308校车费", {}), (1600, "高一1班王芳雅", {}), (4000, "高一1班王芳、李娜 3人", {}),
        (4000, "高一1班王芳、李娜、陌生", {}), (1600, "高一班张伟", {}), (2400, "李娜 平安", {}),
        (2400, "高一3班李娜", {}), (2400, "李娜2人", {}), (1600, "张伟", {}), (2400, "陌生", links),
        (2400, "2人", links), (2400, "高二3班", links), (2400, "王芳", links), (2400, "李娜", {}),
        (2300, "李娜", {}), (9900, "20230003", {}), (2000, "高一1班王芳和弟弟", {}), (0, "", {}),
        (3200, "20230003", {}), (2400, "高一2班赵敏", {}), (1600, "高一1班王芳伙食费", {}),
        (5600, "高一1班 张伟、王芳、李娜", {}), (1600, "1班张伟", {}), (2700, "高一1班 王芳、李娜", {}),
        (1600, "20230003 20230008", {}), (1600, "", kin), (1600, "王刚", kin), (2400, "", kin),
        (1600, "欧阳晓华", {"payer": "欧阳山"}), (1700, "20230003", {}), (3200, "20230003和弟弟", {}),
        (4000, "20230003、20230004", {}), (2400, "20230008", {}), (1600, "张伟 李娜", {}),
        (1600, "1班2班张伟", {}), (3200, "张伟", {}), (1600, "", sister), (2400, "张伟", links),
        (1600, "高一2班赵敏", {}), (1600, "20230003、20230001", {}), (4800, "20230003和弟弟", {}),
    ]  # fmt: skip
    made = [[a_line(fen, remark, **known)] for fen, remark, known in single]
    days = [FRIDAY.replace(day=day) for day in (1, 2, 3)]

    def bill(*rows: tuple[int, str]) -> list[object]:
        return [
            a_line(fen, remark, line=at, paid_on=days[at]) for at, (fen, remark) in enumerate(rows)
        ]  # fmt: skip

    made.append(bill((1600, "20230003"), (1600, "C20230003X")))
    made.append(bill((-1600, "20230001"), (1600, "20230001"), (1600, "20230001")))
    made.append(bill((2400, "李娜"), (2400, "00230006")))
    made.append(bill((1600, "20230001"), (1600, "20230001")))
    made.append(bill((1600, "C20230003X"), (3200, "20230003"), (1600, "20230003")))
    made.append(bill((4000, "高一1班王芳 高二3班王丽"), (4000, "20230003、20230004")))
    made.append(bill((4800, "20230003"), (1600, "C20230003X")))
    made.append(bill((4000, "20230003、20230004"), (1600, "CNEXT"), (2400, "高二3班王丽")))
    return made


def a_larger_book() -> object:
    """The book of the tiers with a third weekend, a number that is a day, a near name and 赵敏's price."""
    book = tiers.the_book(acc="00230006", kin="20230005", sister="20230003")
    dated = replace(book.riders["20230007"], rider_id="20240308", name="某某", guardian="")
    near = replace(book.riders["20230001"], rider_id="20239999", name="欧阳晓华", guardian="某人")
    charge = next(iter(book.charges()))
    units = {"20230008": tiers.UNIT}
    riders = {**book.riders, "20240308": dated, "20239999": near}
    made = replace(book, riders=riders, units_on_account=units)
    third = replace(book.charges_of("20230003")[1], unit_key="WEEKEND:2024-03-22", code="CTHIRD")
    third = replace(third, from_on=FRIDAY.replace(day=22))
    more = [replace(charge, rider_id=one, code=f"C{one}") for one in ("20240308", "20239999")]
    return made.add([*more, third])


def results(module: ModuleType) -> list[object]:
    """What becomes of every line, plainly."""
    found: list[object] = []
    for bill in bills():
        for match in module.match_lines(bill, a_larger_book()):
            shares = [(share.rider_id, share.unit_key, share.fen) for share in match.shares]
            found.append((str(match.status), str(match.tier), shares, sorted(map(str, match.flags))))
    return found


@pytest.fixture(scope="module")
def right() -> list[object]:
    """What the rules as they are make of the bills."""
    return results(matching_with())


@pytest.mark.parametrize(("name", "old", "new"), MUTANTS)
def test_every_mutant_of_the_matching_dies(right: list[object], name: str, old: str, new: str) -> None:
    """Each wrong change makes something else of some line, or breaks."""
    try:
        assert results(matching_with(name, old, new)) != right
    except (IndexError, ValueError, KeyError):
        return
