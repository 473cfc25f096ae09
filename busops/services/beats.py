"""That the watch still looks: a moment in a small file, written after each look and read by the doctor."""

import os
import tempfile
from contextlib import suppress
from datetime import datetime
from pathlib import Path


def beat(path: Path, at: datetime) -> None:
    """The watch looked at this moment; what cannot be written is left out, the watch goes on."""
    with suppress(OSError):
        handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(at.isoformat(timespec="seconds") + "\n")
        Path(draft).replace(path)


def last_beat(path: Path) -> datetime | None:
    """When the watch last looked; None when nobody knows."""
    try:
        said = datetime.fromisoformat(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError):
        return None
    return said if said.tzinfo else None
