"""The picture of a benchmark: well-formed, self-contained, and true to the figures."""

import re

import pytest
from defusedxml import ElementTree

from busops.i18n import words
from busops.services.benchmark import OURS, Case, Race, Result
from busops.services.benchmark_picture import picture
from busops.services.benchmark_tables import medians
from tests.unit.planner.small import coach, problem, riders

CASES = [Case(name=name, problem=problem(riders(S1=1), coach())) for name in ("A", "<B>")]
RUNS = [
    Result(race=Race(case=case, engine=engine, seconds=seconds, seed=seed), cost_fen=cost, bound_fen=10_000)
    for case, engine, seconds, seed, cost in (
        ("A", OURS, 10, 1, 10_100), ("A", OURS, 10, 2, 10_300), ("A", OURS, 10, 3, 10_200),
        ("A", "pyvrp", 30, 1, 10_400), ("<B>", OURS, 10, 1, 10_000), ("<B>", "pyvrp", 30, 1, None),
    )
]  # fmt: skip
SVG = "{http://www.w3.org/2000/svg}"


def drawn(locale: str = "en") -> str:
    """The picture of the runs above."""
    return picture(
        medians(CASES, RUNS), CASES, RUNS, lambda code, facts: words(code, facts, locale), foot="cpu <x>"
    )


@pytest.mark.parametrize("locale", ["en", "zh_Hans"])
def test_it_is_svg_in_the_readers_language_without_anything_from_elsewhere(locale):
    """It parses, names what it shows, and fetches nothing."""
    text = drawn(locale)
    tree = ElementTree.fromstring(text)
    title = tree.find(f"{SVG}title").text
    assert ("下界" in title) if locale == "zh_Hans" else ("lower bound" in title)
    assert not re.search(r"href|url\(|<script|<image|@import", text)
    assert re.findall(r"https?://\S+?\"", text) == ['http://www.w3.org/2000/svg"']
    said = [node.text for node in tree.iter(f"{SVG}text")]
    assert {"A", "<B>", "cpu <x>"} <= set(said)


def test_marks_stand_where_the_medians_are_and_in_their_order():
    """Ours at 2 % lies left of PyVRP at 4 %, the whisker reaches from 1 to 3 %; no cost, no mark."""
    tree = ElementTree.fromstring(drawn())
    marks = {
        group.find(f"{SVG}title").text: group.find(f"{SVG}circle").get("cx")
        for group in tree.iter(f"{SVG}g")
        if group.find(f"{SVG}title") is not None
    }
    assert set(marks) == {"A busops@10: 2.00 %", "A pyvrp@30: 4.00 %", "<B> busops@10: 0.00 %"}
    zero, two, four = (
        float(marks[name]) for name in ("<B> busops@10: 0.00 %", "A busops@10: 2.00 %", "A pyvrp@30: 4.00 %")
    )
    assert two - zero == pytest.approx((four - zero) / 2, abs=0.2)
    (whisker,) = (line for line in tree.iter(f"{SVG}line") if line.get("stroke-width"))
    reach = [float(whisker.get(end)) for end in ("x1", "x2")]
    assert reach == pytest.approx([zero + (four - zero) / 4, zero + 3 * (four - zero) / 4], abs=0.2)


def test_a_benchmark_in_which_nothing_served_everybody_is_still_a_picture():
    """No mark, no axis that divides by nothing: only the frame."""
    runs = [Result(race=Race(case="A", engine=OURS, seconds=1, seed=1))]
    text = picture(medians(CASES, runs), CASES, runs, lambda code, facts: words(code, facts, "en"), foot="")
    assert ElementTree.fromstring(text).findall(f"{SVG}g/{SVG}title") == []
