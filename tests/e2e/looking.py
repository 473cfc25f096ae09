"""What every page of the office must be, seen in the browser: whole, accessible, quiet, in one language."""

import re
from collections.abc import Sequence

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.e2e.office_school import PASSWORD

AXE = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    }
}
HAN = re.compile(r"[\u3400-\u9fff\u3000-\u303f\uff01-\uff5e]+")
# Text that stands outside what is marked as Chinese, and the attributes that are read out.
TEXTS = """() => {
  const texts = [];
  const isData = (element) => element.closest("[lang]")?.lang === "zh-Hans";
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const parent = walker.currentNode.parentElement;
    if (!parent.closest("script, style, template") && !isData(parent)) texts.push(walker.currentNode.data);
  }
  for (const element of document.querySelectorAll("[placeholder], [title]")) {
    if (!isData(element)) texts.push(element.getAttribute("placeholder") ?? element.getAttribute("title"));
  }
  return texts;
}"""


def enter(browser: Browser, url: str, account: str, language: str = "zh") -> tuple[Page, list[str]]:
    """A page of the signed-in person, and the errors that its console will say."""
    context = browser.new_context(
        base_url=url, viewport={"width": 1280, "height": 800}, reduced_motion="reduce"
    )
    page, errors = context.new_page(), []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"/language/{language}?next=/signin")
    page.fill("#account", account)
    page.fill("#password", PASSWORD)
    page.click("main button[type=submit]")
    page.wait_for_load_state()
    return page, errors


def violations(page: Page) -> list[str]:
    """What axe finds on the page as it is now."""
    found = Axe().run(page, options=AXE).response["violations"]
    return [f"{page.url} {one['id']}: {[node['target'] for node in one['nodes'][:3]]}" for one in found]


def overflows(page: Page, width: int) -> bool:
    """True when the page scrolls sideways at this width."""
    page.set_viewport_size({"width": width, "height": 844})
    return page.evaluate("document.documentElement.scrollWidth") > width + 1


def untranslated(page: Page, data: Sequence[str]) -> list[str]:
    """Chinese on an English page that is neither marked as Chinese nor the school's own data."""
    own = re.compile("|".join([r"川F\w{5}", *map(re.escape, data)]))
    texts = [own.sub("", text) for text in page.evaluate(TEXTS)]
    return [text.strip() for text in texts if HAN.search(text)]
