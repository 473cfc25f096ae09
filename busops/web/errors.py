"""
What a reader sees when something cannot be done: a page in their language, or problem+json.

A page says what, where and what to do now. Nothing of the inside is shown; the number of
the request leads to the log.

A request whose transaction met somebody else's is worked through again by itself, a few times,
as long as nothing of it was committed: then nothing has happened yet.
"""

import random
import time
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

import structlog
from flask import Flask, Response, make_response, render_template, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, InternalServerError, SecurityError
from werkzeug.wrappers import Response as AnyResponse

from busops.domain.errors import BusopsError, Conflict, InvalidInput, NotFound, Refused
from busops.storage import database
from busops.web.problem import of_error, problem, reasons_of
from busops.web.security import is_api, logged_path

log = structlog.get_logger(__name__)

STATUS: Final[dict[type[BusopsError], int]] = {InvalidInput: 400, Refused: 409, Conflict: 409, NotFound: 404}
CODES: Final = {
    400: "bad_request",
    401: "sign_in_needed",
    403: "not_allowed",
    404: "page_missing",
    405: "method_wrong",
    409: "refused",
    413: "upload_too_large",
    415: "media_type_wrong",
    429: "too_many_requests",
    500: "fault",
    503: "busy",
}
BUSY_RETRY_S: Final = "2"
UNGUARDED_RETRY_S: Final = "60"
FULL_RETRY_S: Final = "60"
RETRIES: Final = 3  # of a request whose transaction met another one's
PAUSE_S: Final = 0.05  # before the next try, twice as long each time, and by chance up to twice that
SAME_LINE_S: Final = 5.0  # an equal line of the log is not written more often
FAILURES: Final = range(400, 600)


def install(app: Flask) -> None:
    """Every failure of ``app`` is answered in the reader's language."""
    app.register_error_handler(BusopsError, _own_error)
    app.register_error_handler(CSRFError, _forgery)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _fault)
    app.dispatch_request = again(app.dispatch_request)  # type: ignore[method-assign]


def again(view: Callable[[], Any]) -> Callable[[], Any]:
    """
    The view, tried again where somebody else's transaction was in its way and it has committed nothing.

    An upload has been read and cannot be read again: whoever sent it is told to come back.
    """

    def tried() -> Any:
        for retry in range(1, RETRIES + 1):
            before = database.commits()
            try:
                return view()
            except Exception as error:
                is_upload = request.mimetype == "multipart/form-data"
                if is_upload or not database.is_passing(error) or database.commits() != before:
                    raise
                log.info("request_tried_again", path=logged_path(), times=retry)
            time.sleep(PAUSE_S * 2**retry * (0.5 + random.random()))  # noqa: S311 - no secret hangs on it
        return view()

    return tried


def busy(error: Exception) -> AnyResponse:
    """The database is held by another writer, cannot be reached or has no room: come back later."""
    is_full = database.is_full(error)
    _warn("database_full" if is_full else "database_busy")
    answer = _answer(503, "disk_full" if is_full else "busy")
    answer.headers["Retry-After"] = FULL_RETRY_S if is_full else BUSY_RETRY_S
    return answer


def unguarded() -> AnyResponse:
    """The guards of the database are gone or changed: nothing is served until the operator has looked."""
    answer = _answer(503, "guards_not_intact")
    answer.headers["Retry-After"] = UNGUARDED_RETRY_S
    return answer


_unsaid: Counter[str] = Counter()
_said_at: dict[str, float] = {}


def _warn(what: str) -> None:
    """A line of the log, and how many equal ones were left out: a storm must not fill a disk."""
    now = time.monotonic()
    if now - _said_at.get(what, -SAME_LINE_S) < SAME_LINE_S:
        _unsaid[what] += 1
        return
    _said_at[what] = now
    log.warning(what, path=logged_path(), left_out=_unsaid.pop(what, 0))


def _own_error(error: BusopsError) -> AnyResponse:
    status = next((number for kind, number in STATUS.items() if isinstance(error, kind)), 500)
    log.info("request_refused", code=error.code, status=status)
    if is_api():
        return of_error(error, status)
    return _page(status, error.code, error)


def _forgery(_: CSRFError) -> AnyResponse:
    return _answer(400, "form_expired")


def _http_error(error: HTTPException) -> AnyResponse:
    if isinstance(error, SecurityError):  # a forged host: no page, whose addresses would name it
        return Response("unknown host\n", status=400, mimetype="text/plain")
    if isinstance(error.response, AnyResponse):
        return error.response
    status = error.code or InternalServerError.code
    if status not in FAILURES:  # a redirect that was raised
        return make_response(error.get_response())
    answer = _answer(status, CODES.get(status, "bad_request"))
    for name, value in error.get_headers():
        if name.lower() in {"allow", "retry-after", "www-authenticate"}:
            answer.headers[name] = value
    return answer


def _fault(error: Exception) -> AnyResponse:
    log.exception("request_failed", path=logged_path(), kind=type(error).__name__)
    return _answer(500, "fault")


def _answer(status: int, code: str) -> AnyResponse:
    return problem(status, code) if is_api() else _page(status, code)


def _page(status: int, code: str, error: BusopsError | None = None) -> Response:
    reasons = reasons_of(error) if error is not None else ()
    page = render_template(
        "errors/error.html", status=status, code=code, shown=error or code, reasons=reasons
    )
    return make_response(page, status)
