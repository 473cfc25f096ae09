"""The API as its own description says: whatever is sent, only documented answers, never a fault."""

import json
import re

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode

from tests.sim import world
from tests.web.test_api import ATTENDANT, scene

__all__ = ["scene"]
OPERATIONS = {
    ("POST", "/api/v1/events:batch"),
    ("GET", "/api/v1/runs"),
    ("GET", "/api/v1/runs/{run_id}/pack"),
    ("GET", "/api/v1/runs/{run_id}/news"),
    ("POST", "/api/v1/runs/{run_id}/close"),
    ("POST", "/api/v1/runs/{run_id}/quietened"),
    ("POST", "/api/v1/devices"),
    ("POST", "/api/v1/devices/enrol"),
    ("GET", "/api/v1/devices/me"),
    ("POST", "/api/v1/devices/pin"),
    ("POST", "/api/v1/devices/here"),
    ("POST", "/api/v1/runs/{run_id}/photos"),
}
OPEN = {("POST", "/api/v1/devices/enrol")}  # whoever has the code of an offer
QUIET = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)


def documented(app):
    """The operations of the description, by method and path."""
    schema = schemathesis.openapi.from_wsgi("/api/docs/openapi.json", app)
    found = [each.ok() for each in schema.get_all_operations()]
    return {(each.method.upper(), each.path): each for each in found}


def test_the_description_names_every_operation(scene):
    """What the tablets call is described, and nothing else."""
    assert set(documented(scene[0])) == OPERATIONS


@pytest.mark.parametrize("operation", sorted(OPERATIONS), ids=" ".join)
def test_every_answer_is_one_of_the_documented(scene, operation):
    """With a device's token and without, for bodies that fit: no status but those described, none 5xx."""
    app, _, held, _ = scene
    described = documented(app)[operation]
    known = {int(status) for status in described.definition.raw["responses"]}
    tried = []

    @QUIET
    @given(case=described.as_strategy(), has_token=st.booleans())
    def probe(case, has_token):
        token = held[ATTENDANT].headers if has_token else {}
        if has_token and "run_id" in (case.path_parameters or {}):
            case.path_parameters["run_id"] = "run-1"  # a stranger's run answers 404, and that is not all
        answer = case.call(headers={**(case.headers or {}), **token})
        assert answer.status_code in known, (answer.status_code, case.body, answer.text[:200])
        tried.append(answer.status_code)

    probe()
    assert (401 in tried) is (operation not in OPEN)
    assert len(set(tried)) >= 2 or operation[1].startswith("/api/v1/devices")


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_a_signed_in_person_enrols_or_is_told_why_not(scene, mode):
    """With a session and its token, for bodies that fit and for those that do not."""
    app, _, _, _ = scene
    described = documented(app)["POST", "/api/v1/devices"]
    known = {int(status) for status in described.definition.raw["responses"]}
    browser = world.sign_in(app, "attendant")
    page = browser.get("/account").get_data(as_text=True)
    headers = {"X-CSRFToken": re.search(r'name="csrf-token" content="([^"]+)"', page)[1]}
    tried = []

    @QUIET
    @given(case=described.as_strategy(generation_mode=mode))
    def probe(case):
        body = case.body if isinstance(case.body, (dict, list, str, int, float)) else {}
        answer = browser.post("/api/v1/devices", json=body, headers=headers)
        assert answer.status_code in known, (answer.status_code, body, answer.text[:200])
        tried.append(answer.status_code)

    probe()
    assert set(tried) - {401}
    for text in ("\ud800", "a\x00b"):
        for body in ({"name": text}, {"crew": text}, {"crew": text, "dev": 10**30}):
            sent = browser.post(
                "/api/v1/devices", data=json.dumps(body), content_type="application/json", headers=headers
            )
            assert (sent.status_code, sent.get_json()["code"]) == (400, "enrolment_unreadable")
