"""
The command ``busops``: where the command line and the pages are put together.

The two must not see each other, so the factory of the web application is handed to the
command line here, and nowhere else.
"""

import multiprocessing
import os
import threading
from multiprocessing.process import BaseProcess

from flask import Flask

from busops.cli import commands
from busops.web.app import create_app


def main() -> None:
    """Runs the command line and leaves with its exit code."""
    commands.main(create_app)


def pages() -> Flask:
    """The application of the process that serves the pages; it ends with the process that started it."""
    starter = multiprocessing.parent_process()
    if starter is not None:
        threading.Thread(target=_end_with, args=(starter,), daemon=True, name="starter").start()
    return create_app()


def _end_with(starter: BaseProcess) -> None:
    """Pages without jobs and watch are not served on: who was killed leaves the address free."""
    starter.join()
    os._exit(1)


if __name__ == "__main__":
    main()
