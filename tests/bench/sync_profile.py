"""
Where a batch spends its time: the whole request through the application, in this process.

Processor time is what a busy machine does not change: the same batches before and after a change of the
code can be compared while others work.
"""

import cProfile
import pstats
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any, Final

from flask.testing import FlaskClient
from sqlalchemy import Engine, event

from busops.config import make_settings
from busops.log import configure_logging
from busops.web.app import create_app
from busops.web.context import EXTENSION
from tests.bench.sync_client import PATH
from tests.bench.sync_school import Tablet

LINES: Final = 45


def profile(url: str, school_id: str, folder: Path, tablets: Sequence[Tablet], size: int) -> None:
    """Prints the processor time of each batch of one tablet, and the profile of those of the other."""
    settings = make_settings(
        environment="test",
        database_url=url,
        school_id=school_id,
        instance_path=folder,
        log_level="error",
    )
    configure_logging(settings)
    app = create_app(settings)
    engine = app.extensions[EXTENSION].database.engine
    client = app.test_client()
    first, *others, last = tablets
    _sent(client, replace(first, events=first.events[:size]), size, engine)  # statements are compiled once
    for tablet in others:
        spent = _sent(client, tablet, size, engine)
        figures = " ".join(f"{1000 * took_s:.1f}/{count}" for took_s, count in spent)
        middle = 1000 * median(took_s for took_s, _ in spent)
        print(f"batches of {size}: median {middle:.1f} ms of processor; each ms/statements: {figures}")
    profiler = cProfile.Profile()
    profiler.enable()
    _sent(client, last, size, engine)
    profiler.disable()
    pstats.Stats(profiler).sort_stats("tottime").print_stats(LINES).sort_stats("cumtime").print_stats(
        2 * LINES
    )


def _sent(client: FlaskClient, tablet: Tablet, size: int, engine: Engine) -> list[tuple[float, int]]:
    """For each batch of the tablet: processor seconds, and statements put to the database."""
    statements = []

    def note(*told: Any) -> None:
        statements.append(told[2])

    event.listen(engine, "before_cursor_execute", note)
    spent = []
    headers = {"Authorization": f"Device {tablet.token}", "Content-Type": "application/json"}
    for _, body in tablet.batches(size):
        statements.clear()
        began_s = time.process_time()
        answer = client.post(PATH, data=body, headers=headers)
        spent.append((time.process_time() - began_s, len(statements)))
        if answer.status_code != 200:
            raise RuntimeError(answer.text)
    event.remove(engine, "before_cursor_execute", note)
    return spent
