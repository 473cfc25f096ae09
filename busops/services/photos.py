"""
Photos of checks: made anew from what a tablet sends, shown to the bus team, gone after 30 days.

What is sent is untrusted: its kind and size are asked before a pixel is decoded, and only a fresh
JPEG of the pixels is kept. With it go the place, the time and the camera that the file may tell,
and whatever else was hidden in it.
"""

import hashlib
import io
import warnings
from datetime import timedelta
from pathlib import Path
from typing import Final

from PIL import Image

from busops.domain.errors import InvalidInput, NotFound, Refused
from busops.domain.values import Clock, CrewId, Ids, RunId
from busops.storage import photo_store
from busops.storage.database import Database
from busops.storage.photo_store import RunPhoto

MOST_BYTES: Final = 4 * 1024 * 1024
MOST_PIXELS: Final = 12_000_000
MOST_A_RUN: Final = 6
KEPT: Final = timedelta(days=30)
QUALITY: Final = 80
FOLDER: Final = "photos"


def keep_photo(
    database: Database,
    instance: Path,
    run_id: RunId,
    sent: bytes,
    *,
    dev: int,
    taken_by: CrewId,
    clock: Clock,
    ids: Ids,
) -> RunPhoto:
    """The photo is kept under a name nobody can guess; the same one sent again is the same one."""
    digest = hashlib.sha256(sent).hexdigest()
    fresh = made_anew(sent)
    with database.transaction() as tx:
        known = photo_store.photos_of(tx, run_id)
        for photo in known:
            if photo.digest == digest:
                return photo
        if len(known) >= MOST_A_RUN:
            raise Refused("photos_enough", run_id=run_id, count=MOST_A_RUN)
        name = hashlib.sha256(f"{ids.new()}{ids.new()}{digest}".encode()).hexdigest()[:32]
        made = RunPhoto(
            photo_id=name,
            run_id=run_id,
            digest=digest,
            dev=dev,
            taken_by=taken_by,
            received_at=clock.now(),
        )
        photo_store.add_photo(tx, made)
        folder = instance / FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.jpg").write_bytes(fresh)  # before the commit: a row never names a file that is not
    return made


def photos_of(database: Database, run_id: RunId) -> tuple[RunPhoto, ...]:
    """The run's photos that are still kept."""
    with database.reading() as tx:
        return photo_store.photos_of(tx, run_id)


def picture_of(database: Database, instance: Path, run_id: RunId, photo_id: str) -> bytes:
    """The picture of a photo of this run."""
    if photo_id not in {photo.photo_id for photo in photos_of(database, run_id)}:
        raise NotFound("no_such_photo", run_id=run_id)
    path = instance / FOLDER / f"{photo_id}.jpg"
    if not path.is_file():
        raise NotFound("no_such_photo", run_id=run_id)
    return path.read_bytes()


def forget_old(database: Database, instance: Path, *, clock: Clock) -> int:
    """Photos older than 30 days are gone, file and row; how many."""
    with database.transaction() as tx:
        old = photo_store.take_older(tx, clock.now() - KEPT)
    for photo in old:
        (instance / FOLDER / f"{photo.photo_id}.jpg").unlink(missing_ok=True)
    return len(old)


def made_anew(sent: bytes, kind: str = "JPEG", most_bytes: int = MOST_BYTES) -> bytes:
    """The pixels as a fresh picture of its kind; InvalidInput when it is none, too large, or broken."""
    if len(sent) > most_bytes:
        raise InvalidInput("photo_too_large", most=most_bytes)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Pillow only warns of a bomb that is not twice its limit
            with Image.open(io.BytesIO(sent), formats=(kind,)) as picture:
                width, height = picture.size
                if width * height > MOST_PIXELS:
                    raise InvalidInput("photo_too_large", most=MOST_PIXELS)
                pixels = picture.convert("RGB")
    except (OSError, ValueError, SyntaxError, Warning, Image.DecompressionBombError):
        raise InvalidInput("photo_unreadable") from None
    made = io.BytesIO()
    Image.frombytes("RGB", pixels.size, pixels.tobytes()).save(made, kind, quality=QUALITY)
    return made.getvalue()
