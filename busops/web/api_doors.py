"""
The doors of the tablets' API: who a device's token lets in, and how a view is described.

A device that was given up may only hand in; one that waits to be compared only asks how it stands.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, Final, TypeVar

from flask import g
from spectree import Response as Answers
from spectree import SpecTree

from busops.services import devices
from busops.services.devices import Holder
from busops.web import api_models as models
from busops.web import problem
from busops.web.context import current
from busops.web.security import bearer_token, public

View = TypeVar("View", bound=Callable[..., Any])
SPEC: Final = SpecTree(
    "flask", title="busops", version="v1", mode="strict", naming_strategy=lambda model: model.__name__
)


def by_device(view: View) -> View:
    """The view is open to a confirmed device that was not given up; :func:`holder` says whose."""
    return _by_token(view)


def by_device_or_pending(view: View) -> View:
    """The same, and open to a device that waits to be compared."""
    return _by_token(view, takes_pending=True)


def by_device_or_revoked(view: View) -> View:
    """Open to every device that ever was: what it hands in must not be lost."""
    return _by_token(view, takes_revoked=True, takes_pending=True)


def holder() -> Holder:
    """Who this request comes from; only in views behind the doors above."""
    found: Holder = g.holder
    return found


def documented(ok: Any, *, json_body: Any = None, status: int = 200, **others: Any) -> Callable[[View], View]:
    """The view stands in the OpenAPI description with these answers; nothing is validated by it."""
    answers = Answers(**{f"HTTP_{status}": ok, "HTTP_401": models.Problem}, **others)
    return SPEC.validate(json=json_body, resp=answers, skip_validation=True, tags=("tablet",))


def _by_token(view: View, *, takes_revoked: bool = False, takes_pending: bool = False) -> View:
    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        token = bearer_token()
        here = current()
        found = devices.holder_of(here.database, token, clock=here.clock) if token else None
        if found is None or (found.is_revoked and not takes_revoked):
            return problem.problem(401, "device_unknown")
        if found.is_pending and not takes_pending:
            return problem.problem(403, "device_pending")
        g.holder = found
        return view(*args, **kwargs)

    return public(guarded)  # type: ignore[return-value]
