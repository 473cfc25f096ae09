"""
One HTTP(S) server that answers questions with JSON: asked again while it stumbles, never for ever.

What a question means is the caller's. Keys travel in the query, so neither an address nor an
exception of the library that might carry one leaves this module.
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from http.client import HTTPException
from typing import Any, Final, TypeVar
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPHandler, HTTPSHandler, OpenerDirector, ProxyHandler

from busops.domain.road_source import is_this_machine
from busops.planner.travel.source import TravelUnavailable

Answer = TypeVar("Answer")
TRIES: Final = 4
LONGEST_PAUSE_S: Final = 20.0
_FIRST_PAUSE_S: Final = 0.5
_SLICE_S: Final = 0.25  # how late a wish to stop is seen while pausing
_MOST_BYTES: Final = 64 * 1024 * 1024
_PIECE_BYTES: Final = 64 * 1024
_ANSWER_TIMES: Final = 3  # a whole answer may take so many times as long as one silence
_SAID_CHARACTERS: Final = 160
_TOO_MANY: Final = 429
_REDIRECTS: Final = 300
_FAULT_OF_SERVER: Final = 500


class Stumbled(Exception):
    """This try failed in a way that another may not: asked again after a pause."""

    def __init__(self, code: str, *, pause_s: float = 0.0, **facts: Any) -> None:
        super().__init__(code)
        self.code = code
        self.pause_s = pause_s
        self.facts = facts


def _never() -> bool:
    return False


def _nothing() -> None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonServer:
    """
    A server and how patiently it is asked.

    ``before_try`` may refuse a try (a quota); ``should_stop`` ends the waiting. ``secret`` is
    struck out of whatever the server says back.
    """

    address: str
    timeout_s: float = 20.0  # for a connection, and for each silence
    tries: int = TRIES
    secret: str = field(default="", repr=False)
    pause: Callable[[float], None] = time.sleep
    should_stop: Callable[[], bool] = _never

    @property
    def host(self) -> str:
        """The server as messages name it: no path, no query, no password."""
        parts = urlsplit(self.address)
        host = parts.hostname or ""
        return f"{host}:{parts.port}" if parts.port else host

    def ask(
        self,
        path: str,
        query: Mapping[str, str],
        read: Callable[[int, Any], Answer],
        *,
        before_try: Callable[[], None] = _nothing,
    ) -> Answer:
        """
        What ``read`` makes of the status and the JSON of the answer (None = a refusal without JSON).

        ``read`` raises Stumbled to be asked again. Raises TravelUnavailable with the last cause
        when all tries failed, and at once for what ``read`` or ``before_try`` raise.
        """
        for number in range(1, self.tries + 1):
            if self.should_stop():
                raise TravelUnavailable("travel_measuring_stopped", host=self.host)
            before_try()
            try:
                return read(*self._fetched(path, query))
            except Stumbled as stumble:
                if number == self.tries:
                    facts = {"host": self.host, "tries": self.tries, **stumble.facts}
                    raise TravelUnavailable(stumble.code, **facts) from None
                self._pause(max(stumble.pause_s, _FIRST_PAUSE_S * 2 ** (number - 1)))
        raise AssertionError("no try was made")

    def said(self, text: object) -> str:
        """Something that the server said, short enough for a message and without the secret."""
        words = " ".join(str(text).split())
        if self.secret:
            words = words.replace(self.secret, "•••")
        return words[:_SAID_CHARACTERS]

    def no_answer(self, status: int) -> Exception:
        """What an answer of no use means: a page that refuses is final, anything else may pass."""
        if status >= _REDIRECTS:
            return TravelUnavailable("travel_server_refuses", host=self.host, status=status, said="–")
        return Stumbled("travel_answer_unreadable", status=status)

    def _fetched(self, path: str, query: Mapping[str, str]) -> tuple[int, Any]:
        address = f"{self.address.rstrip('/')}{path}?{urlencode(query, safe=',;')}"
        try:
            with _opener(self.address).open(address, timeout=self.timeout_s) as answer:
                status = int(answer.status)
                if status == _TOO_MANY or status >= _FAULT_OF_SERVER:
                    pause_s = _asked_pause(answer.headers.get("Retry-After"))
                    raise Stumbled("travel_server_failing", pause_s=pause_s, status=status)
                body = _whole(answer, self.timeout_s * _ANSWER_TIMES)
        except TimeoutError:
            raise Stumbled("travel_server_silent", timeout_s=self.timeout_s) from None
        except (OSError, HTTPException) as fault:
            raise self._stumbled(fault) from None
        try:
            return status, json.loads(body)
        except ValueError:  # cut off, or no JSON at all
            if _REDIRECTS <= status < _FAULT_OF_SERVER:
                return status, None  # a page that says no: for the reader to judge
            raise Stumbled("travel_answer_unreadable", status=status) from None

    def _stumbled(self, fault: Exception) -> Stumbled:
        reason = getattr(fault, "reason", fault)  # urllib wraps what really happened
        if isinstance(reason, TimeoutError):
            return Stumbled("travel_server_silent", timeout_s=self.timeout_s)
        if isinstance(reason, HTTPException):
            return Stumbled("travel_answer_unreadable", status=0)
        text = getattr(reason, "strerror", None) or type(reason).__name__
        return Stumbled("travel_server_unreachable", reason=self.said(text))

    def _pause(self, seconds: float) -> None:
        left = min(seconds, LONGEST_PAUSE_S)
        while left > 0 and not self.should_stop():
            self.pause(min(left, _SLICE_S))
            left -= _SLICE_S


@lru_cache(maxsize=8)  # made once: reading the machine's certificates takes longer than asking
def _opener(address: str) -> OpenerDirector:
    """HTTP or HTTPS only, no redirects (a key must not follow one), no proxy for this machine."""
    parts = urlsplit(address)
    opener = OpenerDirector()
    opener.addheaders = [("User-Agent", "busops"), ("Accept", "application/json")]
    if not is_this_machine(parts.hostname or ""):
        opener.add_handler(ProxyHandler())
    opener.add_handler(HTTPSHandler() if parts.scheme == "https" else HTTPHandler())
    return opener


def _asked_pause(text: str | None) -> float:
    """The seconds of a Retry-After header; a date there is taken as none."""
    return float(text) if text and text.strip().isascii() and text.strip().isdigit() else 0.0


def _whole(answer: Any, seconds: float) -> bytes:
    """The answer's body, however it trickles, but not for longer than ``seconds``."""
    end = time.monotonic() + seconds
    pieces, size = [], 0
    while piece := answer.read1(_PIECE_BYTES):
        pieces.append(piece)
        size += len(piece)
        if size > _MOST_BYTES or time.monotonic() > end:
            raise Stumbled("travel_answer_unreadable", status=int(answer.status))
    return b"".join(pieces)
