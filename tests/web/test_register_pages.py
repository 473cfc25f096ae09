"""The register's pages: lists that are searched and exported, forms, retiring, imports in two steps."""

import io
import re

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from busops.domain.people import Role
from busops.storage.database import Database
from tests.small_school import COACH, LICENSED, fill
from tests.web.conftest import SignIn, send, token

KINDS = ("riders", "stops", "vehicles", "crew", "lines", "tariff")
RIDERS_FILE = (
    "学号,姓名,年级,班级,站点,可选站点,监护人,交接方式,减免\n"
    "20239001,新生,高一,1班,S001,,家长,自行,\n"
    "20239002,错站,高一,1班,S404,,家长,自行,\n"
)


def upload(client: FlaskClient, kind: str, content: bytes, name: str = "riders.csv") -> TestResponse:
    """A file sent as the import page would."""
    return client.post(
        "/register/imports/",
        data={
            "csrf_token": token(client, "/register/imports/"),
            "kind": kind,
            "file": (io.BytesIO(content), name),
        },
        content_type="multipart/form-data",
    )


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_list_shows_in_both_languages(
    sqlite_database: Database, sign_in: SignIn, kind: str, language: str
) -> None:
    """Each list answers with its table, without a code or an untranslated word for the English reader."""
    fill(sqlite_database)
    page = sign_in(Role.DISPATCHER, language).get(f"/register/{kind}")
    assert page.status_code == 200
    assert 'class="table' in page.text
    assert ("行" in page.text) if language == "zh" else ("rows" in page.text)
    for code in ("stop_kind.", "vehicle_class.", "crew_role.", "fare_unit.", "handover."):
        assert code not in page.text


def test_a_list_is_searched_filtered_sorted_and_exported(sqlite_database: Database, sign_in: SignIn) -> None:
    """The address says it all; the export holds what matches, in yuan, with the header in front."""
    fill(sqlite_database)
    browser = sign_in(Role.FINANCE)
    found = browser.get("/register/riders?q=20230007").text
    assert "学生7" in found
    assert "学生8" not in found
    assert "还没有" not in browser.get("/register/riders?q=nobody-at-all").text
    export = browser.get("/register/vehicles?format=csv&sort=-seats")
    lines = export.data.decode("utf-8-sig").splitlines()
    assert lines[0].startswith("车牌号,")
    assert "200.00" in lines[1]
    assert len(lines) == 4


def test_papers_say_who_may_not_run(sqlite_database: Database, sign_in: SignIn) -> None:
    """The coach without insurance is marked with its reason; the filter finds only it."""
    fill(sqlite_database)
    page = sign_in(Role.DISPATCHER).get("/register/vehicles?papers=bad").text
    assert "川FC0003" in page
    assert COACH not in page
    assert "不能上路" in page


def test_an_edit_is_saved_or_comes_back_with_its_faults(sqlite_database: Database, sign_in: SignIn) -> None:
    """A good form is stored; a bad one shows each fault at its field and stores nothing."""
    fill(sqlite_database)
    browser = sign_in(Role.DISPATCHER)
    path = f"/register/vehicles/row?key={LICENSED}"
    assert 'value="200.00"' in browser.get(path).text
    form = {
        "plate": LICENSED,
        "vehicle_class": "LICENSED_SCHOOL_BUS",
        "approved_students": "12",
        "approved_total": "14",
        "rows": "8",
        "fixed_yuan": "abc",
        "per_km_yuan": "4",
        "permit_to": "2027-02-30",
        "inspection_to": "2027-03-01",
        "plate_to": "2027-03-01",
        "insurance_to": "2027-03-01",
        "max_trips": "1",
    }
    refused = send(browser, path, path, **form)
    assert refused.status_code == 400
    assert refused.text.count('aria-invalid="true"') == 2
    saved = send(browser, path, path, **{**form, "fixed_yuan": "250.00", "permit_to": "2027-03-01"})
    assert saved.status_code == 302
    assert 'value="250.00"' in browser.get(path).text


def test_a_thing_retires_with_a_reason_and_comes_back(sqlite_database: Database, sign_in: SignIn) -> None:
    """Without a reason, or while riders use it, it is refused with every reason in words."""
    fill(sqlite_database)
    browser = sign_in(Role.ADMIN)
    page = "/register/stops/row?key=S001"
    refused = send(browser, "/register/stops/retire", page, key="S001", reason="")
    assert refused.status_code == 409
    assert "先给他们换站" in refused.text
    page = "/register/riders/row?key=20230001"
    assert send(browser, "/register/riders/retire", page, key="20230001", reason="转学").status_code == 302
    assert ">20230001<" not in browser.get("/register/riders?state=in_use").text
    assert send(browser, "/register/riders/restore", page, key="20230001").status_code == 302
    assert ">20230001<" in browser.get("/register/riders?state=in_use").text


def test_who_may_change_what(sqlite_database: Database, sign_in: SignIn) -> None:
    """Fares are the finance office's, the rest the dispatcher's; a supervisor reads; crews see nothing."""
    fill(sqlite_database)
    tariff = "/register/tariff/row?key=A&key=TRIP&key=2026-02-01"
    rider = "/register/riders/row?key=20230001"
    expected = {
        Role.DISPATCHER: (403, 200),
        Role.FINANCE: (200, 403),
        Role.ADMIN: (200, 200),
        Role.SUPERVISOR: (403, 403),
    }
    for role, answers in expected.items():
        browser = sign_in(role)
        assert (browser.get(tariff).status_code, browser.get(rider).status_code) == answers
        assert browser.get("/register/riders").status_code == 200
    assert sign_in(Role.DRIVER).get("/register/riders").status_code == 403
    assert sign_in(Role.ADMIN).get("/register/secrets").status_code == 404


@pytest.mark.parametrize("language", ["zh", "en"])
def test_an_import_is_previewed_with_its_cells_then_accepted(
    sqlite_database: Database, sign_in: SignIn, language: str
) -> None:
    """Numbers, the finding with its cell, the cell marked; after accepting the good row is in the list."""
    fill(sqlite_database)
    browser = sign_in(Role.DISPATCHER, language)
    answer = upload(browser, "riders", RIDERS_FILE.encode("gb18030"))
    assert answer.status_code == 302
    where = answer.headers["Location"]
    page = browser.get(where).text
    assert "E3" in page
    assert 'data-f="bad"' in page
    assert "S404" in page
    assert "20239001" not in browser.get("/register/riders").text
    assert send(browser, f"{where}/accept", where).status_code == 302
    assert "20239001" in browser.get("/register/riders").text
    assert browser.get("/register/imports/").text.count("riders.csv") == 1
    assert browser.get(f"{where}?format=csv").data.startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04nonsense", b"a,b\n1,2\n", "学号\n".encode("utf-16")])
def test_a_bad_file_gets_a_sentence_and_cannot_be_accepted(
    sqlite_database: Database, sign_in: SignIn, content: bytes
) -> None:
    """Empty, broken, of another kind, in another encoding: a page in words, and nothing can be written."""
    fill(sqlite_database)
    browser = sign_in(Role.DISPATCHER)
    where = upload(browser, "stops", content, "stops.csv").headers["Location"]
    page = browser.get(where).text
    assert "不能写入" in page
    refused = send(browser, f"{where}/accept", where)
    assert refused.status_code == 409
    assert send(browser, f"{where}/discard", where).status_code == 302


def test_an_upload_without_a_file_or_weekend_is_asked_for_again(
    sqlite_database: Database, sign_in: SignIn
) -> None:
    """The form comes back with what is missing."""
    fill(sqlite_database)
    browser = sign_in(Role.DISPATCHER)
    assert upload(browser, "roster", b"x", "names.csv").status_code == 400
    assert send(browser, "/register/imports/", "/register/imports/", kind="stops").status_code == 400


@pytest.mark.parametrize("language", ["zh", "en"])
def test_an_approved_line_is_added_and_edited_on_the_page(
    sqlite_database: Database, sign_in: SignIn, language: str
) -> None:
    """A new line with its stops, a wrong one with each fault at its field, an edit that shows what stands."""
    fill(sqlite_database)
    browser, path = sign_in(Role.DISPATCHER, language), "/register/lines/row"
    assert f'href="{path}"' in browser.get("/register/lines").text
    assert browser.get(path).text.count("stop_id-") >= 4
    form = {"line_id": "L9", "plate": LICENSED, "seq-1": "10", "stop_id-1": "S004", "departs_at-1": "26:00"}
    refused = send(browser, path, path, **form, **{"seq-2": "10", "stop_id-2": "S005"})
    assert refused.status_code == 400
    assert 'id="departs_at-1-e"' in refused.text
    assert "form.csv" not in refused.text
    good = {**form, "departs_at-1": "16:20", "seq-2": "5", "stop_id-2": "S005"}
    assert send(browser, path, path, **good).status_code == 302
    assert "5号站 → 4号站" in browser.get("/register/lines").text
    row = browser.get(f"{path}?key=L9").text
    assert 'value="16:20"' in row
    assert "retire" in row


def test_a_row_that_changed_meanwhile_comes_back_with_both_values(
    sqlite_database: Database, sign_in: SignIn
) -> None:
    """The second tab is told, keeps what was typed, shows what stands now, and may save after that."""
    fill(sqlite_database)
    browser, path = sign_in(Role.DISPATCHER), "/register/riders/row?key=20230001"
    opened = browser.get(path).text
    seen = re.search(r'name="seen" value="(\w+)"', opened)
    assert seen is not None
    form = {"rider_id": "20230001", "name": "学生1", "grade": "高一", "class": "2班", "stop_id": "S002"}
    assert send(browser, path, path, **form, guardian="甲", handover="SELF", seen=seen[1]).status_code == 302
    told = send(browser, path, path, **form, guardian="乙", handover="SELF", seen=seen[1])
    assert told.status_code == 409
    assert "被别人改过了" in told.text
    assert 'value="乙"' in told.text
    assert ">甲<" in told.text
    now = re.search(r'name="seen" value="(\w+)"', told.text)
    assert now is not None
    assert send(browser, path, path, **form, guardian="乙", handover="SELF", seen=now[1]).status_code == 302
