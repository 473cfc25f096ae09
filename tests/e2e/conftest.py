"""
The schools of the browser tests.

That of the office is made once: tests add to it and take nothing away. An evening on the road is
each test's own, and its server may be stopped.
"""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page

from busops.config import Settings
from busops.storage.database import Database
from tests.e2e import office_school
from tests.e2e.office_school import OfficeSchool
from tests.e2e.offline_evening import Evening, served_evening, sign_in


@pytest.fixture(scope="session")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OfficeSchool]:
    """A served school with one weekend behind it and the next one's roster as a draft."""
    folder = tmp_path_factory.mktemp("office")
    settings = Settings(
        environment="test",
        planning_proof_seconds=0,  # a test asks for the proof that goes on when it wants it
        instance_path=folder,
        database_url=f"sqlite:///{folder / 'busops.sqlite3'}",
        secret_key="k" * 48,
        school_id="small",
    )
    with office_school.served(settings) as school:
        yield school


@pytest.fixture
def evening(sqlite_database: Database, settings: Settings) -> Iterator[Evening]:
    """A server over the small school with a run about to leave."""
    with served_evening(sqlite_database, settings) as served:
        yield served


@pytest.fixture
def page(browser: Browser, evening: Evening) -> Iterator[Page]:
    """The attendant's browser, signed in."""
    made = sign_in(browser, evening)
    yield made
    made.context.close()


@pytest.fixture
def signed_in(evening: Evening, browser: Browser) -> Iterator[Callable[[str, dict[str, int]], Page]]:
    """Signs people in, each in a browser of his own, of whatever size."""
    pages: list[Page] = []

    def enter(account: str, size: dict[str, int]) -> Page:
        pages.append(sign_in(browser, evening, account, size))
        return pages[-1]

    yield enter
    for each in pages:
        each.context.close()
