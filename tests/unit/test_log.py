"""Logs are one JSON object a line off the terminal, and carry the id of their request."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from structlog.contextvars import clear_contextvars

from busops.config import Settings
from busops.log import configure_logging, request_logged


@pytest.fixture
def output() -> Iterator[io.StringIO]:
    """A stream that is no terminal; the logging of the test run is put back afterwards."""
    root = logging.getLogger()
    kept = root.handlers[:], root.level
    clear_contextvars()  # whatever an earlier test was in the middle of
    yield io.StringIO()
    root.handlers[:], root.level = kept
    structlog.reset_defaults()


def test_lines_are_json_with_the_request_id(settings: Settings, output: io.StringIO) -> None:
    """Our own lines and the libraries' have the same form; only lines of a request carry its id."""
    configure_logging(settings, output=output)
    log = structlog.get_logger()
    with request_logged("r-1"):
        log.info("run_closed", run_id="R1", name="谭")
        logging.getLogger("library").warning("careful")
    log.info("afterwards")
    log.debug("too quiet")
    lines = [json.loads(line) for line in output.getvalue().splitlines()]
    assert [line["event"] for line in lines] == ["run_closed", "careful", "afterwards"]
    assert [line.get("request_id") for line in lines] == ["r-1", "r-1", None]
    assert (lines[0]["run_id"], lines[0]["name"], lines[0]["level"]) == ("R1", "谭", "info")


def test_a_crash_is_one_line_too(settings: Settings, output: io.StringIO) -> None:
    """A traceback is a key of its line, so that a log reader never sees half an error."""
    configure_logging(settings, output=output)
    try:
        raise ZeroDivisionError("x")
    except ZeroDivisionError:
        structlog.get_logger().exception("job_crashed")
    (line,) = output.getvalue().splitlines()
    assert json.loads(line)["exception"][0]["exc_type"] == "ZeroDivisionError"
