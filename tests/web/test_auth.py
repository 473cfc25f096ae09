"""Signing in and out through the door, the lock-out, the language, the own password."""

from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from busops.config import Settings
from busops.domain.errors import Refused
from busops.domain.people import Actor, Role
from busops.services import audit, demo_school, devices, people
from busops.services.people import CHEAP
from busops.storage.database import Database
from busops.web.app import create_app
from tests.device_kit import Key
from tests.machine import CountingIds, FixedClock
from tests.sim import world
from tests.web.conftest import PASSWORD, SignIn, send, token

People = dict[Role, Actor]


def test_the_right_password_opens_and_gives_a_new_session(client: FlaskClient, people: People) -> None:
    """After signing in the browser has another cookie than before, so a planted session is worth nothing."""
    token(client, "/signin")
    before = client.get_cookie("busops")
    answer = send(client, "/signin", "/signin", account="Dispatcher ", password=PASSWORD)
    after = client.get_cookie("busops")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    assert before is not None
    assert after is not None
    assert before.value != after.value
    assert client.get("/").status_code == 200


def test_a_wrong_password_and_a_wrong_name_look_the_same(client: FlaskClient, people: People) -> None:
    """Nobody learns from the answer whether an account exists."""
    known = send(client, "/signin", "/signin", account="dispatcher", password="wrong")
    unknown = send(client, "/signin", "/signin", account="nobody", password="wrong")
    assert known.status_code == unknown.status_code == 401
    assert known.text.replace("dispatcher", "X").count("还可试 4 次") == 1
    assert unknown.text.count("还可试 4 次") == 1


def test_guessing_has_to_wait_and_the_wait_ends(
    client: FlaskClient, people: People, clock: FixedClock
) -> None:
    """After five failures even the right password waits; after the wait it opens; the counter is gone."""
    for _ in range(5):
        send(client, "/signin", "/signin", account="finance", password="wrong")
    locked = send(client, "/signin", "/signin", account="finance", password=PASSWORD)
    assert locked.status_code == 401
    assert "之后再试" in locked.text
    clock.advance(31)
    assert send(client, "/signin", "/signin", account="finance", password=PASSWORD).status_code == 302


def test_the_lock_is_of_one_account_only(client: FlaskClient, people: People) -> None:
    """Somebody who guesses at one account does not lock the others out."""
    for _ in range(6):
        send(client, "/signin", "/signin", account="finance", password="wrong")
    assert send(client, "/signin", "/signin", account="admin", password=PASSWORD).status_code == 302


def test_signing_out_ends_the_session_also_for_a_copied_cookie(app: Flask, sign_in: SignIn) -> None:
    """A cookie copied before signing out opens nothing afterwards."""
    browser = sign_in(Role.ADMIN)
    copied = browser.get_cookie("busops")
    assert copied is not None
    assert send(browser, "/signout").status_code == 302
    thief = app.test_client()
    thief.set_cookie("busops", copied.value)
    assert thief.get("/account").status_code == 302
    assert "/signin" in thief.get("/account").headers["Location"]


def test_signing_out_needs_a_post(sign_in: SignIn) -> None:
    """A link or an image on a foreign page cannot sign anybody out."""
    assert sign_in(Role.ADMIN).get("/signout").status_code == 405


def test_a_session_ends_when_it_is_not_used(sign_in: SignIn, clock: FixedClock, app: Flask) -> None:
    """An office session outlives use, not idleness."""
    browser = sign_in(Role.DISPATCHER)
    idle_s = app.extensions["busops"].settings.session_idle_s
    for _ in range(3):
        clock.advance(idle_s - 1)
        assert browser.get("/account").status_code == 200
    clock.advance(idle_s + 1)
    assert browser.get("/account").status_code == 302


def test_a_session_ends_after_its_whole_time(sign_in: SignIn, clock: FixedClock, app: Flask) -> None:
    """However busily it is used, an office session ends."""
    browser = sign_in(Role.DISPATCHER)
    settings = app.extensions["busops"].settings
    for _ in range(settings.session_office_s // 1800 + 1):
        clock.advance(1800)
        last = browser.get("/account").status_code
    assert last == 302


def test_a_changed_role_ends_the_sessions_at_once(
    sign_in: SignIn, people: People, sqlite_database: Database, clock: FixedClock
) -> None:
    """Nobody goes on with rights that were taken away."""
    browser = sign_in(Role.FINANCE)
    person = people[Role.FINANCE]
    from_admin = people[Role.ADMIN]
    change(sqlite_database, person, from_admin, clock)
    assert browser.get("/account").status_code == 302


def change(database: Database, person: Actor, by: Actor, clock: FixedClock) -> None:
    """The person is a supervisor now."""
    people.change_person(
        database, person.user_id, name=person.name, role=Role.SUPERVISOR, crew_id=None, by=by, clock=clock
    )


def test_after_signing_in_one_lands_where_one_wanted(client: FlaskClient, people: People) -> None:
    """The address asked for before signing in is opened after it; a foreign one never."""
    asked = client.get("/manage/people?role=driver")
    assert asked.headers["Location"] == "/signin?next=/manage/people?role%3Ddriver"
    right = {"account": "admin", "password": PASSWORD}
    answer = send(client, "/signin", "/signin", next="/manage/people?role=driver", **right)
    assert answer.headers["Location"] == "/manage/people?role=driver"


def test_a_foreign_address_is_never_gone_to(app: Flask, people: People) -> None:
    """No spelling of a foreign host survives as the place to go on to."""
    for evil in (
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil",
        "/\t/evil",
        "evil",
    ):
        browser = app.test_client()
        answer = send(browser, "/signin", "/signin", account="admin", password=PASSWORD, next=evil)
        assert answer.headers["Location"] == "/", evil
        assert browser.get("/language/en", query_string={"next": evil}).headers["Location"] == "/"


def test_a_one_time_password_must_be_changed_first(
    app: Flask, sqlite_database: Database, clock: FixedClock, ids: CountingIds
) -> None:
    """The first administrator sees only the own account until the one-time password is replaced."""
    password = people.first_admin(sqlite_database, clock=clock, ids=ids, hasher=CHEAP)
    assert password is not None
    assert people.first_admin(sqlite_database, clock=clock, ids=ids, hasher=CHEAP) is None
    browser = app.test_client()
    first = send(browser, "/signin", "/signin", account="admin", password=password)
    assert first.headers["Location"] == "/account"
    assert browser.get("/manage/people").headers["Location"] == "/account"
    weak = send(browser, "/account/password", old=password, new="short", again="short")
    assert weak.status_code == 400
    assert "至少 12 个字符" in weak.text
    new = "a-much-longer-secret"
    assert send(browser, "/account/password", old=password, new=new, again=new).status_code == 302
    assert send(browser, "/signin", "/signin", account="admin", password=new).headers["Location"] == "/"
    assert browser.get("/manage/people").status_code == 200


def test_an_account_on_its_one_time_password_enrols_no_tablet(
    app: Flask, sqlite_database: Database, clock: FixedClock, ids: CountingIds
) -> None:
    """Refused with its code, at the gate and in the service itself; after the change the way is open."""
    world.fill(sqlite_database)
    who = {"name": "乙", "username": "z1", "role": Role.ATTENDANT, "crew_id": "Z1", "password": PASSWORD}
    acting = {"clock": clock, "ids": ids, "hasher": CHEAP, "must_change": True}
    actor = people.actor_of(people.create_person(sqlite_database, **who, **acting))
    browser = app.test_client()
    send(browser, "/signin", "/signin", account="z1", password=PASSWORD)
    for language, said in (("zh", "一次性密码"), ("en", "one-time password")):
        browser.get(f"/language/{language}")
        headers = {"X-CSRFToken": token(browser, "/account")}
        refused = browser.post("/api/v1/devices", json={"name": "iPad"}, headers=headers)
        assert (refused.status_code, refused.json["code"]) == (403, "password_change_first")
        assert said in refused.json["detail"]
    own = {"actor": actor, "crew_id": None, "name": "iPad", "clock": clock, "public_key": Key().public}
    with pytest.raises(Refused, match="password_change_first"):
        devices.enrol(sqlite_database, **own)
    assert devices.list_devices(sqlite_database) == ()
    new = "a-much-longer-secret"
    assert send(browser, "/account/password", old=PASSWORD, new=new, again=new).status_code == 302
    assert devices.enrol(sqlite_database, **own).dev == 1


def test_wrong_old_passwords_are_counted_on_the_account_page(sign_in: SignIn) -> None:
    """The page says how many tries are left, then that one must wait; the right one too must wait."""
    browser = sign_in(Role.FINANCE)
    new = "a-much-longer-secret"
    said = [
        send(browser, "/account/password", old="wrong", new=new, again=new).get_data(as_text=True)
        for _ in range(6)
    ]
    assert "还可试 4 次" in said[0]
    assert "下一次要先等待" in said[4]
    assert "试错太多次" in said[5]
    right = send(browser, "/account/password", old=PASSWORD, new=new, again=new)
    assert (right.status_code, "试错太多次" in right.text) == (400, True)


def test_the_language_is_kept_and_every_page_says_which_it_is(client: FlaskClient) -> None:
    """Chinese unless asked otherwise; English stays, also after the session is gone."""
    assert '<html lang="zh-Hans"' in client.get("/signin").text
    client.get("/language/en?next=/signin")
    assert '<html lang="en"' in client.get("/signin").text
    client.delete_cookie("busops")
    assert '<html lang="en"' in client.get("/signin").text
    client.get("/language/zh")
    assert "登录校车组" in client.get("/signin").text


def test_signing_in_and_out_is_in_the_audit(sign_in: SignIn, sqlite_database: Database) -> None:
    """Who came, who went and that somebody failed stands in the chain, without passwords."""
    browser = sign_in(Role.FINANCE)
    send(browser, "/signout")
    send(browser, "/signin", "/signin", account="finance", password="wrong")
    acts = [row.entry.act for row in audit.newest(sqlite_database, limit=3)]
    assert acts == ["signin_failed", "signed_out", "signed_in"]
    assert audit.verify(sqlite_database).holds


def test_the_demo_names_its_accounts_and_a_school_never_does(
    web_settings: Settings, clock: FixedClock, ids: CountingIds, client: FlaskClient
) -> None:
    """The demo's door offers its public accounts and its design page is open; a school's is neither."""
    demo = create_app(replace(web_settings, demo=True), clock=clock, ids=ids).test_client()
    door = demo.get("/signin?account=finance").text
    assert demo_school.PASSWORD in door
    assert 'value="finance"' in door
    assert demo.get("/design").status_code == 200
    assert demo_school.PASSWORD not in client.get("/signin?account=finance").text
    assert client.get("/design").status_code == 302
