"""A weekend whose one homeward run is closed: twelve riders, one trip 10.00 each, 20230001 waived."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from busops.domain.fleet import CrewRole
from busops.domain.people import Actor, Role
from busops.services.simulated_crew import drive
from busops.storage.database import Database
from busops.web.app import create_app
from tests.run_kit import PrefixedIds
from tests.sim import world

CLERK = Actor(user_id="clerk", role=Role.FINANCE, name="出纳")
LEAD = Actor(user_id="lead", role=Role.FINANCE_LEAD, name="负责人")
HOME = "TRIP:2026-03-13:homeward"
HEAD = "日期,金额(元),付款人,备注,单号,学号\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyScene:
    """A closed run and everything to go on with."""

    database: Database
    clock: Any
    ids: Any
    settings: Any

    @property
    def acting(self) -> dict[str, Any]:
        """What every service asks for."""
        return {"clock": self.clock, "ids": self.ids, "by": CLERK}


_KEPT: dict[str, bytes] = {}  # the database after the run, so that its crew drives only once


def a_closed_run(database: Database, settings: Any, ids: Any) -> MoneyScene:
    """The run has been driven to its end by its crew."""
    path = Path(settings.database_url.removeprefix("sqlite:///"))
    clock = world.a_clock(60 * 24)
    if "run-1" not in _KEPT:
        _drive(database, settings, ids, world.a_clock(60 * 4))
        database.engine.dispose()
        _KEPT["run-1"] = path.read_bytes()
    database.engine.dispose()
    path.write_bytes(_KEPT["run-1"])
    return MoneyScene(database=database, clock=clock, ids=PrefixedIds("m", ids), settings=settings)


def _drive(database: Database, settings: Any, ids: Any, clock: Any) -> None:
    world.fill(database)
    world.add_people(database, clock, ids)
    world.release(database)
    app = create_app(settings, clock=clock, ids=ids)
    transport, held = world.transport(app), world.tablets(database, clock=clock, ids=ids)
    _, pack = transport("GET", "/api/v1/runs/run-1/pack", held[CrewRole.ATTENDANT].headers, None)
    assert drive(transport, held, pack=pack, tags=world.TAGS, ids=ids).closed


def a_bill(*rows: str) -> bytes:
    """A bill of lines ``day,yuan,payer,remark,reference,number``."""
    return (HEAD + "\n".join(rows) + "\n").encode()
