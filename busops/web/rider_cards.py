"""
Riders' cards on paper: by class, cut out and laminated; a lost one is void as soon as a new one is made.
"""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from busops.domain.people import Role
from busops.domain.values import RiderId
from busops.services import rider_cards
from busops.web.context import current
from busops.web.language import say
from busops.web.printing import qr
from busops.web.security import allow

bp = Blueprint("rider_cards", __name__, url_prefix="/print/cards")


@bp.get("/")
@allow(Role.DISPATCHER, Role.ADMIN)
def show() -> str:
    """The cards of one class, or how many each class has."""
    chosen = request.args.get("of") or None
    classes = rider_cards.cards_of(current().database)
    sheets = [(name, cards) for name, cards in classes if name == chosen]
    return render_template("print/cards.html", classes=classes, sheets=sheets, chosen=chosen, qr=qr)


@bp.post("/")
@allow(Role.DISPATCHER, Role.ADMIN)
def make() -> Response:
    """Whoever has no card in the class, or in all of them, has one."""
    here, chosen = current(), request.form.get("class") or None
    made = rider_cards.make_missing(here.database, chosen, by=here.actor, clock=here.clock)
    flash(say("已制卡 %(n)s 张", n=made))
    return redirect(url_for("rider_cards.show", of=chosen))


@bp.post("/<rider_id>/renew")
@allow(Role.DISPATCHER, Role.ADMIN)
def renew(rider_id: str) -> Response:
    """The rider has a new card, the lost one is nobody's."""
    here = current()
    rider_cards.renew(here.database, RiderId(rider_id), by=here.actor, clock=here.clock)
    flash(say("已换新卡，旧卡作废"))
    return redirect(url_for("rider_cards.show", of=request.form.get("class") or None))
