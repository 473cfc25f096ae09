"""
Notices of alarms: which channels there are, what the operator allows them, and when to try again.

Names, values and rules only; what is sent is ``services/notices.py``, how is ``services/notice_senders.py``.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from busops.domain.findings import Finding


class ChannelKind(StrEnum):
    """How a notice travels."""

    SMTP = "smtp"
    WEBHOOK = "webhook"
    WECOM = "wecom"
    DINGTALK = "dingtalk"


LEVELS: Final = range(6)
MOST_TRIES: Final = 5
# How long after a try that failed the next one comes; the ladder counts in minutes, so does this.
PAUSES: Final = tuple(timedelta(seconds=seconds) for seconds in (10, 30, 120, 300))
REPLAY_WINDOW_S: Final = 300  # a receiver refuses a signed notice older than that
# The robots' own servers; every other host is named by the operator.
ROBOT_HOSTS: Final = frozenset({"qyapi.weixin.qq.com", "oapi.dingtalk.com"})
SECURITIES: Final = ("starttls", "tls", "none")

_ADDRESS: Final = re.compile(r"[^@\s,;<>\"\x00-\x1f\x7f]{1,64}@[A-Za-z0-9.-]{1,190}")
_HOST: Final = re.compile(r"(?P<host>\[[0-9a-f:]+\]|[A-Za-z0-9.-]+)(:\d{1,5})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeMeans:
    """What the installation allows notices: its mail server, the hosts they may go to, the pages' address."""

    smtp: str = ""  # host:port; empty = no mail
    security: str = "starttls"
    user: str = ""
    password: str = field(default="", repr=False)
    sender: str = ""
    hosts: tuple[str, ...] = ()  # beside the robots' own: host, or host:port
    pages: str = ""  # the office pages' address for links; empty = no link
    timeout_s: int = 10
    is_off: bool = False  # a demo sends nothing


def means_faults(means: NoticeMeans) -> Iterator[Finding]:
    """Everything that makes the means unusable, and whatever would send a password in the open."""
    pages = urlsplit(means.pages)
    sensible = {
        "notice_smtp": not means.smtp or bool(_HOST.fullmatch(means.smtp)),
        "notice_security": means.security in SECURITIES,
        "notice_password": not means.password or means.security != "none" or is_here(host_of(means.smtp)),
        "notice_sender": is_address(means.sender) if means.smtp or means.sender else True,
        "notice_hosts": all(_HOST.fullmatch(host) for host in means.hosts),
        "notice_pages": not means.pages or (pages.scheme in ("http", "https") and bool(pages.hostname)),
    }
    for name, is_sensible in sensible.items():
        if not is_sensible:
            yield Finding(code="setting_value_wrong", facts={"name": name, "value": "…"})


def target_fault(kind: ChannelKind, target: str, means: NoticeMeans) -> str | None:
    """Why nothing may be sent there, as a code; None when it may."""
    if kind is ChannelKind.SMTP:
        if not means.smtp:
            return "notice_no_mail_server"
        return None if is_address(target) else "notice_address_wrong"
    return _url_fault(target, means)


def is_address(text: str) -> bool:
    """Whether it is one plain mail address and nothing that could become a second header."""
    return bool(_ADDRESS.fullmatch(text))


def host_of(address: str) -> str:
    """The host of ``host:port``."""
    found = _HOST.fullmatch(address)
    return found["host"].strip("[]") if found else ""


def is_here(host: str) -> bool:
    """Whether the host is this machine itself: what goes there crosses no network."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def _url_fault(target: str, means: NoticeMeans) -> str | None:
    try:
        parts = urlsplit(target)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "notice_url_wrong"
    has_more = parts.username or parts.password or parts.fragment
    if not host or has_more or any(character <= " " for character in target):
        return "notice_url_wrong"
    if parts.scheme != "https" and not (parts.scheme == "http" and is_here(host)):
        return "notice_url_not_https"
    is_robots = host in ROBOT_HOSTS and port in (None, 443)
    is_named = host in means.hosts or f"{host}:{port}" in means.hosts
    return None if is_robots or is_named else "notice_host_not_allowed"
