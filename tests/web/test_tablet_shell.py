"""The tablet's shell, worker and manifest: public, the same for everybody, and whole without a network."""

import posixpath
import re
import struct
from datetime import UTC, datetime

import pytest

from busops.storage import audit_store, device_store
from busops.web.app import create_app
from busops.web.tablet import app_version
from tests.device_kit import Key
from tests.sim import world

KEY = Key()

SHELLS = re.compile(r"const SHELLS = (\{.*?\});")
FILES = re.compile(r"const FILES = \[(.*?)\];")
PATH = re.compile(r'"(/[^"]+)"')
IMPORT = re.compile(r'(?:from|import) "(\./|\.\./)([^"]+)"')


@pytest.fixture
def app(sqlite_database, settings, ids):
    """An application with one released run."""
    clock = world.a_clock(-30)
    world.fill(sqlite_database)
    world.add_people(sqlite_database, clock, ids)
    world.release(sqlite_database)
    return create_app(settings, clock=clock, ids=ids)


def kept(client) -> list[str]:
    """Every address that the worker keeps."""
    script = client.get("/tablet/sw.js").get_data(as_text=True)
    return PATH.findall(FILES.search(script)[1]) + PATH.findall(SHELLS.search(script)[1])


def test_the_shell_is_the_same_for_everybody_and_names_nobody(app):
    """Signed in or not, byte for byte: no run, no person, no token, no cookie; in both languages."""
    for path in PATH.findall(SHELLS.search(app.test_client().get("/tablet/sw.js").get_data(as_text=True))[1]):
        answer = app.test_client().get(path)
        text = answer.get_data(as_text=True)
        assert world.sign_in(app, "attendant").get(path).get_data(as_text=True) == text
        assert "Set-Cookie" not in answer.headers
        assert not re.search(r"csrf|data-run=|data-crew=|run-1|学生\d|川F", text)
        assert f'data-app="{app_version()}"' in text
        assert ("Not recorded!" in text) == ("/en" in path)
    assert app.test_client().get("/tablet/shell/fr").status_code == 404


def test_the_worker_keeps_every_file_that_a_start_needs(app):
    """Each address is served; whatever one of them imports or links to is among them."""
    client = app.test_client()
    paths = kept(client)
    assert len(paths) == len(set(paths)) > 30
    for path in paths:
        answer = client.get(path)
        assert answer.status_code == 200, path
        text = answer.get_data() if path.endswith((".png", ".wasm")) else answer.get_data(as_text=True)
        answer.close()
        if isinstance(text, bytes):
            continue
        for up, name in IMPORT.findall(text):
            wanted = posixpath.normpath(f"{posixpath.dirname(path)}/{up}{name}")
            assert wanted in paths, (path, name)
        for linked in re.findall(r'(?:src|href)="(/(?:static|tablet/app)/[^"#]+)', text):
            assert linked.replace("&amp;", "&") in paths, (path, linked)


def test_the_worker_changes_with_what_it_keeps_and_is_asked_for_anew(app, monkeypatch):
    """The same files make the same script, another version another; it is never kept unasked."""
    client = app.test_client()
    answer = client.get("/tablet/sw.js")
    script = answer.get_data(as_text=True)
    assert answer.headers["Cache-Control"] == "no-cache"
    assert "javascript" in answer.mimetype
    assert client.get("/tablet/sw.js").get_data(as_text=True) == script
    monkeypatch.setattr("busops.web.tablet_shell.app_version", lambda: "another")
    assert client.get("/tablet/sw.js").get_data(as_text=True) != script


def test_the_manifest_installs_the_tablet_and_its_icons_are_what_they_say(app):
    """Its own scope, both sizes, real PNG files of these sizes."""
    client = app.test_client()
    answer = client.get("/tablet/manifest.webmanifest")
    manifest = answer.get_json(force=True)
    assert answer.mimetype == "application/manifest+json"
    assert (manifest["scope"], manifest["start_url"], manifest["display"]) == (
        "/tablet/",
        "/tablet/",
        "standalone",
    )
    assert {icon["sizes"] for icon in manifest["icons"]} == {"192x192", "512x512"}
    for icon in manifest["icons"]:
        answer = client.get(icon["src"])
        data = answer.get_data()
        answer.close()
        assert data[:8] == b"\x89PNG\r\n\x1a\n"
        width, height = struct.unpack(">II", data[16:24])
        assert f"{width}x{height}" == icon["sizes"]


def enrolled(app, client, dev=None) -> dict:
    """What the enrolment of the signed-in attendant in this browser answers."""
    page = client.get("/tablet/runs/run-1").get_data(as_text=True)
    token = re.search(r'name="csrf-token" content="([^"]+)"', page)[1]
    body = {"crew": "Z1", "dev": dev, "name": "t", "key": KEY.public}
    return client.post("/api/v1/devices", json=body, headers={"X-CSRFToken": token}).get_json()


def told(client, held) -> dict | None:
    """What the server says was lost when this browser says which device it is."""
    answer = client.post("/api/v1/devices/here", headers={"Authorization": f"Device {held['token']}"})
    assert "HttpOnly" in answer.headers["Set-Cookie"]
    return answer.get_json()["lost"]


def test_a_browser_that_forgot_which_device_it_was_is_told_once_and_on_record(app, sqlite_database):
    """The first device is known; a second one of the same person in the same browser means a lost store."""
    client = world.sign_in(app, "attendant")
    first = enrolled(app, client)
    assert told(client, first) is None
    assert told(client, first) is None
    assert told(client, enrolled(app, client, dev=first["dev"])) is None
    second = enrolled(app, client)
    assert told(client, second) == {"dev": first["dev"], "held_to": 0}
    assert told(client, second) is None
    with sqlite_database.reading() as tx:
        acts = [entry for entry in audit_store.each_entry(tx) if entry.act == "device_store_lost"]
    assert [entry.facts for entry in acts] == [{"dev": first["dev"], "held_to": 0, "now": second["dev"]}]


def test_a_device_left_behind_for_a_reason_is_no_loss(app, sqlite_database):
    """Given up by the office: nothing was lost. A stranger's request is refused."""
    client = world.sign_in(app, "attendant")
    first = enrolled(app, client)
    told(client, first)
    with sqlite_database.transaction() as tx:
        device_store.revoke(tx, first["dev"], at=datetime(2024, 3, 15, tzinfo=UTC))
    assert told(client, enrolled(app, client)) is None
    assert app.test_client().post("/api/v1/devices/here").status_code == 401
