"""Remarks: which names stand in them, for how many they are, and what nobody understands."""

import pytest

from busops.finance.remarks import NameList, read_remark

NAMES = NameList(
    ["张三", "李四", "王芳", "王芳菲", "费玉清", "阿依古丽·买买提", "欧阳小华", "学生1", "学生12"]
)


@pytest.mark.parametrize(
    ("text", "names", "rest"),
    [
        ("张三、李四", ("张三", "李四"), ""),
        ("张三李四2人", ("张三", "李四"), ""),
        ("张 三 李 四 校车费", ("张三", "李四"), ""),
        ("高一3班王芳同学乘车费", ("王芳",), ""),
        ("王芳菲3月车费", ("王芳菲",), ""),  # 王芳 inside 王芳菲 is nobody
        ("校车费玉清", ("费玉清",), "校"),  # the noise word would have eaten the family name
        ("阿依古丽•买买提车费", ("阿依古丽·买买提",), ""),
        ("歐陽小華", ("欧阳小华",), ""),
        ("张三、赵六", ("张三",), "赵六"),
        ("祝老师节日快乐", (), "祝节快乐"),
        ("高一1班学生12校车费", ("学生12",), ""),  # 学生 is noise elsewhere, here it is a name
        ("", (), ""),
    ],
)
def test_names_and_what_is_left(text: str, names: tuple[str, ...], rest: str) -> None:
    """Known names in their order; Chinese characters that are neither name nor filler stay as the rest."""
    found = read_remark(text, NAMES, 2023)
    assert (found.names, found.rest) == (names, rest)
    assert found.is_clean is (rest == "")


def test_a_short_name_may_be_the_head_of_a_longer_one() -> None:
    """王芳 before an unknown character is loose; before a filler or the end it is not."""
    assert read_remark("王芳雅", NAMES).loose == {"王芳"}
    assert read_remark("王芳的车费", NAMES).loose == frozenset()
    assert read_remark("王芳", NAMES).loose == frozenset()


@pytest.mark.parametrize(
    ("text", "people"),
    [("张三李四2人", 2), ("两个孩子车费", 2), ("12名学生", 12), ("3月8日", None), ("20人民币", None)],
)
def test_for_how_many_it_is(text: str, people: int | None) -> None:
    """A number of people is read; a day or a sum is none."""
    assert read_remark(text, NAMES).people == people


def test_children_who_are_not_named_are_heard_of() -> None:
    """和弟弟, 两个孩子 tell of others; a plain remark does not."""
    told = [read_remark(text, NAMES).tells_siblings for text in ("王芳和弟弟", "两个孩子车费", "王芳车费")]
    assert told == [True, True, False]
