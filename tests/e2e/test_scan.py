"""Tags are read by camera, by a reader that types, and by hand, in a Chromium that believes in its camera."""

import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import segno
from playwright.sync_api import Browser, BrowserType, Page, expect
from werkzeug.serving import make_server

from busops.clock import SystemClock, UuidIds
from busops.config import Settings
from busops.services import runs
from busops.services.sheets_on_paper import tag_text
from busops.storage.database import Database
from busops.web.app import create_app
from tests import small_school
from tests.browser import launch_arguments
from tests.e2e.navigators.attendant import Attendant
from tests.sim import world

WIDTH, HEIGHT, MODULE = 640, 480, 9
OTHER = "busops:t/%E5%B7%9DF99999/rear/123456"


def film_of(text: str, path: Path) -> Path:
    """A film of one picture for Chromium's false camera: the QR code of ``text``, black on white."""
    rows = [list(row) for row in segno.make(text, error="m", micro=False).matrix]
    left, top = (WIDTH - len(rows[0]) * MODULE) // 2, (HEIGHT - len(rows) * MODULE) // 2
    light = bytearray(b"\xeb" * (WIDTH * HEIGHT))
    for y, row in enumerate(rows):
        for x, is_dark in enumerate(row):
            for line in range(top + y * MODULE, top + (y + 1) * MODULE) if is_dark else ():
                start = line * WIDTH + left + x * MODULE
                light[start : start + MODULE] = b"\x10" * MODULE
    head = f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F10:1 Ip A1:1 C420jpeg\n".encode()
    frame = b"FRAME\n" + bytes(light) + b"\x80" * (WIDTH * HEIGHT // 2)
    path.write_bytes(head + frame * 2)
    return path


@pytest.fixture
def served(sqlite_database: Database, settings: Settings) -> Iterator[str]:
    """A server over a short run that is about to leave."""
    clock, ids = SystemClock(), UuidIds()
    world.fill(sqlite_database)
    world.add_people(sqlite_database, clock, ids)
    world.release(sqlite_database, departs_at=world.soon(clock), stops=("S001",))
    server = make_server("127.0.0.1", 0, create_app(settings, clock=clock, ids=ids), threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()


@pytest.fixture
def seeing(browser: Browser, browser_type: BrowserType, tmp_path: Path) -> Iterator[Browser]:
    """A Chromium whose camera looks at the rear tag of the coach."""
    film = film_of(tag_text(small_school.COACH, "rear", world.TAGS["rear"]), tmp_path / "rear.y4m")
    arguments = launch_arguments()
    arguments["args"] += [
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    ]
    other = browser_type.launch(**arguments)
    yield other
    other.close()


@pytest.fixture
def at_the_terminal(served: str) -> Callable[[Browser], Attendant]:
    """An attendant whose bus has come to its last stop and is empty."""

    def drive(browser: Browser) -> Attendant:
        page = sign_in(browser, served)
        attendant = Attendant(page)
        attendant.open("run-1")
        attendant.press("确认名单")
        riders = [each.get_attribute("data-rider") or "" for each in page.locator("[data-rider]").all()]
        attendant.board(riders)
        attendant.count_heads(len(riders))
        attendant.press("发车")
        attendant.press("到达")
        attendant.alight(riders)
        return attendant

    return drive


def sign_in(browser: Browser, url: str) -> Page:
    """A page of the attendant."""
    page = browser.new_context(base_url=url, viewport={"width": 390, "height": 844}).new_page()
    page.goto("/signin")
    page.fill("[name=account]", "attendant")
    page.fill("[name=password]", world.PASSWORD)
    page.click("main button[type=submit]")
    page.wait_for_url("**/tablet/")
    return page


def test_camera_reader_and_fingers_fill_one_check(seeing, at_the_terminal, sqlite_database):
    """
    The camera fills the rear, a reader the row it names, a finger the last; the check stands and tells how.

    A tag of another vehicle is said at once and fills nothing; what a reader types never stays in
    the box that happens to have the cursor. The page runs under its content policy without a
    complaint: the wasm is ours and may be compiled, nothing else may.
    """
    attendant = at_the_terminal(seeing)
    page = attendant.page
    complaints: list[str] = []
    page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    attendant.press("清车检查")
    said = page.locator("dialog .scan__said")

    page.focus("#code-2")
    page.keyboard.type(OTHER)
    page.keyboard.press("Enter")
    expect(said).to_contain_text("这是 川F99999 的标签")
    expect(page.locator("#code-2")).to_have_value("")

    page.focus("#found")
    page.keyboard.type(tag_text(small_school.COACH, "row:7", world.TAGS["row:7"]))
    page.keyboard.press("Enter")
    expect(page.locator("#code-7")).to_have_value(world.TAGS["row:7"])
    expect(page.locator("#found")).to_have_value("")

    page.get_by_role("button", name="用相机扫码").click()
    expect(page.locator("#code-rear")).to_have_value(world.TAGS["rear"], timeout=20_000)
    expect(page.locator("dialog video")).to_be_visible()
    page.fill("#code-2", world.TAGS["row:2"])
    page.fill("#found", "0")
    page.get_by_role("button", name="记录检查").click()
    expect(page.locator("[data-acts]")).to_contain_text("你已查完", timeout=20_000)

    check = runs.run_view(sqlite_database, "run-1").state.checks.attendant
    ways = {tuple(word.split(":")[:-1]) for word in check.codes if word.startswith("@")}
    assert ways == {("@rear", "camera"), ("@row", "7", "reader"), ("@row", "2", "typed")}
    assert not complaints


def test_without_a_secure_address_or_a_camera_the_page_says_what_to_do(browser, at_the_terminal):
    """No camera is not the end of a check: the sentence names the two other ways."""
    attendant = at_the_terminal(browser)
    attendant.page.evaluate("Object.defineProperty(navigator, 'mediaDevices', { value: undefined })")
    attendant.press("清车检查")
    attendant.page.get_by_role("button", name="用相机扫码").click()
    said = attendant.page.locator("dialog .scan__said")
    expect(said).to_contain_text("请用扫码枪或手工输入")
    expect(attendant.page.locator("dialog video")).to_be_hidden()


def test_a_tag_pasted_in_full_is_read_as_its_digits(browser, at_the_terminal):
    """The box takes the text of a tag whole; the old limit of seven characters cut it."""
    attendant = at_the_terminal(browser)
    attendant.press("清车检查")
    attendant.page.fill("#code-2", tag_text(small_school.COACH, "rear", world.TAGS["rear"]))
    expect(attendant.page.locator("#code-rear")).to_have_value(world.TAGS["rear"])
    expect(attendant.page.locator("#code-2")).to_have_value("")
    expect(attendant.page.locator("dialog .scan__said")).to_contain_text(re.compile("还差 2 个"))
