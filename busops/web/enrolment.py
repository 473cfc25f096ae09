"""
The page a new tablet opens from the code it scanned: it holds nothing but words.

The code stands in the part of the address that no browser sends (after ``#``); the script takes it.
"""

from flask import Blueprint, render_template

from busops.web.security import public

bp = Blueprint("enrolment", __name__)


@bp.get("/tablet/enrol")
@public
def page() -> str:
    """Open to everybody: whoever has no code learns nothing here."""
    return render_template("tablet/enrol.html")
