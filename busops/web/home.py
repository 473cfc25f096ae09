"""The first page of each role: what needs me now, then what comes next."""

from flask import Blueprint, redirect, render_template
from werkzeug.wrappers import Response

from busops.domain.people import Role
from busops.web.context import current
from busops.web.security import allow

bp = Blueprint("home", __name__)


@bp.get("/")
@allow(*Role)
def home() -> str | Response:
    """The home of the reader's role; crews go on to their tablet."""
    if current().actor.role in {Role.ATTENDANT, Role.DRIVER}:
        return redirect("/tablet/")
    return render_template("home/home.html")
