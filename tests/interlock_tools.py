"""What the histories of the interlock are told with: a run released, driven, checked, closed."""

from collections.abc import Callable
from typing import Any

from busops.domain.events import DeviceReleased
from busops.storage import event_store
from busops.storage.database import Database
from tests import run_kit
from tests.builders import Tablet, a_run, decided
from tests.run_kit import CLOSE, force, send, store_run, write_closure

REAR = ["900001"]
PLAN = a_run()
TWO = a_run(attendant_ids=("A1", "A2"))


def told(database: Database, *tablets: Tablet, **forged: Any) -> None:
    """The run is released, the tablets have sent everything, a closure is written."""
    plan = tablets[0].plan
    store_run(database, plan)
    for tablet in tablets:
        send(database, tablet)
    write_closure(database, plan, **forged)


def close(database: Database, version: int = 1) -> None:
    """Somebody types the closing statement."""
    spelt = CLOSE.replace("'t1'", f"'{database.school_id}'")
    force(database, spelt.replace("closure_v = 1", f"closure_v = {version}"))


def decide(database: Database, kind: type, **own: Any) -> None:
    """The office decided."""
    with database.transaction() as tx:
        decision = decided(kind, PLAN, **own)
        if isinstance(decision, DeviceReleased):
            run_kit.decide_signed(tx, decision)
        else:
            event_store.decide(tx, decision)


def driven(plan: Any = PLAN, *, dev: int = 1) -> Tablet:
    """Everybody on and off, at the terminal, nothing checked."""
    tablet = Tablet(plan=plan, dev=dev)
    tablet.set_out()
    tablet.drive()
    return tablet


def ended(tablet: Tablet) -> Tablet:
    """Checked, parked and sealed."""
    tablet.prove_empty()
    tablet.seal()
    return tablet


def on(history: Callable[..., None], *words: Any, **own: Any) -> Callable[[Database], None]:
    """The history with these details."""
    return lambda database: history(database, *words, **own)
