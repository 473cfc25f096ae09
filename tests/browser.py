"""Which Chromium the browser tests drive, how it is started, and what to say when there is none."""

import os
import shutil
from typing import Any

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MISSING = (
    "Chromium is not installed: browser tests need it and a Chinese font (make test installs both as root)"
)


def find_browser() -> str | None:
    """The path of the machine's Chromium, or None."""
    return next((path for name in PROGRAMS if (path := shutil.which(name))), None)


def is_required() -> bool:
    """True where a missing browser is a failure and not a reason to skip: in CI and in make test."""
    return os.environ.get("BROWSER_REQUIRED") == "1" or os.environ.get("CI") == "true"


def launch_arguments() -> dict[str, Any]:
    """How Chromium is started: the machine's own, without its sandbox only when we are root."""
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    return {"executable_path": find_browser(), "args": [*arguments, "--disable-dev-shm-usage"]}
