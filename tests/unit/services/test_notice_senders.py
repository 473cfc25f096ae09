"""Each way out, against a real server on this machine: what arrives, and what every failure is called."""

import email
import email.policy
import hashlib
import hmac
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from busops.domain.notices import ChannelKind, NoticeMeans, is_address, means_faults, target_fault
from busops.services.notice_senders import Letter, NotSent, dingtalk_sign, send
from busops.storage.notice_store import Channel
from tests.unit.services.notice_sinks import Sink, mail_sink, web_sink

AT = datetime(2026, 3, 13, 9, tzinfo=UTC)
SECRET = "a-secret-of-the-school"
LETTER = Letter(
    notice_id="n1",
    level=3,
    subject="【校车报警 3 级】01 趟",
    text="车辆：川F00001\n现在要做：走到车上看",
    facts={"v": 1, "run": "run-1", "level": 3},
)


def channel(kind: ChannelKind, target: str, secret: str = SECRET) -> Channel:
    """A channel of that kind."""
    return Channel(
        channel_id="c1",
        kind=kind,
        name="值班",
        target=target,
        secret=secret,
        levels=frozenset({3}),
        language="zh_Hans",
        since_at=AT,
        made_by="u1",
        made_at=AT,
    )


def means(sink: Sink, **changed: object) -> NoticeMeans:
    """This machine's server is allowed; nobody waits long."""
    allowed = NoticeMeans(
        smtp=sink.host,
        security="none",
        sender="bus@school.example",
        hosts=(sink.host,),
        timeout_s=1,
    )
    return replace(allowed, **changed)  # type: ignore[arg-type]


def failure(to: Channel, sink: Sink, **changed: object) -> str:
    """What the failure of sending is called."""
    with pytest.raises(NotSent) as caught:
        send(to, LETTER, means(sink, **changed), AT)
    return caught.value.code


def test_a_mail_arrives_with_its_own_headers_only() -> None:
    """Subject, sender, receiver, a date, an id that stays the same; the text as it was written."""
    with mail_sink() as sink:
        send(channel(ChannelKind.SMTP, "duty@school.example"), LETTER, means(sink), AT)
        (taken,) = sink.taken
    message = email.message_from_bytes(taken["raw"], policy=email.policy.default)
    assert taken["to"] == ["duty@school.example"]
    assert message["Subject"] == LETTER.subject
    assert (message["From"], message["To"]) == ("bus@school.example", "duty@school.example")
    assert message["Message-ID"] == "<n1@school.example>"
    assert message.get_content().strip().splitlines() == LETTER.text.splitlines()


@pytest.mark.parametrize(
    ("verb", "answer", "code"),
    [
        ("RCPT", "550 no such person", "notice_address_refused"),
        ("DATA", "552 full", "notice_mail_refused"),
        ("MAIL", "451 later", "notice_mail_refused"),
    ],
)
def test_a_mail_server_that_refuses_is_told_apart(verb: str, answer: str, code: str) -> None:
    """The address, the letter, the whole conversation."""
    with mail_sink() as sink:
        sink.stumbles.append((verb, answer))
        assert failure(channel(ChannelKind.SMTP, "duty@school.example"), sink) == code
        assert sink.taken == []


def test_a_mail_server_without_tls_gets_no_password() -> None:
    """STARTTLS asked for and not offered: nothing is said after that; TLS from the first byte neither."""
    with mail_sink() as sink:
        to = channel(ChannelKind.SMTP, "duty@school.example")
        for security in ("starttls", "tls"):
            secured = {"security": security, "user": "bus", "password": "pw"}
            assert failure(to, sink, **secured) in (
                "notice_tls_refused",
                "notice_unreachable",
                "notice_timeout",
            )
        assert sink.taken == []


def test_the_sign_in_at_a_mail_server() -> None:
    """With the right password the mail goes, with another it does not."""
    right = "AGJ1cwBwdw=="  # user and password as the protocol joins them
    with mail_sink(passwords={right: ""}) as sink:
        to = channel(ChannelKind.SMTP, "duty@school.example")
        assert failure(to, sink, user="bus", password="no") == "notice_mail_login_refused"
        send(to, LETTER, means(sink, user="bus", password="pw"), AT)
        assert len(sink.taken) == 1


def test_a_webhook_is_signed_over_time_and_body() -> None:
    """A receiver with the secret computes the same; another body, time or secret does not fit."""
    with web_sink() as sink:
        send(channel(ChannelKind.WEBHOOK, f"http://{sink.host}/alarm"), LETTER, means(sink), AT)
        (asked,) = sink.taken
    stamp, signed = asked.headers["x-busops-timestamp"], asked.headers["x-busops-signature"]
    assert (asked.path, stamp) == ("/alarm", str(int(AT.timestamp())))
    assert asked.said == {**LETTER.facts, "id": "n1", "text": LETTER.text}
    assert asked.headers["idempotency-key"] == "n1"

    def computed(secret: str, timestamp: str, body: bytes) -> str:
        joined = timestamp.encode() + b"." + body
        return "v1=" + hmac.new(secret.encode(), joined, hashlib.sha256).hexdigest()

    assert signed == computed(SECRET, stamp, asked.body)
    assert signed != computed(SECRET, stamp, asked.body + b" ")
    assert signed != computed(SECRET, str(int(stamp) + 1), asked.body)
    assert signed != computed("another-secret-16", stamp, asked.body)


def test_a_wecom_robot_gets_a_text_and_calls_everybody_from_level_three() -> None:
    """The payload of the group robot; below level 3 nobody is called by name."""
    with web_sink() as sink:
        to = channel(ChannelKind.WECOM, f"http://{sink.host}/cgi-bin/webhook/send?key=k", secret="")
        send(to, LETTER, means(sink), AT)
        send(to, replace(LETTER, level=2), means(sink), AT)
        loud, calm = (asked.said for asked in sink.taken)
    assert loud["msgtype"] == "text"
    assert loud["text"]["content"] == f"{LETTER.subject}\n{LETTER.text}"
    assert (loud["text"]["mentioned_list"], calm["text"]["mentioned_list"]) == (["@all"], [])


def test_a_dingtalk_robot_gets_its_signature_in_the_address() -> None:
    """Milliseconds and the sign over them and the secret, as the robot's documents say."""
    with web_sink() as sink:
        send(
            channel(ChannelKind.DINGTALK, f"http://{sink.host}/robot/send?access_token=t"),
            LETTER,
            means(sink),
            AT,
        )
        (asked,) = sink.taken
    stamp = int(AT.timestamp() * 1000)
    sign = dingtalk_sign(SECRET, stamp)
    assert asked.path == f"/robot/send?access_token=t&timestamp={stamp}&sign={sign}"
    assert asked.said["at"] == {"isAtAll": True}
    assert dingtalk_sign("SEC000", 1_577_262_236_757) == "0mUoy51oaZiRp9zSbtu3Gh7pbwvH33YBGob4MsxeXA4%3D"


@pytest.mark.parametrize(
    ("stumble", "code"),
    [
        ((200, {}, b'{"errcode":45009}'), "notice_robot_refused"),
        ((200, {}, b"<html>sign in</html>"), "notice_answer_strange"),
        ((200, {}, b"[]"), "notice_answer_strange"),
        ((302, {"Location": "http://127.0.0.1:1/"}, b""), "notice_http_3xx"),
        ((403, {}, b""), "notice_http_4xx"),
        ((503, {}, b""), "notice_http_5xx"),
        ("hang", "notice_timeout"),
    ],
)
def test_every_way_a_robot_fails_has_a_name(stumble: object, code: str) -> None:
    """Its own error, a page of somebody else, a redirect that is not followed, an error, silence."""
    with web_sink() as sink:
        sink.stumbles.append(stumble)
        assert failure(channel(ChannelKind.WECOM, f"http://{sink.host}/send"), sink) == code
        assert len(sink.taken) == 1


def test_nobody_listens() -> None:
    """A closed port is called unreachable, for mail and web alike."""
    with web_sink() as sink:
        pass
    assert failure(channel(ChannelKind.WEBHOOK, f"http://{sink.host}/"), sink) == "notice_unreachable"
    assert failure(channel(ChannelKind.SMTP, "duty@school.example"), sink) == "notice_unreachable"


def test_a_demo_and_a_host_that_nobody_named_get_nothing() -> None:
    """The operator's list is asked again when a notice leaves, not only when the channel was made."""
    with web_sink() as sink:
        to = channel(ChannelKind.WEBHOOK, f"http://{sink.host}/")
        assert failure(to, sink, is_off=True) == "notices_off_in_demo"
        assert failure(to, sink, hosts=()) == "notice_host_not_allowed"
        assert sink.taken == []


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("https://oapi.dingtalk.com/robot/send?access_token=t", None),
        ("https://qyapi.weixin.qq.com:443/cgi-bin/webhook/send?key=k", None),
        ("https://duty.school.example/alarm", None),
        ("https://duty.school.example:8443/alarm", None),
        ("https://other.school.example:8443/alarm", None),
        ("https://other.school.example/alarm", "notice_host_not_allowed"),
        ("https://qyapi.weixin.qq.com:8443/", "notice_host_not_allowed"),
        ("https://qyapi.weixin.qq.com.evil.example/", "notice_host_not_allowed"),
        ("https://169.254.169.254/latest/meta-data", "notice_host_not_allowed"),
        ("https://[::1]/", "notice_host_not_allowed"),
        ("https://user:pw@duty.school.example/", "notice_url_wrong"),
        ("https://duty.school.example@evil.example/", "notice_url_wrong"),
        ("https://duty.school.example/#x", "notice_url_wrong"),
        ("https://duty.school.example/a b", "notice_url_wrong"),
        ("https://duty.school.example:99999/", "notice_url_wrong"),
        ("https:///alarm", "notice_url_wrong"),
        ("http://duty.school.example/alarm", "notice_url_not_https"),
        ("file:///etc/passwd", "notice_url_wrong"),
        ("ftp://duty.school.example/", "notice_url_not_https"),
        ("gopher://127.0.0.1:25/", "notice_url_not_https"),
        ("http://127.0.0.1:9/", "notice_host_not_allowed"),
    ],
)
def test_where_a_webhook_may_go(target: str, code: str | None) -> None:
    """HTTPS, the robots' own servers and what the operator named; nothing that only looks like it."""
    allowed = NoticeMeans(hosts=("duty.school.example", "other.school.example:8443"))
    assert target_fault(ChannelKind.WEBHOOK, target, allowed) == code


@pytest.mark.parametrize(
    "address",
    [
        "a@b.example\nBcc: c@d.example",
        "a@b.example, c@d.example",
        "<a@b.example>",
        "a b@c.example",
        "a@b@c.example",
        "@b",
        "a@",
    ],
)
def test_one_plain_mail_address_and_no_second_header(address: str) -> None:
    """What could become another header or another receiver is no address."""
    assert not is_address(address)
    assert (
        target_fault(ChannelKind.SMTP, address, NoticeMeans(smtp="mail.example:587"))
        == "notice_address_wrong"
    )
    assert target_fault(ChannelKind.SMTP, "a@b.example", NoticeMeans()) == "notice_no_mail_server"


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"smtp": "not a host"}, "notice_smtp"),
        ({"security": "ssl3"}, "notice_security"),
        ({"security": "none", "password": "pw", "user": "u"}, "notice_password"),
        ({"sender": "nobody"}, "notice_sender"),
        ({"hosts": ("https://x.example/",)}, "notice_hosts"),
        ({"pages": "bus.school.example"}, "notice_pages"),
    ],
)
def test_settings_that_would_not_do_are_found_at_the_start(changed: dict[str, object], name: str) -> None:
    """Each is named; a password never goes out in the open, but to this machine itself."""
    right = NoticeMeans(
        smtp="mail.school.example:587", sender="bus@school.example", pages="https://bus.school.example"
    )
    assert list(means_faults(right)) == []
    assert [each.facts["name"] for each in means_faults(replace(right, **changed))] == [name]  # type: ignore[arg-type]
    here = replace(right, smtp="127.0.0.1:25", security="none", user="u", password="pw")
    assert list(means_faults(here)) == []
