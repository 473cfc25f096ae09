"""
Whether the service lives, is ready, and how it fares: for the operator's tools, not for people.

Nothing here names a person, a place or a version of anything inside.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

import structlog
from flask import Blueprint, Response, json
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from busops.storage import job_store, schema
from busops.storage.database import describe
from busops.storage.job_store import JobState
from busops.web.context import Runtime, runtime
from busops.web.metrics import registry
from busops.web.security import public

bp = Blueprint("health", __name__)
log = structlog.get_logger(__name__)

WAITED_TOO_LONG: Final = timedelta(minutes=2)


@bp.get("/healthz")
@public
def alive() -> Response:
    """The process answers."""
    return Response("ok\n", mimetype="text/plain")


@bp.get("/readyz")
@public
def ready() -> Response:
    """200 when every part this service leans on is there; else 503 and which part is not."""
    parts = {name: _stands(name, check) for name, check in CHECKS.items()}
    body = json.dumps(parts)
    return Response(body, status=200 if all(parts.values()) else 503, mimetype="application/json")


@bp.get("/metrics")
@public
def metrics() -> Response:
    """Counts and times in the text form of Prometheus."""
    return Response(generate_latest(registry()), content_type=CONTENT_TYPE_LATEST)


def _stands(name: str, check: Callable[[Runtime], bool]) -> bool:
    try:
        return check(runtime())
    except Exception:  # whatever is wrong with a part, the answer is that it does not stand
        log.warning("part_not_ready", part=name, exc_info=True)
        return False


def _database(made: Runtime) -> bool:
    return bool(describe(made.database))


def _guards(made: Runtime) -> bool:
    return schema.guards_intact(made.database.engine)


def _migrations(made: Runtime) -> bool:
    return schema.at_head(made.database.engine)


def _worker(made: Runtime) -> bool:
    """A job that waits for minutes means that nobody works."""
    patience = made.clock.now() - WAITED_TOO_LONG
    with made.database.reading() as tx:
        waiting = [job for job in job_store.list_jobs(tx) if job.state is JobState.QUEUED]
    return not any(job.submitted_at < patience for job in waiting)


CHECKS: Final[dict[str, Callable[[Runtime], bool]]] = {
    "database": _database,
    "migrations": _migrations,
    "guards": _guards,
    "worker": _worker,
}
