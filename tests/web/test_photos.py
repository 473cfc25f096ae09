"""Photos of checks: only pictures, made anew, seen by the bus team alone, gone after 30 days."""

import io
import struct
import zlib
from datetime import timedelta

import pytest
from PIL import Image

from busops.domain.errors import InvalidInput
from busops.domain.fleet import CrewRole
from busops.domain.values import RunId
from busops.services import photos
from busops.services.photos import KEPT, MOST_A_RUN, MOST_BYTES, forget_old, made_anew
from busops.web.app import create_app
from tests.machine import FixedClock
from tests.sim import world

ADDRESS = "/api/v1/runs/run-1/photos"
SECRET = b"<script>alert('polyglot')</script>"


def a_jpeg(width: int = 64, height: int = 48, shade: int = 90, **own: object) -> bytes:
    """A picture of one shade."""
    made = io.BytesIO()
    Image.new("RGB", (width, height), (shade, 120, 60)).save(made, "JPEG", **own)
    return made.getvalue()


def a_bomb(width: int, height: int) -> bytes:
    """A small file that says it is an enormous picture."""
    small = bytearray(a_jpeg(16, 16))
    place = small.index(b"\xff\xc0") + 5
    small[place : place + 4] = struct.pack(">HH", height, width)
    return bytes(small)


def a_png() -> bytes:
    """A PNG of honest size."""
    made = io.BytesIO()
    Image.new("RGB", (8, 8)).save(made, "PNG")
    return made.getvalue()


@pytest.fixture
def clock():
    """Two hours after the departure."""
    return world.a_clock()


@pytest.fixture
def app(sqlite_database, settings, ids, clock):
    """An application with one released run and its people."""
    world.fill(sqlite_database)
    world.add_people(sqlite_database, clock, ids)
    world.release(sqlite_database)
    return create_app(settings, clock=clock, ids=ids)


@pytest.fixture
def hand_in(app, sqlite_database, clock, ids):
    """Sends a photo from the driver's tablet."""
    held = world.enrol(sqlite_database, CrewRole.DRIVER, clock=clock, ids=ids)
    client = app.test_client()
    return lambda sent, address=ADDRESS: client.post(address, data=sent, headers=held.headers)


def test_a_photo_is_made_anew_and_seen_by_the_bus_team_only(app, hand_in, sqlite_database, settings):
    """Same pixels, another file: nothing that was hidden or told in it is kept; crews see none."""
    sent = a_jpeg(comment=SECRET) + SECRET
    answer = hand_in(sent)
    assert answer.status_code == 201
    (photo,) = photos.photos_of(sqlite_database, RunId("run-1"))
    assert answer.json == {"run": "run-1", "digest": photo.digest}
    stored = (settings.instance_path / "photos" / f"{photo.photo_id}.jpg").read_bytes()
    assert SECRET not in stored
    assert photo.digest not in photo.photo_id
    page = f"/runs/run-1/photos/{photo.photo_id}"
    office = world.sign_in(app, "dispatcher")
    seen = office.get(page)
    assert (seen.data, seen.mimetype, seen.headers["Cache-Control"]) == (stored, "image/jpeg", "no-store")
    assert page in office.get("/runs/run-1/photos").get_data(as_text=True)
    for account in ("attendant", "driver"):
        assert world.sign_in(app, account).get(page).status_code == 403
    assert office.get("/runs/run-1/photos/other").status_code == 404


def test_the_place_and_the_camera_in_a_photo_are_not_kept():
    """EXIF with a position goes in, none comes out, and the picture is upright as sent."""
    exif = Image.Exif()
    exif[0x010F] = "示例相机"
    exif[0x8825] = {1: "N", 2: (30.0, 40.0, 0.0)}
    sent = a_jpeg(exif=exif)
    with Image.open(io.BytesIO(sent)) as before, Image.open(io.BytesIO(made_anew(sent))) as after:
        assert before.getexif()
        assert not after.getexif()
        assert set(after.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
        assert before.size == after.size


HOSTILE = {
    "nothing": b"",
    "a word": SECRET,
    "only a head": b"\xff\xd8\xff\xe0",
    "a PNG": a_png(),
    "a PNG named as one with a JPEG behind": a_png() + a_jpeg(),
    "a broken JPEG": a_jpeg(640, 480)[:600],
    "a bomb within Pillow's own limit": a_bomb(4001, 3000),
    "a bomb beyond it": a_bomb(60_000, 60_000),
    "a zip": zlib.compress(SECRET),
    "a picture of other making": b"GIF89a" + bytes(100),
}


@pytest.mark.parametrize("sent", HOSTILE.values(), ids=HOSTILE)
def test_what_is_no_photo_or_a_bomb_is_refused_before_it_is_decoded(hand_in, sqlite_database, sent, settings):
    """A kind reason, no file, no row, no failure of the server."""
    answer = hand_in(sent)
    assert answer.status_code == 400
    assert answer.json["type"].rpartition(":")[2] in {"photo_unreadable", "photo_too_large"}
    assert photos.photos_of(sqlite_database, RunId("run-1")) == ()
    assert not list((settings.instance_path / "photos").glob("*"))


def test_the_largest_photo_passes_and_one_pixel_or_byte_more_does_not(hand_in):
    """Twelve million pixels yes; a body over the limit is not even read to its end."""
    made_anew(a_jpeg(4000, 3000, quality=20))
    with pytest.raises(InvalidInput, match="photo_too_large"):
        made_anew(a_jpeg() + bytes(MOST_BYTES))
    assert hand_in(a_jpeg() + bytes(MOST_BYTES + 2000)).status_code == 413


def test_the_same_photo_twice_is_one_and_a_run_has_its_fill(hand_in, sqlite_database):
    """A lost answer makes no second photo; the seventh is refused with its reason."""
    for shade in range(MOST_A_RUN):
        assert hand_in(a_jpeg(shade=shade * 20)).status_code == 201
    assert hand_in(a_jpeg(shade=0)).status_code == 201
    assert len(photos.photos_of(sqlite_database, RunId("run-1"))) == MOST_A_RUN
    assert hand_in(a_jpeg(shade=250)).status_code == 409


def test_a_stranger_and_a_tablet_without_a_token_hand_nothing_in(app, hand_in, sqlite_database):
    """Not of the crew: 404, as if the run were not; no token: 401."""
    assert hand_in(a_jpeg(), "/api/v1/runs/run-9/photos").status_code == 404
    with sqlite_database.transaction() as tx:
        world.give_to_another_crew(tx, "run-1")
    assert hand_in(a_jpeg()).status_code == 404
    assert app.test_client().post(ADDRESS, data=a_jpeg()).status_code == 401


def test_after_thirty_days_a_photo_is_gone_with_its_file(hand_in, sqlite_database, settings, clock):
    """On the thirtieth day it is there, a second later neither row nor file."""
    assert hand_in(a_jpeg()).status_code == 201
    last = clock.now() + KEPT
    assert forget_old(sqlite_database, settings.instance_path, clock=FixedClock(last)) == 0
    later = FixedClock(last + timedelta(seconds=1))
    assert forget_old(sqlite_database, settings.instance_path, clock=later) == 1
    assert photos.photos_of(sqlite_database, RunId("run-1")) == ()
    assert not list((settings.instance_path / "photos").glob("*"))
