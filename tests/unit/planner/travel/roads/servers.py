"""
Real HTTP servers on this machine that speak as road services do, over an invented country.

In it a way is 1.3 times as long as the crow flies, a little longer to the north than to the south,
and driven at 40 km/h: every cell can be told from its mirror. No real road is meant.
"""

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from busops.domain.values import Position
from busops.planner.travel.source import Measured, RoadService

Query = Mapping[str, str]
Answer = tuple[int, Any] | bytes
METRES_A_DEGREE = 111_195.0


def way(one: tuple[float, float], two: tuple[float, float]) -> tuple[float, float]:
    """Metres and seconds from one (lat, lon) to another in the invented country."""
    north = (two[0] - one[0]) * METRES_A_DEGREE
    east = (two[1] - one[1]) * METRES_A_DEGREE * math.cos(math.radians(one[0]))
    metres = 1.3 * math.hypot(north, east) + max(0.0, north) / 10
    return metres, metres * 3.6 / 40


@dataclass(slots=True)
class Served:
    """A running server: where it is, what it was asked, and how it stumbles next (None = not this time)."""

    address: str
    asked: list[tuple[str, Query]] = field(default_factory=list)
    stumbles: list[Callable[[BaseHTTPRequestHandler], None] | None] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)


@contextmanager
def serve(answer: Callable[[str, Query], Answer]) -> Iterator[Served]:
    """A server whose GETs are answered by ``answer(path, query)``; each stumble is spent by one request."""

    class Handler(BaseHTTPRequestHandler):
        """One request."""

        def do_GET(self) -> None:
            """A stumble while there are any, else the answer as JSON."""
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            with served.lock:
                served.asked.append((unquote(parts.path), query))
                stumble = served.stumbles.pop(0) if served.stumbles else None
            if stumble is not None:
                stumble(self)
                return
            made = answer(unquote(parts.path), query)
            if isinstance(made, bytes):
                send(self, 200, made)
            else:
                send(self, made[0], json.dumps(made[1]).encode())

        def log_message(self, *_: object) -> None:
            """Nothing is printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    served = Served(address=f"http://127.0.0.1:{server.server_address[1]}")
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def send(handler: BaseHTTPRequestHandler, status: int, body: bytes, **headers: str) -> None:
    """One complete answer."""
    handler.send_response(status)
    for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body))}.items():
        handler.send_header(name, value)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)


def failing(status: int, **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    """A stumble: an answer with this status and no JSON."""
    return lambda handler: send(handler, status, b"<html>no</html>", **headers)


def cut_off(handler: BaseHTTPRequestHandler) -> None:
    """A stumble: JSON that ends in the middle, with a length that promises more."""
    handler.send_response(200)
    handler.send_header("Content-Length", "4000")
    handler.end_headers()
    handler.wfile.write(b'{"code":"Ok","durations":[[0,12')


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    """A stumble: the connection ends without a word."""
    handler.close_connection = True


def osrm(
    *, most: int = 100, gaps: Callable[[int, int], bool] | None = None, snapped_m: float = 4.0
) -> Callable[[str, Query], Answer]:
    """An OSRM server's table service; ``gaps(row, column)`` of the request have no road."""

    def answer(path: str, query: Query) -> Answer:
        head, _, named = path.rpartition("/")
        if not head.startswith("/table/v1/"):
            return 400, {"code": "InvalidUrl", "message": "URL string malformed"}
        if head != "/table/v1/driving":
            return 400, {"code": "InvalidProfile", "message": f"no profile {head.rpartition('/')[2]}"}
        if query.get("annotations") != "distance,duration":
            return 400, {"code": "InvalidOptions", "message": "Options are invalid"}
        points = [(float(lat), float(lon)) for lon, lat in (one.split(",") for one in named.split(";"))]
        for number, (lat, _) in enumerate(points):
            if lat > 60:
                message = f"Could not find a matching segment for coordinate {number}"
                return 400, {"code": "NoSegment", "message": message}
        if len(points) > most:
            return 400, {"code": "TooBig", "message": "Too many table coordinates"}
        everything = ";".join(map(str, range(len(points))))
        rows = [int(one) for one in query.get("sources", everything).split(";")]
        columns = [int(one) for one in query.get("destinations", everything).split(";")]
        ways = [
            [None if gaps and gaps(row, column) else way(points[row], points[column]) for column in columns]
            for row in rows
        ]
        return 200, {
            "code": "Ok",
            "distances": [[one and one[0] for one in row] for row in ways],
            "durations": [[one and one[1] for one in row] for row in ways],
            "sources": [{"distance": snapped_m, "location": points[row][::-1]} for row in rows],
        }

    return answer


def amap(key: str) -> Callable[[str, Query], Answer]:
    """AMap's distance service as it writes: digits in strings, one destination, up to 100 origins."""

    def answer(path: str, query: Query) -> Answer:
        if path != "/v3/distance":
            return 200, {"status": "0", "info": "SERVICE_NOT_AVAILABLE", "infocode": "10002"}
        if query.get("key") != key:
            return 200, {"status": "0", "info": "INVALID_USER_KEY", "infocode": "10001"}
        origins = [tuple(map(float, one.split(",")))[::-1] for one in query["origins"].split("|")]
        if len(origins) > 100 or query.get("type") != "1":
            return 200, {"status": "0", "info": "INVALID_PARAMS", "infocode": "20000"}
        target = tuple(map(float, query["destination"].split(",")))[::-1]
        results = []
        for number, origin in enumerate(origins, start=1):
            metres, seconds = way(origin, target)
            result = {"origin_id": str(number), "dest_id": "1"}
            result |= {"distance": str(round(metres)), "duration": str(math.ceil(seconds))}
            if origin[0] > 53:
                result |= {"distance": "0", "duration": "0", "code": "2", "info": "too far from every road"}
            results.append(result)
        return 200, {"status": "1", "info": "OK", "infocode": "10000", "results": results}

    return answer


def tencent(key: str) -> Callable[[str, Query], Answer]:
    """Tencent's distance matrix: rows of elements, at most 625 pairs a request."""

    def answer(path: str, query: Query) -> Answer:
        if path != "/ws/distance/v1/matrix" or query.get("mode") != "driving":
            return 200, {"status": 310, "message": "wrong question"}
        if query.get("key") != key:
            return 200, {"status": 311, "message": f"key {query.get('key')} is of no form"}
        rows, columns = (
            [tuple(map(float, one.split(","))) for one in query[name].split(";")] for name in ("from", "to")
        )
        if len(rows) * len(columns) > 625:
            return 200, {"status": 365, "message": "too many"}
        cells = []
        for row in rows:
            line = []
            for column in columns:
                metres, seconds = way(row, column)
                cell = {"distance": round(metres), "duration": math.ceil(seconds)}
                if max(row[0], column[0]) > 53:
                    cell = {"distance": round(metres / 1.3), "duration": 0, "status": 4}
                line.append(cell)
            cells.append({"elements": line})
        return 200, {"status": 0, "message": "query ok", "result": {"rows": cells}}

    return answer


def all_of(service: RoadService, positions: Sequence[Position]) -> Measured:
    """Everything between the positions, by a service that knows nothing before."""
    measured = Measured.nothing(len(positions))
    service.measure(positions, measured)
    return measured
