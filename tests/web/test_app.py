"""The application as a whole: health, failures in words, the API's problems, the log's thread."""

import json
import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError

from busops.config import Settings
from busops.domain.errors import Conflict, InvalidInput, NotFound, Refused
from busops.domain.findings import Finding
from busops.domain.people import Role
from busops.web.app import create_app
from busops.web.security import public
from tests.machine import CountingIds, FixedClock
from tests.web.conftest import SignIn

REASONS = (Finding(code="password_short", facts={"least": 12}), Finding(code="password_common", place="x"))


@pytest.fixture
def failing(app: Flask) -> FlaskClient:
    """Addresses that fail in every way there is, as pages and under /api."""
    failures = {
        "invalid": InvalidInput("password_weak", REASONS),
        "refused": Refused("last_admin", REASONS),
        "conflict": Conflict("username_taken", username="x"),
        "gone": NotFound("person_not_found"),
        "locked": OperationalError("select", {}, Exception("database is locked")),
        "broken": RuntimeError("secret inside"),
    }
    app.config["PROPAGATE_EXCEPTIONS"] = False

    def make(error: Exception) -> Callable[[], str]:
        @public
        def fail() -> str:
            raise error

        return fail

    for name, error in failures.items():
        app.add_url_rule(f"/fail/{name}", f"fail_{name}", make(error))
        app.add_url_rule(f"/api/fail/{name}", f"api_fail_{name}", make(error))
    return app.test_client()


@pytest.mark.parametrize(
    ("name", "status", "words"),
    [
        ("invalid", 400, "新密码不够好"),
        ("refused", 409, "最后一个可用的管理员"),
        ("conflict", 409, "已有人用"),
        ("gone", 404, "没有这个账号"),
        ("locked", 503, "数据库正忙"),
        ("broken", 500, "系统出错"),
    ],
)
def test_every_failure_is_a_page_in_words(failing: FlaskClient, name: str, status: int, words: str) -> None:
    """The page says what and what to do, in the reader's language, and nothing of the inside."""
    answer = failing.get(f"/fail/{name}")
    assert answer.status_code == status
    assert words in answer.text
    assert "secret inside" not in answer.text
    assert "Traceback" not in answer.text


def test_all_reasons_are_shown_at_once(failing: FlaskClient) -> None:
    """A refusal names every reason, not the first."""
    text = failing.get("/fail/refused").text
    assert "至少 12 个字符" in text
    assert "太常见" in text


def test_programs_get_a_problem_document(failing: FlaskClient) -> None:
    """Under /api the same refusal is problem+json with code, words and every reason."""
    answer = failing.get("/api/fail/refused")
    document = json.loads(answer.data)
    assert answer.mimetype == "application/problem+json"
    assert (document["status"], document["code"]) == (409, "last_admin")
    assert [reason["code"] for reason in document["reasons"]] == ["password_short", "password_common"]
    assert document["reasons"][1]["place"] == "x"
    assert failing.get("/api/fail/broken").get_json(force=True)["code"] == "fault"
    assert failing.get("/api/nowhere").get_json(force=True)["status"] == 404


def test_a_busy_database_says_when_to_come_back(failing: FlaskClient) -> None:
    """Too many writers is a moment's trouble, told as one."""
    assert failing.get("/fail/locked").headers["Retry-After"] == "2"


def test_failures_are_in_english_too(failing: FlaskClient) -> None:
    """The reader's language holds for failures."""
    failing.get("/language/en")
    assert "The database is busy" in failing.get("/fail/locked").text


def test_a_wrong_method_says_which_are_right(client: FlaskClient) -> None:
    """405 keeps its Allow header."""
    answer = client.get("/signout")
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]


def test_health_readiness_and_metrics(client: FlaskClient) -> None:
    """The operator's three addresses answer without signing in and name nobody."""
    assert client.get("/healthz").text == "ok\n"
    ready = client.get("/readyz")
    assert ready.get_json()["database"] is True
    assert ready.get_json()["guards"] is True
    assert ready.get_json()["migrations"] is True
    assert ready.status_code == 200
    client.get("/nowhere")
    counted = client.get("/metrics").text
    assert 'busops_requests_total{endpoint="health.alive",status="200"} 1.0' in counted
    assert 'busops_requests_total{endpoint="none",status="404"} 1.0' in counted


def test_two_applications_count_for_themselves(
    app: Flask, web_settings: Settings, clock: FixedClock, ids: CountingIds
) -> None:
    """A second application in the same process has its own registry."""
    second = create_app(web_settings, clock=clock, ids=ids)
    app.test_client().get("/healthz")
    assert 'endpoint="health.alive"' not in second.test_client().get("/metrics").text


def test_a_page_is_small(sign_in: SignIn) -> None:
    """Our own bytes of a page, styles and scripts included, stay under 150 KB."""
    browser = sign_in(Role.ADMIN)
    text = browser.get("/design").text
    files = set(re.findall(r"/static/(office/[\w.]+)", text)) | {"office/keys.js", "office/refresh.js"}
    sizes = [len(browser.get(f"/static/{name}", buffered=True).data) for name in files]
    assert len(files) >= 6
    assert len(text.encode()) + sum(sizes) < 150_000
