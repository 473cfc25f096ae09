"""An application over a school's own database, a browser for each role, and accounts."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from busops.config import Settings
from busops.domain.people import Actor, Role
from busops.services.people import CHEAP, actor_of, create_person
from busops.storage.database import Database
from busops.web.app import create_app
from tests.machine import CountingIds, FixedClock

PASSWORD = "correct-horse-9"
TOKEN = re.compile(r'name="csrf-token" content="([^"]+)"')

SignIn = Callable[..., FlaskClient]


@pytest.fixture
def web_settings(sqlite_database: Database, settings: Settings) -> Settings:
    """The settings of the test's own database file."""
    assert Path(settings.database_url.removeprefix("sqlite:///")).is_file()
    return settings


@pytest.fixture
def app(web_settings: Settings, clock: FixedClock, ids: CountingIds) -> Flask:
    """The application, with a clock and ids that the test holds."""
    return create_app(web_settings, clock=clock, ids=ids)


@pytest.fixture
def people(app: Flask, sqlite_database: Database, clock: FixedClock, ids: CountingIds) -> dict[Role, Actor]:
    """One account a role; the user name is the role's."""
    return {
        role: actor_of(
            create_person(
                sqlite_database,
                name=f"测试{role.value}",
                username=role.value,
                role=role,
                password=PASSWORD,
                clock=clock,
                ids=ids,
                hasher=CHEAP,
            )
        )
        for role in Role
    }


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser that nobody signed in with."""
    return app.test_client()


def token(client: FlaskClient, path: str = "/signin") -> str:
    """The CSRF token that the page at ``path`` gives to this browser."""
    found = TOKEN.search(client.get(path, follow_redirects=True).text)
    assert found is not None
    return found[1]


def send(client: FlaskClient, path: str, page: str = "/account", **form: str) -> TestResponse:
    """Posts a form as the page at ``page`` would: with its token."""
    return client.post(path, data={**form, "csrf_token": token(client, page)})


@pytest.fixture
def sign_in(app: Flask, people: dict[Role, Actor]) -> SignIn:
    """Signs in a new browser: ``sign_in(Role.ADMIN)``, in English with ``language="en"``."""

    def signed(role: Role, language: str = "zh") -> FlaskClient:
        browser = app.test_client()
        browser.get(f"/language/{language}")
        answer = send(browser, "/signin", account=role.value, password=PASSWORD)
        assert answer.status_code == 302, answer.text
        return browser

    return signed
