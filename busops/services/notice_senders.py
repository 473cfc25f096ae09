"""
How a notice leaves: by mail, as a signed webhook, through the group robot of WeCom or DingTalk.

A sender sends once or raises :class:`NotSent` with a code; trying again is ``notices.py``'s. Nothing
follows a redirect, waits longer than it may or reads more than a few lines of an answer; no secret
stands in an error.
"""

import base64
import hashlib
import hmac
import json
import smtplib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from http.client import HTTPException
from typing import Any, Final, Protocol
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlsplit
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

from busops.domain.notices import ChannelKind, NoticeMeans, host_of, target_fault
from busops.storage.notice_store import Channel

ANSWER_BYTES: Final = 64 * 1024
TIMESTAMP: Final = "X-Busops-Timestamp"
SIGNATURE: Final = "X-Busops-Signature"
ALL_FROM: Final = 3  # from this level on a robot calls everybody of its group
_PORTS: Final = {"starttls": 587, "tls": 465, "none": 25}


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What a notice says: a line, some lines, and the facts for a machine; nobody's name is in it."""

    notice_id: str
    level: int
    subject: str
    text: str
    facts: Mapping[str, Any]


class NotSent(Exception):
    """The other side did not take it; ``code`` says why, for the table of results."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Sender(Protocol):
    """One way out."""

    def __call__(self, channel: Channel, letter: Letter, means: NoticeMeans, now: datetime) -> None:
        """The letter was taken; raises NotSent."""


def send(channel: Channel, letter: Letter, means: NoticeMeans, now: datetime) -> None:
    """The letter was taken by the channel; raises NotSent, also where the operator allows nothing to go."""
    if means.is_off:
        raise NotSent("notices_off_in_demo")
    fault = target_fault(channel.kind, channel.target, means)
    if fault is not None:
        raise NotSent(fault)
    try:
        SENDERS[channel.kind](channel, letter, means, now)
    except TimeoutError as error:
        raise NotSent("notice_timeout") from error
    except (ssl.SSLError, ssl.CertificateError) as error:
        raise NotSent("notice_tls_refused") from error
    except OSError as error:
        raise NotSent("notice_unreachable") from error


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """What a receiver computes again: HMAC-SHA256 over the timestamp, a dot and the body as sent."""
    return "v1=" + hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def dingtalk_sign(secret: str, timestamp_ms: int) -> str:
    """The robot's own signature, as its address carries it."""
    signed = hmac.new(secret.encode(), f"{timestamp_ms}\n{secret}".encode(), hashlib.sha256).digest()
    return quote(base64.b64encode(signed), safe="")


def _mail(channel: Channel, letter: Letter, means: NoticeMeans, now: datetime) -> None:
    message = EmailMessage()
    message["Subject"] = letter.subject
    message["From"] = means.sender
    message["To"] = channel.target
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{letter.notice_id}@{means.sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text)
    host, port = host_of(means.smtp), _port(means)
    try:
        with _connected(host, port, means) as server:
            if means.user:
                server.login(means.user, means.password)
            server.send_message(message)
    except smtplib.SMTPAuthenticationError as error:
        raise NotSent("notice_mail_login_refused") from error
    except smtplib.SMTPNotSupportedError as error:
        raise NotSent("notice_tls_refused") from error
    except smtplib.SMTPRecipientsRefused as error:
        raise NotSent("notice_address_refused") from error
    except smtplib.SMTPServerDisconnected as error:
        raise NotSent("notice_unreachable") from error
    except smtplib.SMTPException as error:
        raise NotSent("notice_mail_refused") from error


def _connected(host: str, port: int, means: NoticeMeans) -> smtplib.SMTP:
    """A mail server that listens, over TLS unless the operator said none."""
    if means.security == "tls":
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(host, port, timeout=means.timeout_s, context=context)
    server = smtplib.SMTP(host, port, timeout=means.timeout_s)
    if means.security == "starttls":
        try:
            server.starttls(context=ssl.create_default_context())
        except BaseException:
            server.close()
            raise
    return server


def _port(means: NoticeMeans) -> int:
    found = urlsplit(f"//{means.smtp}").port
    return found if found is not None else _PORTS[means.security]


def _webhook(channel: Channel, letter: Letter, means: NoticeMeans, now: datetime) -> None:
    body = _json({**letter.facts, "id": letter.notice_id, "text": letter.text})
    timestamp = str(int(now.timestamp()))
    headers = {TIMESTAMP: timestamp, "Idempotency-Key": letter.notice_id}
    if channel.secret:
        headers[SIGNATURE] = signature(channel.secret, timestamp, body)
    _post(channel.target, body, headers, means)


def _wecom(channel: Channel, letter: Letter, means: NoticeMeans, now: datetime) -> None:
    everybody = ["@all"] if letter.level >= ALL_FROM else []
    said = {"content": f"{letter.subject}\n{letter.text}", "mentioned_list": everybody}
    _refuse_robot(_post(channel.target, _json({"msgtype": "text", "text": said}), {}, means))


def _dingtalk(channel: Channel, letter: Letter, means: NoticeMeans, now: datetime) -> None:
    address = channel.target
    if channel.secret:
        timestamp_ms = int(now.timestamp() * 1000)
        joint = "&" if "?" in address else "?"
        address += f"{joint}timestamp={timestamp_ms}&sign={dingtalk_sign(channel.secret, timestamp_ms)}"
    said = {
        "msgtype": "text",
        "text": {"content": f"{letter.subject}\n{letter.text}"},
        "at": {"isAtAll": letter.level >= ALL_FROM},
    }
    _refuse_robot(_post(address, _json(said), {}, means))


def _refuse_robot(answer: bytes) -> None:
    """Robots answer 200 to everything; what they think of it stands in ``errcode``."""
    try:
        code = json.loads(answer)["errcode"]
    except (ValueError, KeyError, TypeError) as error:
        raise NotSent("notice_answer_strange") from error
    if code != 0:
        raise NotSent("notice_robot_refused")


class _NoRedirect(HTTPRedirectHandler):
    """A redirect could lead anywhere, with the secret in the address."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def _post(url: str, body: bytes, headers: Mapping[str, str], means: NoticeMeans) -> bytes:
    """The beginning of the answer to a POST that was taken; raises NotSent."""
    kinds = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "busops"}
    request = Request(url, data=body, headers={**kinds, **headers}, method="POST")  # noqa: S310
    opener = build_opener(_NoRedirect, ProxyHandler({}))
    try:
        with opener.open(request, timeout=means.timeout_s) as answer:
            said: bytes = answer.read(ANSWER_BYTES)
            return said
    except HTTPError as error:
        error.close()
        raise NotSent(f"notice_http_{error.code // 100}xx") from error
    except URLError as error:
        if isinstance(error.reason, OSError):
            raise error.reason from None
        raise NotSent("notice_unreachable") from error
    except HTTPException as error:
        raise NotSent("notice_answer_strange") from error


def _json(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


SENDERS: Final[Mapping[ChannelKind, Sender]] = {
    ChannelKind.SMTP: _mail,
    ChannelKind.WEBHOOK: _webhook,
    ChannelKind.WECOM: _wecom,
    ChannelKind.DINGTALK: _dingtalk,
}
