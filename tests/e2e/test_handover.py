"""An evening without a network: cards at the door, hand-overs at the stop, a stop that the office allowed."""

import re
from dataclasses import replace

import pytest
from playwright.sync_api import Locator, Page, expect

from busops.clock import SystemClock, UuidIds
from busops.domain.events import Alighted, HandedOver
from busops.domain.roster import HandoverMode, PickupPerson
from busops.domain.stop_changes import AskedBy
from busops.services import handovers, rider_cards, runs, stop_changes
from busops.storage import register_store
from tests.e2e.looking import untranslated, violations
from tests.e2e.navigators.attendant import Attendant
from tests.e2e.offline_evening import Evening, open_run, sent

GRANDMOTHER = PickupPerson(name="王某", relation="祖母")
# Everything the tablet keeps, as somebody who copied its files would read it.
DUMP = """async () => {
  const texts = [JSON.stringify({ ...localStorage })];
  for (const { name } of await indexedDB.databases()) {
    const open = indexedDB.open(name);
    const db = await new Promise((done) => { open.onsuccess = () => done(open.result); });
    for (const store of db.objectStoreNames) {
      const asked = db.transaction(store).objectStore(store).getAll();
      const all = await new Promise((done) => { asked.onsuccess = () => done(asked.result); });
      for (const each of all) {
        texts.push(JSON.stringify(each));
        const ways = each?.box ? ["utf-8", "utf-16"] : [];
        for (const way of ways) texts.push(new TextDecoder(way).decode(each.box));
      }
    }
    db.close();
  }
  return texts.join("\\n");
}"""


@pytest.fixture
def evening(evening: Evening) -> Evening:
    """Three riders of the first stop are handed over, everybody has a card; the server may be stopped."""
    first = evening.riders_of("S001")[:3]
    with evening.database.transaction() as tx:
        riders = [register_store.load_rider(tx, rider_id).rider for rider_id in first]
        listed = [replace(rider, handover=HandoverMode.LISTED, persons=(GRANDMOTHER,)) for rider in riders]
        register_store.save_riders(tx, listed)
    rider_cards.make_missing(evening.database, None, by="test", clock=SystemClock())
    return evening


def read_card(page: Page, number: str) -> Locator:
    """A reader types the card, wherever the cursor is; what is said of it."""
    page.keyboard.type(f"busops:r/{number}")
    page.keyboard.press("Enter")
    return page.locator("[data-scan=cards] .scan__said")


def answer(page: Page, words: str) -> None:
    """The button of the open dialog."""
    page.get_by_role("dialog").get_by_role("button", name=words).click()


def at_the_first_stop(attendant: Attendant, riders: list[str], cards: dict[str, str]) -> None:
    """Two riders by card, the others by a tap, and off to the first stop."""
    page = attendant.page
    attendant.press("确认名单")
    said = read_card(page, cards[riders[0]])
    expect(said).to_contain_text("已上车")
    attendant.sees(riders[0], "aboard")
    expect(read_card(page, cards[riders[0]])).to_contain_text(re.compile("已上车|已经记过"))
    attendant.sees(riders[0], "aboard")  # a second reading takes nothing back
    expect(read_card(page, "0000000000000000")).to_contain_text("非本车")
    page.fill("[data-find]", "-".join(cards[riders[1]][at : at + 4] for at in range(0, 16, 4)))
    attendant.sees(riders[1], "aboard")
    expect(page.locator("[data-find]")).to_have_value("")
    attendant.board(riders[2:])
    attendant.count_heads(len(riders))
    attendant.press("发车")
    attendant.press("到达")


def test_an_evening_of_hand_overs_without_a_network(evening: Evening, page: Page) -> None:
    """
    By list, by code at the second try, nobody there and back aboard; a change of stop and one without.

    All of it with the server gone; then it is told, and no name lies readable on the tablet.
    """
    one, two, three, four = evening.riders_of("S001")
    moved, other, *rest = [*evening.riders_of("S002"), *evening.riders_of("S003")]
    cards = {c.rider.rider_id: c.card_no for _, own in rider_cards.cards_of(evening.database) for c in own}
    clock, ids = SystemClock(), UuidIds()
    code = handovers.issue_code(evening.database, "run-1", two, by="test", clock=clock)
    asked = {"asked_by": AskedBy.GUARDIAN, "by": "test", "reason": "家长来电", "clock": clock, "ids": ids}
    stop_changes.allow_stop(evening.database, "run-1", moved, "S001", **asked)
    attendant = open_run(page)
    evening.stop()
    at_the_first_stop(attendant, [one, two, three, four, moved, other, *rest], cards)

    hand_over(attendant, (one, two, three, four), card=cards[one], code=code)
    use_other_stops(attendant, moved, other)
    in_english(attendant, three)
    evening.start()
    sent(page)
    told_the_server(evening, page, {"one": one, "two": two, "three": three, "moved": moved, "other": other})


def hand_over(attendant: Attendant, riders: tuple[str, ...], *, card: str, code: str) -> None:
    """By card and list, by code at the second try, nobody there and back aboard; the last goes alone."""
    page, (one, two, three, four) = attendant.page, riders
    expect(read_card(page, card)).to_contain_text("已下车")
    attendant.press("待交接 1 人")
    assert violations(page) == []
    answer(page, "王某（祖母）")
    expect(page.locator(f"[data-rider='{one}']")).to_contain_text("已交接")

    attendant.alight([two])
    attendant.press("待交接 1 人")
    answer(page, "有一次性接领码")
    page.fill("#pickup-code", "000000" if code != "000000" else "000001")
    answer(page, "核对")
    expect(page.get_by_role("dialog")).to_contain_text("还可以试 4 次")
    page.fill("#pickup-code", code)
    answer(page, "核对")
    expect(page.locator(f"[data-rider='{two}']")).to_contain_text("已交接")

    attendant.alight([three, four])
    attendant.press("待交接 1 人")
    answer(page, "没有人来接")
    expect(page.get_by_role("dialog")).to_contain_text("不能让他一个人留下")
    answer(page, "回到车上")
    attendant.sees(three, "aboard")


def use_other_stops(attendant: Attendant, moved: str, other: str) -> None:
    """One gets off where a change allows it; one first stays aboard, then gets off without any."""
    page = attendant.page
    expect(page.locator(f"[data-rider='{moved}']")).to_contain_text("变更 1 号")
    attendant.alight([moved])
    attendant.tap(other)
    expect(page.get_by_role("dialog")).to_contain_text("条例第32条")
    answer(page, "留在车上")
    attendant.sees(other, "aboard")
    attendant.tap(other)
    answer(page, "照实记录")
    attendant.sees(other, "alighted")


def in_english(attendant: Attendant, rider: str) -> None:
    """The rider nobody fetched gets off again and is handed over, on a page in the other language."""
    page = attendant.page
    attendant.tap(rider)
    page.locator("[data-language]").click()
    attendant.press("1 to hand over")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Who takes")
    assert untranslated(page, [GRANDMOTHER.name, GRANDMOTHER.relation, *names_shown(page)]) == []
    assert violations(page) == []
    answer(page, "王某 (祖母)")
    expect(page.locator(f"[data-rider='{rider}']")).to_contain_text("Given")


def names_shown(page: Page) -> list[str]:
    """The riders' names on the screen: they keep their script."""
    return page.locator(".rider__name").all_inner_texts()


def told_the_server(evening: Evening, page: Page, who: dict[str, str]) -> None:
    """How each was handed over, by which change one got off, the one finding; and no name in the store."""
    facts = runs.run_view(evening.database, "run-1").facts
    given = {(each.rider_id, each.codes) for each in facts if isinstance(each, HandedOver)}
    assert given == {
        (who["one"], frozenset({"listed", "person:1"})),
        (who["two"], frozenset({"code"})),
        (who["three"], frozenset({"none"})),
        (who["three"], frozenset({"listed", "person:1"})),
    }
    assert [each.text for each in facts if isinstance(each, HandedOver)] == [""] * 4
    named = {each.rider_id: each.codes for each in facts if isinstance(each, Alighted) and each.codes}
    assert named == {who["moved"]: frozenset({"change:1"})}
    found = runs.run_view(evening.database, "run-1").state.findings
    assert [each.facts["rider_id"] for each in found if each.code == "other_stop"] == [who["other"]]
    dump = page.evaluate(DUMP)
    assert "handover" in dump
    shown = names_shown(page)
    assert len(shown) == len(evening.plan.manifest)
    assert not [name for name in (*shown, GRANDMOTHER.name) if name in dump]
