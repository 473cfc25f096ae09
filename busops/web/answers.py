"""What a page answers to an act: it is done and said so, or the same page with everything against it."""

from collections.abc import Callable

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue

from busops.domain.errors import BusopsError


def after(
    act: Callable[[], object], told: str, *, to: str, page: Callable[[BusopsError], str]
) -> ResponseReturnValue:
    """The act is done, told so on the page ``to``; or refused, and ``page`` says why (409)."""
    try:
        act()
    except BusopsError as error:
        return page(error), 409
    flash(told)
    return redirect(url_for(to))
