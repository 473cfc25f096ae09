"""One tablet that records on and on, a server, and the history of what was sent and answered for."""

import json
from typing import Any

from busops.domain.fleet import CrewRole
from busops.services.simulated_crew import Act, stamp
from busops.storage.database import Database
from busops.web.app import create_app
from busops.web.context import EXTENSION
from tests.faults import history
from tests.sim import world

PATH = "/api/v1/events:batch"


class Line:
    """One tablet that goes on recording, and everything it was answered for."""

    def __init__(self, database: Database, settings: Any, ids: Any) -> None:
        world.fill(database)
        world.release(database)
        clock = world.a_clock()
        self.app = create_app(settings, clock=clock, ids=ids)
        self.ids = ids
        self.database_name = str(database.engine.url.database)
        self.held = world.tablets(database, clock=clock, ids=ids)[CrewRole.ATTENDANT]
        self.sent: list[dict[str, Any]] = []
        self.answered: set[str] = set()

    def send(self, count: int = 1, *, text_: str = "x") -> Any:
        """So many new notes, and all that were not answered for; the answer."""
        for _ in range(count):
            act = Act(at_ms=1_773_388_800_000, role=CrewRole.ATTENDANT, kind="note", text=text_)
            pack = {"run": "run-1", "roster_v": 1}
            self.held, envelope = stamp(self.held, act, pack=pack, ids=self.ids)
            self.sent.append(envelope)
        waiting = [each for each in self.sent if each["id"] not in self.answered]
        body = json.dumps(self.held.batch(waiting))
        answer = self.app.test_client().post(
            PATH, data=body, headers={**self.held.headers, "Content-Type": "application/json"}
        )
        if answer.status_code == 200:
            self.answered |= history.acknowledged(answer.get_json()["results"])
        return answer

    def engine(self) -> Any:
        """The engine of the server itself."""
        return self.app.extensions[EXTENSION].database.engine
