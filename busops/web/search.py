"""The search of the bar: riders, stops, vehicles and crew by any word of their name or number."""

from typing import Final

from flask import Blueprint, render_template, request

from busops.services import search as finder
from busops.web.context import current
from busops.web.language import say
from busops.web.security import OFFICE, allow

bp = Blueprint("search", __name__)

LISTS: Final = {
    "rider": "/register/riders",
    "stop": "/register/stops",
    "vehicle": "/register/vehicles",
    "crew": "/register/crew",
}
QUERY_MOST: Final = 80


@bp.get("/search")
@allow(*OFFICE)
def search() -> str:
    """What the words find, a group a kind; each leads to its list."""
    query = request.args.get("q", "").strip()[:QUERY_MOST]
    found = finder.search(current().database, query)
    words = {"rider": say("学生"), "stop": say("站点"), "vehicle": say("车辆"), "crew": say("随车人员")}
    groups = [(words[kind], address, found.of(kind)) for kind, address in LISTS.items()]
    return render_template("search/search.html", query=query, found=found, groups=groups)
