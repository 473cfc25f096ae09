"""
What a page with the camera's QR reader may do more than others: compile our own WebAssembly.

Where a browser has no reader of QR codes of its own, the one we serve is WebAssembly, which a
content policy forbids unless it says so. Only the page that scans says so; scripts still come
from us alone and none is made from text.
"""

from collections.abc import Callable
from functools import wraps
from typing import Final

from flask import make_response
from werkzeug.wrappers import Response

from busops.web.context import runtime
from busops.web.security import content_policy

OWN_SCRIPTS: Final = "script-src 'self'"


def compiles_scanner(view: Callable[..., str | Response]) -> Callable[..., Response]:
    """The view's page may compile the scanner; everything else is as strict as elsewhere."""

    @wraps(view)
    def answer(*args: object, **kwargs: object) -> Response:
        page = make_response(view(*args, **kwargs))
        policy = content_policy(runtime().settings)
        page.headers["Content-Security-Policy"] = policy.replace(
            OWN_SCRIPTS, f"{OWN_SCRIPTS} 'wasm-unsafe-eval'"
        )
        return page

    return answer
