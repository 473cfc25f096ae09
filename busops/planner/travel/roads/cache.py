"""
What road services said, kept on disk under what was asked: the same question is asked once.

A file that is damaged, old or of another form is as good as none: it is measured anew. Losing
the folder loses time and quota, never a plan.
"""

import hashlib
import io
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import numpy as np

from busops.domain.values import Clock, Position
from busops.planner.travel.source import Measured

KEPT_DAYS: Final = 30  # roads and their speeds change; so do the answers of map services
FORM: Final = 1  # raised when files of an older busops must not be read
_DECIMALS: Final = 6  # of a degree: 0.1 m, and what the services take
_DIGEST_BYTES: Final = 32  # SHA-256 of the rest, in front
_PARTS: Final = ("distance_m", "duration_s", "to_road_m")


def rounded(position: Position) -> tuple[float, float]:
    """A position as it is asked for and kept, (lat, lon), degrees to about 0.1 m."""
    return round(position.lat, _DECIMALS), round(position.lon, _DECIMALS)


def content_key(identity: Mapping[str, str], positions: Sequence[Position]) -> str:
    """SHA-256 of everything that decides the answer: the source, its parameters, the positions in order."""
    content = {
        "form": FORM,
        "identity": dict(identity),
        "positions": [f"{lat:.6f},{lon:.6f}" for lat, lon in map(rounded, positions)],
    }
    text = json.dumps(content, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixCache:
    """A folder of measured matrices, at most ``most_bytes`` large; the longest unread go first."""

    folder: Path
    most_bytes: int
    clock: Clock

    def load(self, key: str, count: int) -> Measured | None:
        """What was measured under ``key`` for ``count`` positions; None when it must be measured anew."""
        path = self._path(key)
        try:
            body = path.read_bytes()
        except OSError:
            return None
        content = body[_DIGEST_BYTES:]
        if hashlib.sha256(content).digest() != body[:_DIGEST_BYTES]:
            return None  # cut off, or changed on the disk
        with np.load(io.BytesIO(content), allow_pickle=False) as kept:
            if str(kept["key"]) != key or not self._is_fresh(str(kept["measured_at"])):
                return None
            parts = {name: kept[name] for name in _PARTS}
        square = (count, count)
        if [part.shape for part in parts.values()] != [square, square, (count,)]:
            return None
        with suppress(OSError):
            os.utime(path)  # read today: it stays when room is made
        return Measured(**parts)

    def store(self, key: str, measured: Measured) -> bool:
        """The matrix is kept, complete or not at all; False when the folder does not take it."""
        packed = io.BytesIO()
        parts = {name: getattr(measured, name) for name in _PARTS}
        np.savez_compressed(packed, key=key, measured_at=self.clock.now().isoformat(), **parts)
        content = packed.getvalue()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            handle, draft = tempfile.mkstemp(dir=self.folder, prefix=".draft-")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(hashlib.sha256(content).digest() + content)
                os.replace(draft, self._path(key))
            finally:
                Path(draft).unlink(missing_ok=True)
            self._make_room(self._path(key))
        except OSError:
            return False
        return True

    def forget(self, key: str) -> None:
        """Nothing is kept under ``key``."""
        with suppress(OSError):
            self._path(key).unlink()

    def size_bytes(self) -> int:
        """How much is kept."""
        return sum(stat.st_size for stat, _ in self._kept())

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.matrix"

    def _is_fresh(self, measured_at: str) -> bool:
        age = self.clock.now() - datetime.fromisoformat(measured_at)
        return age <= timedelta(days=KEPT_DAYS)

    def _kept(self) -> list[tuple[os.stat_result, Path]]:
        kept = []
        for path in self.folder.glob("*.matrix"):
            with suppress(FileNotFoundError):  # another process made room
                kept.append((path.stat(), path))
        return kept

    def _make_room(self, newest: Path) -> None:
        kept = self._kept()
        too_much = sum(stat.st_size for stat, _ in kept) - self.most_bytes
        for stat, path in sorted(kept, key=lambda one: (one[0].st_mtime_ns, one[1].name)):
            if too_much <= 0:
                return
            if path != newest or stat.st_size > self.most_bytes:
                path.unlink(missing_ok=True)
                too_much -= stat.st_size
