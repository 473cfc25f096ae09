"""
The scan or photo of a filled-in sheet: looked at before it is believed, kept beside the database.

A picture is drawn anew, so that nothing hides behind its pixels and no place of a phone goes
with it; a PDF is kept as it is when it holds nothing that acts. Files are named by their own
digest and readable by the server alone; who may see them is ``web/paper.py``'s to say.
"""

import hashlib
import io
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import Image, ImageOps, UnidentifiedImageError

from busops.domain.errors import InvalidInput, NotFound

MOST_BYTES: Final = 10 * 1024 * 1024
MOST_PIXELS: Final = 40_000_000
LONGEST_SIDE: Final = 3000  # an A4 sheet at 250 dots an inch: handwriting stays legible
PDF: Final = "application/pdf"
JPEG: Final = "image/jpeg"
_PICTURES: Final = {b"\xff\xd8\xff": "JPEG", b"\x89PNG\r\n\x1a\n": "PNG"}
_ACTS: Final = re.compile(rb"/(?:JavaScript|JS|Launch|EmbeddedFiles?|OpenAction|AA|RichMedia|XFA)\b")
_SUFFIX: Final = {PDF: ".pdf", JPEG: ".jpg"}
_BOMBS: Final = (Image.DecompressionBombWarning, Image.DecompressionBombError)
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """A kept file: its digest, which is its name, and what it is."""

    sha256: str
    media_type: str


def keep(folder: Path, content: bytes) -> Scan:
    """The sheet's picture or PDF is in the folder; InvalidInput when it is none, too large or acts."""
    if not content:
        raise InvalidInput("scan_needed")
    if len(content) > MOST_BYTES:
        raise InvalidInput("scan_too_large", most_mb=MOST_BYTES // (1024 * 1024))
    kept, media_type = _verified(content)
    scan = Scan(sha256=hashlib.sha256(kept).hexdigest(), media_type=media_type)
    _write(_path(folder, scan), kept)
    return scan


def load(folder: Path, scan: Scan) -> bytes:
    """The bytes of a kept file, which are still those that were kept; NotFound otherwise."""
    path = _path(folder, scan)
    try:
        content = path.read_bytes()
    except OSError:
        raise NotFound("no_such_scan", sha256=scan.sha256[:8]) from None
    if hashlib.sha256(content).hexdigest() != scan.sha256:
        raise NotFound("no_such_scan", sha256=scan.sha256[:8])
    return content


def _verified(content: bytes) -> tuple[bytes, str]:
    if content.startswith(b"%PDF-"):
        if b"%%EOF" not in content[-2048:] or _ACTS.search(content):
            raise InvalidInput("scan_unreadable")
        return content, PDF
    kind = next((name for start, name in _PICTURES.items() if content.startswith(start)), None)
    if kind is None:
        raise InvalidInput("scan_wrong_type")
    return _drawn_anew(content, kind), JPEG


def _drawn_anew(content: bytes, kind: str) -> bytes:
    """The picture as pixels only: turned upright, no larger than needed, without what a camera adds."""
    try:
        with Image.open(io.BytesIO(content), formats=[kind]) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise InvalidInput("scan_too_many_pixels", most=MOST_PIXELS // 1_000_000)
            upright = ImageOps.exif_transpose(picture).convert("RGB")
    except (*_BOMBS, UnidentifiedImageError, OSError, ValueError, SyntaxError):
        raise InvalidInput("scan_unreadable") from None
    upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    drawn = io.BytesIO()
    Image.frombytes("RGB", upright.size, upright.tobytes()).save(drawn, "JPEG", quality=85)
    return drawn.getvalue()


def _path(folder: Path, scan: Scan) -> Path:
    if not _DIGEST.fullmatch(scan.sha256) or scan.media_type not in _SUFFIX:
        raise NotFound("no_such_scan", sha256=scan.sha256[:8])
    return folder / f"{scan.sha256}{_SUFFIX[scan.media_type]}"


def _write(path: Path, content: bytes) -> None:
    """All of it or nothing, on disk before anybody relies on it; readable by the server alone."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
