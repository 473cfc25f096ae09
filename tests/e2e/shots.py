"""
Photographs pages by role, size and language, and says what is wrong with them while at it.

Each page is checked by axe (WCAG 2.2 AA and best practice), for sideways scrolling and for
messages of the content policy. `python -m tests.e2e.shots [OUT] [--only WORDS] [--all]`.
It starts a demo of its own; --url takes a running one, --empty a school without data. Without
--all it takes the pictures of the README.
"""

import argparse
import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright
from werkzeug.serving import make_server

from busops.clock import SystemClock, UuidIds
from busops.config import Settings
from busops.domain.people import Role
from busops.services.demo_school import PASSWORD as DEMO_PASSWORD
from busops.services.people import CHEAP, create_person
from busops.storage import schema
from busops.storage.database import open_engine
from busops.web.app import create_app
from tests.e2e.pictures import shrink

PASSWORD = "correct-horse-9"
AXE = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    }
}
DEMO_WAIT_S = 300
WIDE, LAPTOP, PHONE = (1440, 900), (1280, 800), (390, 844)
BOTH = ("zh", "en")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One page as somebody sees it."""

    name: str
    path: str
    role: Role | None
    size: tuple[int, int]
    locale: str
    dark: bool = False
    full: bool = True
    then: str = ""  # what is clicked before the picture is taken
    sees: str = ""  # what is there before the picture is taken


def pages(path: str, name: str, role: Role | None, sizes: tuple[tuple[int, int], ...]) -> Iterator[Shot]:
    """The page in every size and both languages."""
    for size in sizes:
        for locale in BOTH:
            yield Shot(name=f"{name}-{size[0]}-{locale}", path=path, role=role, size=size, locale=locale)


SIZES = (WIDE, LAPTOP, PHONE)
SHOTS: tuple[Shot, ...] = (
    *pages("/signin", "signin", None, SIZES),
    *pages("/", "home-dispatcher", Role.DISPATCHER, SIZES),
    *pages("/", "home-finance", Role.FINANCE, (WIDE, PHONE)),
    *pages("/", "home-supervisor", Role.SUPERVISOR, (WIDE, PHONE)),
    *pages("/", "home-admin", Role.ADMIN, (WIDE, PHONE)),
    *pages("/design", "design", Role.DISPATCHER, SIZES),
    Shot(name="design-dark", path="/design", role=Role.DISPATCHER, size=WIDE, locale="zh", dark=True),
    Shot(name="home-dark", path="/", role=Role.DISPATCHER, size=WIDE, locale="zh", dark=True),
    *pages("/manage/people", "people", Role.ADMIN, SIZES),
    *pages("/manage/people/new", "person-new", Role.ADMIN, (WIDE, PHONE)),
    *pages("/manage/audit?verify=1", "audit", Role.ADMIN, SIZES),
    *pages("/manage/settings", "settings", Role.ADMIN, SIZES),
    *pages("/account", "account", Role.DISPATCHER, (WIDE, PHONE)),
    *pages("/nowhere", "missing", Role.DISPATCHER, (WIDE, PHONE)),
    *pages("/search?q=川", "search", Role.DISPATCHER, (WIDE, PHONE)),
    *pages("/dispatch", "dispatch", Role.DISPATCHER, SIZES),
    *pages("/runs/", "runs", Role.DISPATCHER, (WIDE, PHONE)),
    *pages("/rosters/", "rosters", Role.DISPATCHER, (WIDE, PHONE)),
    *pages("/plans/", "plans", Role.DISPATCHER, (WIDE, PHONE)),
    *pages("/finance/", "finance", Role.FINANCE, (WIDE, PHONE)),
    *pages("/register/riders", "riders", Role.DISPATCHER, (WIDE, PHONE)),
    *pages("/register/stops", "stops", Role.DISPATCHER, (WIDE, PHONE)),
    *pages("/register/vehicles", "vehicles", Role.DISPATCHER, (WIDE, PHONE)),
)


# What the README shows; small enough to be kept beside it.
README_SHOTS: tuple[Shot, ...] = tuple(
    Shot(
        name=f"{name}-{locale}",
        path=path,
        role=role,
        size=LAPTOP,
        locale=locale,
        full=False,
        then=then,
        sees=sees,
    )
    for name, path, role, then, sees in (
        ("home", "/", Role.DISPATCHER, "", ""),
        ("dispatch", "/dispatch", Role.DISPATCHER, "", ""),
        ("plan", "/plans/", Role.DISPATCHER, "tbody a[href^='/plans/']", ""),
        ("finance", "/finance/", Role.FINANCE, "", ""),
        ("tablet", "/tablet/", Role.ATTENDANT, "main a[href^='/tablet/runs/']", "[data-at=aboard]"),
    )
    for locale in BOTH
)


@contextlib.contextmanager
def demo_school() -> Iterator[str]:
    """The address of a demo that was made for the pictures."""
    with tempfile.TemporaryDirectory() as folder, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        environ = os.environ | {"BUSOPS_INSTANCE": folder}
        command = [sys.executable, "-m", "busops", "demo", "--port", str(port)]
        with subprocess.Popen(command, env=environ) as server:
            try:
                yield wait_for(f"http://127.0.0.1:{port}", server)
            finally:
                server.terminate()


def wait_for(address: str, server: subprocess.Popen[bytes]) -> str:
    """The address, once it answers."""
    for _ in range(DEMO_WAIT_S):
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"{address}/healthz", timeout=5).close()  # noqa: S310
            return address
        if server.poll() is not None:
            break
        time.sleep(1)
    raise SystemExit("the demo did not start")


@contextlib.contextmanager
def empty_school() -> Iterator[str]:
    """The address of a server over a new school that has one account a role."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/busops.sqlite3"
        engine = open_engine(url, guarded=False)
        schema.create_all(engine)
        engine.dispose()
        settings = Settings(
            environment="test",
            instance_path=Path(folder),
            database_url=url,
            secret_key="k" * 48,
            planning_proof_seconds=0,
        )
        app = create_app(settings)
        database = app.extensions["busops"].database
        for role in Role:
            create_person(
                database,
                name="方晓岚",
                username=role.value,
                role=role,
                password=PASSWORD,
                clock=SystemClock(),
                ids=UuidIds(),
                hasher=CHEAP,
            )
        server = make_server("127.0.0.1", 0, app, threaded=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def sign_in(page: Page, address: str, username: str, password: str) -> None:
    """The browser is signed in."""
    page.goto(f"{address}/signin")
    page.fill("#account", username)
    page.fill("#password", password)
    page.click("button[type=submit]")
    page.wait_for_load_state()


class Studio:
    """Takes the pictures; keeps one signed-in browser context a role, language and theme."""

    def __init__(self, browser: Browser, address: str, out: Path, password: str) -> None:
        self.browser, self.address, self.out, self.password = browser, address, out, password
        self.pages: dict[tuple[Role | None, str, bool], Page] = {}
        self.messages: list[str] = []
        self.faults = 0

    def page_for(self, shot: Shot) -> Page:
        """A page of that reader."""
        key = (shot.role, shot.locale, shot.dark)
        if key not in self.pages:
            scheme = "dark" if shot.dark else "light"
            context = self.browser.new_context(color_scheme=scheme, reduced_motion="reduce")
            page = context.new_page()
            page.on("console", lambda m: self.messages.append(m.text) if m.type == "error" else None)
            page.on("pageerror", lambda error: self.messages.append(str(error)))
            page.goto(f"{self.address}/language/{shot.locale}?next=/signin")
            if shot.role is not None:
                sign_in(page, self.address, shot.role.value, self.password)
            self.pages[key] = page
        return self.pages[key]

    def take(self, shot: Shot) -> None:
        """The picture is in the folder; its faults are printed."""
        page = self.page_for(shot)
        self.messages.clear()
        page.set_viewport_size({"width": shot.size[0], "height": shot.size[1]})
        answer = page.goto(f"{self.address}{shot.path}")
        page.wait_for_load_state("networkidle")
        if shot.then:
            page.locator(shot.then).first.click()
            page.wait_for_load_state("networkidle")
        if shot.sees:
            page.wait_for_selector(shot.sees)
        picture = self.out / f"{shot.name}.png"
        page.screenshot(path=str(picture), full_page=shot.full)
        if not shot.full:
            shrink(self.browser, picture)
        wide = page.evaluate("document.documentElement.scrollWidth") - shot.size[0]
        found = Axe().run(page, options=AXE).response["violations"]
        csp = [text[:160] for text in self.messages if "404" not in text]
        self.faults += len(found) + len(csp) + (wide > 1)
        status = answer.status if answer else "-"
        sys.stdout.write(f"{shot.name:32} {status} axe {len(found)}{f' WIDE {wide}' if wide > 1 else ''}\n")
        for text in csp:
            sys.stdout.write(f"    console: {text}\n")
        for item in found:
            targets = [(node["target"], node.get("failureSummary", "")[:140]) for node in item["nodes"][:3]]
            sys.stdout.write(f"    {item['id']} ({item['impact']}) {targets}\n")


def main() -> int:
    """Takes the pictures that were asked for; 1 when any page has a fault."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, nargs="?", default=Path("docs/shots"))
    parser.add_argument("--only", default="", help="only shots whose name holds one of these (comma)")
    parser.add_argument("--all", action="store_true", help="every page in every size, not the README's")
    parser.add_argument("--url", default="", help="a running demo")
    parser.add_argument("--empty", action="store_true", help="a school of its own without data")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    shots = SHOTS if given.all or given.only else README_SHOTS
    wanted = [shot for shot in shots if any(word in shot.name for word in given.only.split(","))]
    with contextlib.ExitStack() as stack:
        school = empty_school() if given.empty else demo_school()
        address = given.url or stack.enter_context(school)
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        studio = Studio(browser, address, given.out, PASSWORD if given.empty else DEMO_PASSWORD)
        for shot in wanted:
            studio.take(shot)
        browser.close()
    sys.stdout.write(f"{len(wanted)} pictures, {studio.faults} faults\n")
    return 1 if studio.faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
