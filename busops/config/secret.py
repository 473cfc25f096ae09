"""The installation's secret key: made once, kept in the instance folder, readable by its owner only."""

import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path


def kept_secret(path: Path) -> str:
    """The secret kept at ``path``; made there first when there is none."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        _offer_secret(path)
    return path.read_text(encoding="ascii").strip()


def _offer_secret(path: Path) -> None:
    # Linked when complete: of two processes that start together, one wins and both read the same.
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=".secret-")
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(48) + "\n")
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        os.unlink(draft)
