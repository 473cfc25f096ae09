"""The stage that games are played on, made once: the application and the files to be copied."""

import gc
import logging
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import structlog

from busops.config import Settings
from busops.storage.database import open_engine
from busops.storage.schema import create_all
from busops.web.app import create_app
from tests.sim.game import Stage
from tests.sim.game_layers import BOTH, Layers, filled, template
from tests.sim.game_server import GameDisk

MEMORY = Path("/dev/shm")  # noqa: S108 - where there is one: games ask for answers, not for a slow disk

SELDOM = (50_000, 20, 20)  # games leave much behind: looking for it seldom saves a tenth of their time


@contextmanager
def a_stage() -> Iterator[Stage]:
    """Both layers in play, in a folder of its own that is gone afterwards."""
    spoken = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    often = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(*SELDOM)
    folder = Path(tempfile.mkdtemp(prefix="busops-games-", dir=MEMORY if MEMORY.is_dir() else None))
    try:
        empty = folder / "empty.sqlite3"
        engine = open_engine(f"sqlite:///{empty}", guarded=False)
        create_all(engine)
        engine.dispose()
        shutil.copy(empty, folder / "app.sqlite3")  # whole in itself: the application serves no other
        settings = Settings(
            environment="test",
            planning_proof_seconds=0,
            instance_path=folder,
            database_url=f"sqlite:///{folder / 'app.sqlite3'}",
            secret_key="k" * 48,
            school_id="t1",
        )
        app, disk, full = create_app(settings), GameDisk(folder), filled(empty, folder)
        yield Stage(app=app, disk=disk, template=full, folder=folder)
        disk.serve(None)
    finally:
        gc.set_threshold(*often)
        gc.unfreeze()
        structlog.configure(**spoken)
        shutil.rmtree(folder, ignore_errors=True)


def with_layers(stage: Stage, layers: Layers, changed: tuple[str, str] | None = None) -> Stage:
    """The same stage with other layers in play, or with a guard changed."""
    if layers is BOTH and changed is None:
        return stage
    path = template(stage.template, stage.folder, layers, changed)
    return replace(stage, template=path, layers=layers)
