"""
Real servers on this machine that take notices: a mail server and a web server, each with stumbles.

They keep what they were given. A stumble is spent by one request and says how that one goes wrong.
"""

import json
import socketserver
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from typing import Any


@dataclass(slots=True)
class Sink:
    """A running server: where it is, what it took, and how it stumbles next."""

    port: int = 0
    taken: list[Any] = field(default_factory=list)
    stumbles: list[Any] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)
    ended: Event = field(default_factory=Event)

    @property
    def host(self) -> str:
        """The address as a setting has it."""
        return f"127.0.0.1:{self.port}"

    def stumble(self) -> Any:
        """How this request goes wrong; None when it goes well."""
        with self.lock:
            return self.stumbles.pop(0) if self.stumbles else None


@dataclass(frozen=True, slots=True)
class Asked:
    """One POST as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def said(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@contextmanager
def web_sink() -> Iterator[Sink]:
    """Takes every POST; stumbles are ``(status, headers, body)``, or ``"hang"`` to answer nothing."""
    sink = Sink()

    class Handler(BaseHTTPRequestHandler):
        """One request."""

        def do_POST(self) -> None:
            """The stumble, else a robot's good answer."""
            body = self.rfile.read(int(self.headers["Content-Length"]))
            asked = Asked(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            with sink.lock:
                sink.taken.append(asked)
            wrong = sink.stumble()
            if wrong == "hang":
                sink.ended.wait(5)
                return
            status, headers, answer = wrong or (200, {}, b'{"errcode":0,"errmsg":"ok"}')
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Nothing on the terminal."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    with _running(server, sink):
        yield sink


class _Conversation(socketserver.StreamRequestHandler):
    """A mail server's side of one conversation."""

    sink: Sink
    passwords: dict[str, str]

    def handle(self) -> None:
        """Greets, then answers line by line."""
        self.say("220 sink ready")
        wrong = self.sink.stumble()
        letter: dict[str, Any] = {"to": []}
        while line := self.rfile.readline():
            said = line.decode().strip()
            verb = said.partition(" ")[0].upper()
            if wrong and wrong[0] == verb:
                self.say(wrong[1])
            elif verb == "QUIT":
                self.say("221 bye")
                return
            else:
                self.answer(verb, said, letter)

    def answer(self, verb: str, said: str, letter: dict[str, Any]) -> None:
        """The right answer to a command."""
        if verb == "EHLO":
            self.say("250-sink\r\n250 AUTH PLAIN" if self.passwords else "250 sink")
        elif verb == "AUTH":
            self.say("235 fine" if said.endswith(tuple(self.passwords)) else "535 wrong")
        elif verb == "DATA":
            self.say("354 go on")
            lines = []
            while (line := self.rfile.readline()) != b".\r\n":
                lines.append(line)
            with self.sink.lock:
                self.sink.taken.append({**letter, "raw": b"".join(lines)})
            self.say("250 taken")
        else:
            if verb == "RCPT":
                letter["to"].append(said.partition(":")[2].strip("<>"))
            self.say("250 fine")

    def say(self, answer: str) -> None:
        """One answer."""
        self.wfile.write(answer.encode() + b"\r\n")


@contextmanager
def mail_sink(*, passwords: dict[str, str] | None = None) -> Iterator[Sink]:
    """A mail server without TLS; stumbles are ``(verb, answer)``: what it says instead to that command."""
    sink = Sink()

    handler = type("Handler", (_Conversation,), {"sink": sink, "passwords": passwords or {}})
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    with _running(server, sink):
        yield sink


@contextmanager
def _running(server: socketserver.BaseServer, sink: Sink) -> Iterator[None]:
    sink.port = server.server_address[1]  # type: ignore[index]
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        sink.ended.set()
        server.shutdown()
        server.server_close()
        thread.join()
