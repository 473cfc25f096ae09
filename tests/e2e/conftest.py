"""The small school of the office's browser tests, made once: tests add to it and take nothing away."""

from collections.abc import Iterator

import pytest

from busops.config import Settings
from tests.e2e import office_school
from tests.e2e.office_school import OfficeSchool


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
