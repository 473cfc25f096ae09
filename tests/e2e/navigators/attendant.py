"""The attendant at a tablet, in the words of the field; waits for what a person would wait for."""

from playwright.sync_api import Page, expect

from tests.e2e.navigators.pressing import press

READY = "body[data-ready=true]"


class Attendant:
    """Marks riders, counts heads, drives from stop to stop and checks the bus."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def open(self, run_id: str) -> None:
        """The run is on the screen and the tablet is enrolled."""
        self.page.goto(f"/tablet/runs/{run_id}")
        self.page.wait_for_selector(READY)

    def press(self, words: str) -> None:
        """The one next act with these words; a refused one can be pressed too, it answers with reasons."""
        press(self.page.locator("[data-acts]").get_by_role("button", name=words))

    def tap(self, rider_id: str) -> None:
        """The rider's card, once."""
        self.page.locator(f"[data-rider='{rider_id}'] .rider__tap").click()

    def board(self, rider_ids: list[str]) -> None:
        """Each rider is tapped on and shown as aboard."""
        for rider_id in rider_ids:
            self.tap(rider_id)
            self.sees(rider_id, "aboard")

    def alight(self, rider_ids: list[str]) -> None:
        """Each rider is tapped off and shown as gone."""
        for rider_id in rider_ids:
            self.tap(rider_id)
            self.sees(rider_id, "alighted")

    def sees(self, rider_id: str, place: str) -> None:
        """The rider's card says this."""
        expect(self.page.locator(f"[data-rider='{rider_id}']")).to_have_attribute("data-at", place)

    def absent(self, rider_id: str, words: str) -> None:
        """The rider does not come, for the reason chosen."""
        self.page.locator(f"[data-rider='{rider_id}'] .rider__more").click()
        self.page.get_by_role("dialog").get_by_role("button", name=words).click()
        self.sees(rider_id, "absent")

    def count_heads(self, number: int) -> None:
        """The number counted is recorded."""
        self.press("清点人数")
        self.page.fill("#head-count", str(number))
        self.page.get_by_role("button", name="记录人数").click()

    def counts(self) -> tuple[int, int]:
        """Expected and aboard, as the screen says."""
        shown = self.page.locator("[data-counts] .count__n").all_inner_texts()
        return int(shown[0]), int(shown[1])

    def check_bus(self, codes: list[str]) -> None:
        """The codes are typed in the order asked, nobody was found."""
        self.press("清车检查")
        for box, code in zip(self.page.locator("dialog .code-field input").all(), [*codes, "0"], strict=True):
            box.fill(code)
        self.page.get_by_role("button", name="记录检查").click()

    def waits(self) -> int:
        """How many taps wait for the server; 0 when the bar is not shown."""
        bar = self.page.locator("[data-network]")
        return int(bar.get_attribute("data-waiting") or 0) if bar.is_visible() else 0
