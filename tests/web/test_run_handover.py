"""What the office prepares for the way home: codes told once, leave for another stop, cards on paper."""

import re
from dataclasses import replace

import pytest

from busops.domain.fleet import CrewRole
from busops.domain.roster import HandoverMode, PickupPerson
from busops.services import handovers, rider_cards, tablet_pack
from busops.services.simulated_crew import drive
from busops.storage import audit_store, fleet_store, handover_store, register_store
from tests import small_school
from tests.sim import world
from tests.web.test_run_changes import RIDER, Office, words_of

PERSONS = (PickupPerson(name="王某", relation="祖母"), PickupPerson(name="李某", relation=""))


@pytest.fixture
def office(sqlite_database, settings, ids) -> Office:
    """The small school's office; one rider is handed over by list."""
    made = Office(sqlite_database, settings, ids)
    with sqlite_database.transaction() as tx:
        rider = register_store.load_rider(tx, RIDER).rider
        register_store.save_riders(tx, [replace(rider, handover=HandoverMode.LISTED, persons=PERSONS)])
    return made


def pack(office: Office):
    """What a tablet gets."""
    return tablet_pack.pack(office.database, "run-1")


def test_a_code_is_told_once_kept_as_its_proof_and_replaced_by_the_next(office) -> None:
    """Six digits on the page, known to neither audit nor database; the pack knows how they are proved."""
    answer = office.post("pickup-code", rider_id=RIDER)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    shown = re.search(r"data-pickup-code>(\d{3}) (\d{3})<", answer.get_data(as_text=True))
    code = shown[1] + shown[2]
    assert code not in office.page().replace(" ", "")
    kept = pack(office)["handover"][RIDER]["code"]
    assert handovers.proof_of(code, bytes.fromhex(kept["salt"]), kept["rounds"]) == kept["proof"]
    with office.database.reading() as tx:
        entries = tuple(audit_store.each_entry(tx))
        stored = repr(handover_store.load_codes(tx, "run-1")) + repr(entries)
    assert "pickup_code_given" in stored
    assert code not in stored
    office.post("pickup-code", rider_id=RIDER)
    again = pack(office)["handover"][RIDER]["code"]
    assert handovers.proof_of(code, bytes.fromhex(again["salt"]), again["rounds"]) != again["proof"]


def test_no_code_for_a_stranger_without_a_reason_or_on_the_way_to_school(office) -> None:
    """Each refusal says why on the page."""
    for fields, said in (({"rider_id": "9"}, "不在"), ({"rider_id": RIDER, "reason": " "}, "")):
        answer = office.post("pickup-code", **fields)
        assert answer.status_code == 409
        assert said in words_of(answer)
        assert "data-pickup-code" not in answer.get_data(as_text=True)
    assert pack(office)["handover"][RIDER]["code"] is None


def test_the_pack_names_who_may_fetch_and_nobody_elses_family(office) -> None:
    """Name and relation by number, for riders by list only; the paper's hash is of the manifest alone."""
    before = pack(office)
    assert before["handover"] == {
        RIDER: {
            "persons": [
                {"no": 1, "name": "王某", "relation": "祖母"},
                {"no": 2, "name": "李某", "relation": ""},
            ],
            "code": None,
        }
    }
    office.post("pickup-code", rider_id=RIDER)
    after = pack(office)
    assert (after["hash"], after["roster_v"]) == (before["hash"], before["roster_v"])
    assert after["whole"] != before["whole"]
    assert after["aside"] != before["aside"]


def test_persons_keep_their_numbers_and_leave_nothing_but_them(office) -> None:
    """Who is struck off is gone with his name, his number is never another's; who leaves takes all along."""
    with office.database.transaction() as tx:
        rider = register_store.load_rider(tx, RIDER).rider
        newcomer = PickupPerson(name="赵某", relation="姨")
        register_store.save_riders(tx, [replace(rider, persons=(newcomer, rider.persons[0]))])
        found = register_store.load_rider(tx, RIDER).rider.persons
        assert [(one.no, one.name) for one in found] == [(3, "赵某"), (1, "王某")]
        register_store.save_riders(tx, [replace(rider, persons=())])
        register_store.save_riders(tx, [replace(rider, persons=PERSONS[1:])])
        assert [one.no for one in register_store.load_rider(tx, RIDER).rider.persons] == [4]
        register_store.retire_rider(tx, RIDER, world.a_clock().now().date())
        assert register_store.load_rider(tx, RIDER).rider.persons == ()


def test_another_stop_gets_a_number_and_loses_it_when_withdrawn(office) -> None:
    """The pack carries it, the page names it; withdrawn, it is gone from both, and its number stays used."""
    form = {"rider_id": RIDER, "stop_id": "S003", "asked_by": "guardian"}
    assert office.post("stop-changes", **form).status_code == 302
    assert pack(office)["changes"] == [{"no": 1, "rider": RIDER, "stop": "S003"}]
    assert "变更 1 号" in office.page()
    assert "监护人提出" in office.page()
    mark = pack(office)["aside"]
    assert office.post("stop-changes/1/withdraw").status_code == 302
    assert pack(office)["changes"] == []
    assert pack(office)["aside"] != mark
    assert office.post("stop-changes/1/withdraw").status_code == 404
    office.post("stop-changes", **form)
    assert [each["no"] for each in pack(office)["changes"]] == [2]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"stop_id": "S999"}, "S999"),
        ({"stop_id": "@campus"}, "学校"),
        ({"stop_id": "own"}, "就是"),
        ({"rider_id": "9"}, "9"),
        ({"asked_by": "somebody"}, ""),
        ({"reason": ""}, ""),
    ],
)
def test_only_another_stop_of_this_run_can_be_allowed(office, changed, said) -> None:
    """Each refusal names its reason, and nothing is in the log."""
    form = {"rider_id": RIDER, "stop_id": "S003", "asked_by": "school"} | changed
    if form["stop_id"] == "own":
        form["stop_id"] = office.plan().riders[RIDER].stop_id
    answer = office.post("stop-changes", **form)
    assert answer.status_code == 409
    assert said in words_of(answer)
    assert pack(office)["changes"] == []


def test_who_is_off_already_gets_no_other_stop_and_a_closed_run_no_code(office) -> None:
    """After the run nothing of it can be prepared any more."""
    office.play()
    for act, fields in (
        ("stop-changes", {"rider_id": RIDER, "stop_id": "S003", "asked_by": "school"}),
        ("pickup-code", {"rider_id": RIDER}),
    ):
        assert office.post(act, **fields).status_code == 409


def test_cards_print_by_class_and_a_lost_one_is_nobodys(office) -> None:
    """A number a rider that is not his; making them again makes none; a new one replaces the old at once."""
    client = office.browser("dispatcher")
    token = re.search(r'name="csrf_token" value="([^"]+)"', office.page(client))[1]
    (name, cards), *_ = rider_cards.cards_of(office.database)
    assert all(card.card_no is None for card in cards)
    for _ in range(2):
        assert client.post("/print/cards/", data={"csrf_token": token, "of": name}).status_code == 302
    made = {card.rider.rider_id: card for _, own in rider_cards.cards_of(office.database) for card in own}
    numbers = {rider_id: card.card_no for rider_id, card in made.items() if card.card_no}
    assert set(numbers) >= {card.rider.rider_id for card in cards}
    page = client.get(f"/print/cards/?of={name}").get_data(as_text=True)
    assert page.count("data-card=") == len(cards)
    mine = cards[0].rider.rider_id
    assert made[mine].grouped in page
    assert mine not in re.sub(r"<[^>]+>", " ", page)
    assert (
        client.post(f"/print/cards/{mine}/renew", data={"csrf_token": token, "of": name}).status_code == 302
    )
    with office.database.reading() as tx:
        known = rider_cards.for_tablet(tx, "run-1", numbers)
    assert rider_cards.hash_on("run-1", numbers[mine]) not in known
    assert mine in known.values()


def test_a_pack_holds_no_card_that_could_be_printed(office) -> None:
    """Hashes of this run's riders only, other ones on another run."""
    world.release(office.database, run_id="run-2", trip_no=2)
    rider_cards.make_missing(office.database, None, by="test", clock=office.clock)
    here, there = pack(office)["cards"], tablet_pack.pack(office.database, "run-2")["cards"]
    assert set(here.values()) == set(office.plan().riders)
    assert not here.keys() & there.keys()
    numbers = [card.card_no for _, own in rider_cards.cards_of(office.database) for card in own]
    assert len(set(numbers)) == len(numbers)
    assert not any(number in repr(pack(office)) for number in numbers)


def test_everybody_learns_how_a_rider_was_handed_over(office) -> None:
    """The news tell the other tablet the codes, the page tells the name that stands in the register."""
    held = world.tablets(office.database, clock=office.clock, ids=office.ids)
    transport = world.transport(office.app)
    before = transport("GET", "/api/v1/runs/run-1/news", held[CrewRole.DRIVER].headers, None)[1]
    assert before["aside"] == pack(office)["aside"]
    drive(transport, held, pack=pack(office), tags=world.TAGS, ids=office.ids)
    told = transport("GET", "/api/v1/runs/run-1/news", held[CrewRole.DRIVER].headers, None)[1]
    codes = {each["kind"]: each["codes"] for each in told["events"] if "codes" in each}
    assert codes == {"handover": ["listed", "person:1"]}
    assert "交给名单上的 王某" in office.client.get("/runs/run-1?events=all").get_data(as_text=True)


def test_a_substitute_takes_codes_and_changes_along(office) -> None:
    """The family was told one code and the crew one number: both hold on the run that takes its place."""
    office.post("pickup-code", rider_id=RIDER)
    office.post("stop-changes", rider_id=RIDER, stop_id="S003", asked_by="guardian")
    before = pack(office)
    with office.database.transaction() as tx:
        coach = next(each for each in fleet_store.load_vehicles(tx) if each.plate == small_school.COACH)
        fleet_store.save_vehicles(tx, [replace(coach, plate="川FB0099")])
    answer = office.post("vehicle", plate="川FB0099")
    assert answer.status_code == 302, words_of(answer)
    after = tablet_pack.pack(office.database, answer.headers["Location"].rsplit("/", 1)[1])
    assert after["run"] != before["run"]
    assert (after["handover"], after["changes"]) == (before["handover"], before["changes"])
