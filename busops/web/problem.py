"""
Answers for programs that went wrong: application/problem+json (RFC 9457).

Pages for persons are in ``errors.py``; both are made of the same codes.
"""

from collections.abc import Iterable
from typing import Any, Final

from flask import Response, json, request

from busops.domain.errors import BusopsError, InvalidInput, Refused
from busops.domain.findings import Finding
from busops.web import formats

MEDIA_TYPE: Final = "application/problem+json"


def problem(status: int, code: str, *, detail: str = "", reasons: Iterable[Finding] = ()) -> Response:
    """A problem document with its status; every reason has its code, its words and its place."""
    document: dict[str, Any] = {
        "type": f"urn:busops:problem:{code}",
        "title": formats.words(code),
        "status": status,
        "code": code,
        "detail": detail or formats.words(code),
        "instance": request.path,
        "reasons": [reason_document(reason) for reason in reasons],
    }
    return Response(json.dumps(document, ensure_ascii=False), status=status, mimetype=MEDIA_TYPE)


def of_error(error: BusopsError, status: int) -> Response:
    """The problem document of one of our own errors, with everything it names."""
    return problem(status, error.code, detail=formats.words(error), reasons=reasons_of(error))


def reasons_of(error: BusopsError) -> tuple[Finding, ...]:
    """Every single reason that the error carries."""
    match error:
        case InvalidInput():
            return error.findings
        case Refused():
            return error.reasons
        case _:
            return ()


def reason_document(finding: Finding) -> dict[str, Any]:
    """One reason as JSON."""
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "place": finding.place,
        "detail": formats.words(finding),
        "facts": {name: _plain(value) for name, value in finding.facts.items()},
    }


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, Finding):
        return reason_document(value)
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(item) for item in value]
    return str(value)
