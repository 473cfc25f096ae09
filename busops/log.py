"""
Logs: an event name and keys, no prose and no names of people.

Readable lines on a terminal, one JSON object a line otherwise. Whatever is bound for a
request (its id) rides along on every line of it.
"""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, TextIO

import structlog
from structlog.contextvars import bound_contextvars, merge_contextvars

from busops.config import Settings

# Traces without local variables: those hold secrets and names.
_TRACES: Final = structlog.processors.ExceptionRenderer(
    structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
)


def configure_logging(settings: Settings, *, output: TextIO | None = None) -> None:
    """Every log line of this process, our own and the libraries', goes to ``output`` in one form."""
    stream = output or sys.stderr
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    as_json = settings.log_json or not stream.isatty()
    shared: list[structlog.typing.Processor] = [
        merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: list[structlog.typing.Processor] = (
        [_TRACES, structlog.processors.JSONRenderer(ensure_ascii=False)]
        if as_json
        else [structlog.dev.ConsoleRenderer(colors=True)]
    )
    structlog.configure(
        processors=[*shared, *renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer],
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(level, logging.WARNING))  # libraries speak only when something is wrong


@contextmanager
def request_logged(request_id: str) -> Iterator[None]:
    """Every log line of the block carries ``request_id``."""
    with bound_contextvars(request_id=request_id):
        yield
