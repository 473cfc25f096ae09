"""The page that shows every part of the design at once, with invented content: to look at, to test."""

from dataclasses import dataclass
from typing import Final

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from busops.domain.people import Role
from busops.web import charts, tables
from busops.web.language import say
from busops.web.security import allow
from busops.web.tables import Column, Filter

bp = Blueprint("design", __name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Specimen:
    """A row of the specimen table."""

    plate: str
    ends: str
    riders: int
    fen: int
    tone: str


SPECIMENS: Final = (
    Specimen(plate="川F·D9320", ends="罗江", riders=43, fen=215000, tone="bad"),
    Specimen(plate="川F·E1686", ends="绵竹", riders=34, fen=-17000, tone="warn"),
    Specimen(plate="川F·B4963", ends="什邡", riders=40, fen=200000, tone=""),
    Specimen(plate="川F·H5557", ends="广汉", riders=13, fen=0, tone=""),
)


@bp.get("/design")
@allow(*Role, public_in_demo=True)
def design() -> ResponseReturnValue:
    """Every part in the reader's language."""
    listing = tables.arrange(SPECIMENS, _columns(), filters=_filters(), sort="plate")
    if tables.wants_csv():
        return tables.csv_of(listing, "design.csv")
    return render_template("design/design.html", listing=listing, fan=_fan(), gap=_gap())


def _columns() -> tuple[Column, ...]:
    return (
        Column(key="plate", word=say("车牌"), of=lambda row: row.plate, searched=True),
        Column(key="ends", word=say("方向"), of=lambda row: row.ends, searched=True, text=True),
        Column(key="riders", word=say("乘车人数"), of=lambda row: row.riders, numeric=True),
        Column(key="fen", word=say("应缴（元）"), of=lambda row: row.fen, numeric=True),
    )


def _filters() -> tuple[Filter, ...]:
    choices = (("bad", say("须处理")), ("warn", say("请看一眼")))
    return (Filter(key="tone", word=say("状态"), choices=choices, of=lambda row: row.tone),)


def _fan() -> charts.Plot:
    return charts.fan(
        (11.2, 10.9, 10.6, 10.1, 10.35, 10.5, 10.4, 10.6, 10.8),
        (11.2, 10.9, 10.6, 10.1, 10.35, 9.6, 9.0, 8.8, 8.6),
        (11.2, 10.9, 10.6, 10.1, 10.35, 11.3, 11.9, 12.4, 12.9),
        past=5,
        y_ticks=(("0 %", 0), ("5 %", 5), ("10 %", 10), ("15 %", 15)),
        x_words=tuple(say("%(number)s月", number=number) for number in (2, 3, 4, 5, 6)),
        goal=10,
    )


def _gap() -> charts.Plot:
    return charts.gap(
        ((0.2, 21800), (2, 20900), (5, 20350), (9, 20120), (17, 20060)),
        ((1, 18900), (4, 19500), (11, 19780), (24, 19880)),
        until_s=30,
        y_ticks=(("18,500", 18500), ("20,000", 20000), ("21,500", 21500)),
        x_words=("0 s", "15 s", "30 s"),
    )
