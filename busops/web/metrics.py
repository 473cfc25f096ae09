"""Counts and durations of requests, one registry an application, and one log line a request."""

import secrets
import time
from typing import Final

import structlog
from flask import Flask, Response, current_app, g, request
from prometheus_client import CollectorRegistry, Counter, Histogram

from busops.web.context import signed_in
from busops.web.security import logged_path

EXTENSION: Final = "busops_metrics"
HEADER: Final = "X-Request-Id"
BUCKETS_S: Final = (0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0)

log = structlog.get_logger(__name__)


def install(app: Flask) -> None:
    """Every request of ``app`` has an id, a line in the log and a place in the counts."""
    made = CollectorRegistry()
    requests = Counter("busops_requests", "Requests answered", ("endpoint", "status"), registry=made)
    durations = Histogram(
        "busops_request_seconds", "Time to answer", ("endpoint",), registry=made, buckets=BUCKETS_S
    )
    app.extensions[EXTENSION] = made

    @app.before_request
    def _begin() -> None:
        g.request_id = secrets.token_hex(8)
        g.began_s = time.perf_counter()
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=g.request_id)

    @app.after_request
    def _end(response: Response) -> Response:
        endpoint = request.endpoint or "none"
        took_s = time.perf_counter() - g.get("began_s", time.perf_counter())
        requests.labels(endpoint, str(response.status_code)).inc()
        durations.labels(endpoint).observe(took_s)
        response.headers[HEADER] = g.get("request_id", "-")
        if endpoint not in {"static", "health.alive", "health.ready", "health.metrics"}:
            person = signed_in()
            log.info(
                "request",
                method=request.method,
                path=logged_path(),
                status=response.status_code,
                took_ms=round(took_s * 1000),
                user_id=person.user_id if person else None,
            )
        return response


def registry() -> CollectorRegistry:
    """The counts of this application."""
    made: CollectorRegistry = current_app.extensions[EXTENSION]
    return made
