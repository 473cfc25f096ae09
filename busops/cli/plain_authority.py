"""
The page of the school's authority over plain HTTP, on a port of its own, for tablets that trust nothing yet.

Only that page, its file and its styles pass; no cookie, token or form goes in or out, so nothing is
there to overhear. What somebody on the network could change on the way, the printed fingerprint shows.
"""

import re
import socket
import socketserver
import threading
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import parse_qs
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

PAGE: Final = "/ca"
PASSES: Final = re.compile(r"/ca(/busops-ca\.(crt|pem))?|/static/office/[\w.-]+\.(css|svg)")
LANGUAGE: Final = re.compile(r"/language/(\w+)")
KEPT_BACK: Final = frozenset({"set-cookie", "strict-transport-security"})
SILENT_S: Final = 10
MOST_AT_ONCE: Final = 16

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def only_authority(application: Application) -> Application:
    """The application, narrowed to reading the authority's page."""

    def narrowed(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        language = LANGUAGE.fullmatch(path)
        if environ.get("REQUEST_METHOD") not in {"GET", "HEAD"}:
            return _short(start_response, "405 Method Not Allowed", Allow="GET, HEAD")
        if path == "/" or language:
            said = f"?lang={language[1]}" if language else ""
            return _short(start_response, "302 Found", Location=PAGE + said)
        if not PASSES.fullmatch(path):
            return _short(start_response, "404 Not Found")

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            kept = [(name, value) for name, value in headers if name.lower() not in KEPT_BACK]
            return start_response(status, kept, *rest)

        return application(_bare(environ), start)

    return narrowed


class PlainAuthority:
    """Serves the authority's page while the block lasts; does nothing when no port is set."""

    def __init__(self, application: Application | None, *, host: str, port: int) -> None:
        self._server = _server(only_authority(application), host, port) if application else None
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        """The port in use; 0 when nothing is served."""
        return self._server.server_port if self._server else 0

    def __enter__(self) -> Self:
        if self._server:
            self._thread = threading.Thread(target=self._server.serve_forever, daemon=True, name="authority")
            self._thread.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        if self._server and self._thread:
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()


class _Handler(WSGIRequestHandler):
    timeout = SILENT_S

    def log_message(self, *_: Any) -> None:
        """Nobody is named here, and a log of strangers' addresses helps nobody."""


class _Server(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True
    _places = threading.BoundedSemaphore(MOST_AT_ONCE)

    def server_bind(self) -> None:
        """Bound without asking the network for this machine's name, which may take long."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "busops", self.socket.getsockname()[1]
        self.setup_environ()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Strangers can hold only so many connections open; the next is turned away."""
        if self._places.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """The place is free again when the connection ends."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()


def _server(application: Application, host: str, port: int) -> _Server:
    server = _Server((host, port), _Handler, bind_and_activate=False)
    if ":" in host:
        server.socket.close()
        server.address_family = socket.AF_INET6
        server.socket = socket.socket(server.address_family, server.socket_type)
    server.server_bind()
    server.server_activate()
    server.set_app(application)
    return server


def _bare(environ: dict[str, Any]) -> dict[str, Any]:
    """The request without who sends it; the language, chosen in the address, in place of all cookies."""
    bare = {
        name: value
        for name, value in environ.items()
        if not name.startswith("HTTP_") or name in {"HTTP_HOST", "HTTP_ACCEPT_LANGUAGE"}
    }
    wanted = parse_qs(environ.get("QUERY_STRING", "")).get("lang", [""])[0]
    return bare | {"HTTP_COOKIE": f"language={wanted}" if re.fullmatch(r"\w+", wanted) else ""}


def _short(start_response: Callable[..., Any], status: str, **headers: str) -> list[bytes]:
    start_response(status, [("Content-Type", "text/plain"), *headers.items()])
    return [f"{status}\n".encode()]
