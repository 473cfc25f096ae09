"""
Whether the service lives, is ready, and how it fares: for the operator's tools, not for people.

Nothing here names a person, a place or a version of anything inside.
"""

from flask import Blueprint, Response, json
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from busops.storage.database import describe
from busops.web.context import runtime
from busops.web.metrics import registry
from busops.web.security import public

bp = Blueprint("health", __name__)


@bp.get("/healthz")
@public
def alive() -> Response:
    """The process answers."""
    return Response("ok\n", mimetype="text/plain")


@bp.get("/readyz")
@public
def ready() -> Response:
    """200 when every part this service leans on is there; else 503 and which part is not."""
    parts = {"database": True}
    try:
        describe(runtime().database)
    except Exception:
        parts["database"] = False
    return Response(
        json.dumps(parts), status=200 if all(parts.values()) else 503, mimetype="application/json"
    )


@bp.get("/metrics")
@public
def metrics() -> Response:
    """Counts and times in the text form of Prometheus."""
    return Response(generate_latest(registry()), content_type=CONTENT_TYPE_LATEST)
