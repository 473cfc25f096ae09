"""The driver at a phone, in the words of the field."""

from playwright.sync_api import Locator, Page, expect

from tests.e2e.navigators.pressing import press

READY = "body[data-ready=true]"


class Driver:
    """Looks the bus over, checks it empty, parks it, closes the run."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def open(self, run_id: str) -> None:
        """The run is on the screen and the phone is enrolled."""
        self.page.goto(f"/tablet/runs/{run_id}")
        self.page.wait_for_selector(READY)

    def step(self, key: str) -> Locator:
        """One step of the way."""
        return self.page.locator(f"[data-step={key}]")

    def is_at(self, key: str) -> None:
        """This step is the open one."""
        expect(self.step(key)).to_have_attribute("aria-current", "step", timeout=20_000)

    def looks_the_bus_over(self) -> None:
        """Seven items are in order."""
        for item in self.page.locator("[data-item]").all():
            item.click()
        self.page.get_by_role("button", name="记录出车前检查").click()
        expect(self.step("precheck")).to_have_attribute("data-s", "done")

    def checks(self, codes: list[str], *, dawdles_ms: int = 0) -> None:
        """The codes are typed in the order asked; what is typed stays, however long he takes."""
        for box, code in zip(self.step("check").locator(".code-field input").all(), codes, strict=True):
            box.fill(code)
        self.page.wait_for_timeout(dawdles_ms)
        for box, code in zip(self.step("check").locator(".code-field input").all(), codes, strict=True):
            expect(box).to_have_value(code)
        self.page.get_by_role("button", name="记录检查").click()

    def parks(self, rear: str) -> None:
        """The rear code is typed where the bus is parked."""
        self.step("parked").locator(".code-field input").fill(rear)
        self.page.get_by_role("button", name="记录停放检查").click()

    def closes(self) -> None:
        """Asks the server to close the run."""
        press(self.page.get_by_role("button", name="结束").first)

    def reasons(self) -> list[str]:
        """Every reason the server gave."""
        self.page.wait_for_selector(".why")
        return self.page.locator(".why__t").all_inner_texts()
