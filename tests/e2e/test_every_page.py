"""Every page of every role in both languages, opened in Chromium at a phone's and a laptop's width."""

import re
from urllib.parse import urlsplit

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page
from werkzeug.exceptions import HTTPException

from busops.domain.people import Role
from tests.e2e.looking import enter, overflows, untranslated, violations
from tests.e2e.office_school import PEOPLE, OfficeSchool
from tests.school_folder import FRIDAY, NAMES, school_files

PHONE, LAPTOP = 390, 1280
# Not pages: files, data, parts of pages, doors that only send on, and what machines ask.
NO_PAGES = re.compile(
    r"^(static|health\.|ca\.(der|pem)|api\.|tablet\.app_file|tablet_shell\.|auth\.(switch_language|sign_in)|home\.verdict|register\.index"
    r"|dispatch\.(part|wall_part)|jobs\.|demo\.|planning\.(map_json|document|proof)"
    r"|plan_compare\.map_json|plan_margin\.part|plan_advice\.(prices|enough)_part|term\.document"
    r"|register\.stops_map|manage\.devices\.enrolment\.part"
    r"|finance\.(rows_csv|sheets\.take|receipts\.bill|costs\.paper|periods\.statement|finance_verdict\.lines_(csv|xlsx))|paper\.scan|photos\.picture)"
)
SAMPLES = re.compile(r"^design\.")  # invented data in every part
# A4: as wide as paper at any width
PAPER = re.compile(
    r"^(printing\.|rider_cards\.|finance\.matching\.slips|rollcall\.sheet|finance\.finance_verdict\.lines|plan_margin\.certificate|term\.paper)"
)
UNLINKED = (
    "/design",
    "/runs/searches",
    "/search?q=林",
    f"/print/tags/川F00000?on={FRIDAY}",
    "/ca",
    "/nowhere",
)
FOUND_BY_OTHERS = {
    "finance.accounts.receipt",
    "finance.costs.show",
    "finance.costs.of_line",
    "finance.mappings.show",
    "finance.receipts.show",
    "paper.show",
    "rollcall.show",
    "rollcall.day",
    "rollcall.sheet",
    "register_imports.show",
    "rosters.show_difference",
    "register.show_form",
    "manage.show_person",
    "tablet.run",
    "manage.devices.enrolment.show",
    "enrolment.page",
}


def endpoint_of(app: Flask, path: str) -> str:
    """The name of the page at a path; empty where there is none."""
    try:
        return str(app.url_map.bind("").match(urlsplit(path).path, method="GET")[0])
    except HTTPException:
        return ""


def doors(page: Page) -> list[str]:
    """Where the page's links lead, files and languages left out."""
    links = page.locator("a[href^='/']").evaluate_all("all => all.map(one => one.getAttribute('href'))")
    return [link for link in links if "format=csv" not in link and not link.startswith("/language/")]


def data_of_school() -> list[str]:
    """The school's own Chinese, the longest first: names may stand in an English sentence."""
    names = {name for name, _ in PEOPLE.values()} | set(NAMES) | {"示例小学校（虚构）", "学校", "初一"}
    cells = re.split(r"[,\n\"]", "".join(content.decode() for content in school_files().values()))
    names |= {cell for cell in cells if re.match(r"示例站|家长|驾驶员|照管员|责任人|督查人|校车组", cell)}
    return sorted(names, key=len, reverse=True)


def visit(
    office: OfficeSchool, browser: Browser, role: Role, language: str, known: set[str]
) -> tuple[set[str], list[str]]:
    """Every kind of page that links lead this reader to; what others saw is not looked at again."""
    page, errors = enter(browser, office.url, role.value, language)
    data, seen, faults = data_of_school(), set(), []
    waiting = [urlsplit(page.url).path, *UNLINKED]
    while waiting:
        path = waiting.pop(0)
        endpoint = endpoint_of(office.app, path)
        if endpoint in seen or NO_PAGES.match(endpoint):
            continue
        seen.add(endpoint)
        page.set_viewport_size({"width": LAPTOP, "height": 800})
        answer = page.goto(path)
        expected = (200,) if path not in UNLINKED else (200, 403, 404)
        if answer is None or answer.status not in expected:
            faults.append(f"{path} answers {answer.status if answer else 'nothing'}")
        if endpoint in known:
            waiting += doors(page)
            continue
        faults += violations(page) if language == "zh" else []
        if language == "en" and not SAMPLES.match(endpoint):
            faults += [f"{path}: {text}" for text in untranslated(page, data)]
        if not PAPER.match(endpoint):
            faults += [f"{path} scrolls at {width}" for width in (PHONE, LAPTOP) if overflows(page, width)]
        if answer is not None and answer.status == 200:
            waiting += doors(page)
    faults += [text for text in errors if "Failed to load resource" not in text]
    page.context.close()
    return seen, faults


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_of_every_role_is_whole(office, browser, language):
    """No page that a link offers is refused, scrolls sideways, breaks accessibility or lacks its words."""
    seen, faults = set(), []
    for role in Role:
        found, wrong = visit(office, browser, role, language, seen)
        seen |= found
        faults += [f"{role.value}: {text}" for text in wrong]
    assert not faults, "\n".join(faults)
    pages = {rule.endpoint for rule in office.app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    assert {name for name in pages if not NO_PAGES.match(name)} - FOUND_BY_OTHERS <= seen
