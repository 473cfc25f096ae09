"""The page of a job, whatever its kind: it has a title, and its place in the navigation."""

import pytest
from flask import Flask

from busops import job_kinds
from busops.domain.people import Role
from busops.i18n import has_words, words
from busops.web.context import EXTENSION
from busops.web.jobs_page import OF_MONEY
from tests.web.conftest import SignIn


@pytest.mark.parametrize("kind", sorted(job_kinds.HANDLERS))
@pytest.mark.parametrize(("language", "locale"), [("zh", "zh_Hans"), ("en", "en")])
def test_every_kind_of_job_has_a_title_and_a_place(
    app: Flask, sign_in: SignIn, kind: str, language: str, locale: str
) -> None:
    """Its name in the reader's language, and the plans, or the money, marked as the place one is at."""
    is_money = kind in OF_MONEY
    browser = sign_in(Role.FINANCE if is_money else Role.DISPATCHER, language)
    order = {"plan_id": "p", "weekend_on": "2026-03-13", "direction": "homeward"}
    job_id = app.extensions[EXTENSION].jobs.submit(kind, order, by="u1")
    page = browser.get(f"/jobs/{job_id}").text
    assert has_words(f"job_kind.{kind}")
    assert words(f"job_kind.{kind}", {}, locale) in page
    marked = page[: page.index('aria-current="page"')].rpartition("<a ")[2]
    assert ("/finance/" if is_money else "/plans/") in marked
