"""
The command ``busops``: where the command line and the pages are put together.

The two must not see each other, so the factory of the web application is handed to the
command line here, and nowhere else.
"""

from busops.cli import commands
from busops.web.app import create_app


def main() -> None:
    """Runs the command line and leaves with its exit code."""
    commands.main(create_app)


if __name__ == "__main__":
    main()
