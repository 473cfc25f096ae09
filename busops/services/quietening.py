"""
Somebody quietened the siren of a locked tablet for two minutes: nothing ends, and the office hears of it.

Without a network it hears of it later.

Nobody had shown a PIN, so nobody is named; the alarm that was ringing stands and climbs on.
"""

from datetime import timedelta
from typing import Final

from busops.domain.due_alarms import OVER
from busops.domain.run import Phase
from busops.domain.values import Clock, Ids, RunId
from busops.services.acting import record_act
from busops.services.run_state import SIREN_QUIETENED
from busops.storage import alarm_store, run_store
from busops.storage.alarm_store import Alarm, AlarmState
from busops.storage.database import Database

QUIET_S: Final = 120
LEVEL: Final = 2  # somebody of the office calls


def tell(database: Database, run_id: RunId, dev: int, *, ago_s: int = 0, clock: Clock, ids: Ids) -> None:
    """
    The office is called, once in two minutes a tablet, until the run is checked or over.

    ``ago_s``: so many seconds ago, where there was no network before. It is in the audit either way.
    """
    now = clock.now()
    at = now - timedelta(seconds=ago_s)
    with database.transaction() as tx:
        run_store.lock_runs(tx, [run_id])
        record_act(tx, None, SIREN_QUIETENED, run_id, facts={"dev": dev, "ago_s": ago_s}, clock=clock)
        if run_store.load_summary(tx, run_id).phase in (*OVER, Phase.CHECKED):
            return
        alarm = Alarm(
            alarm_id=ids.new(),
            run_id=run_id,
            kind=SIREN_QUIETENED,
            level=LEVEL,
            occasion=f"{dev}:{int(at.timestamp()) // QUIET_S}",
            state=AlarmState.RAISED,
            raised_at=now,
        )
        alarm_store.raise_alarm(tx, alarm)
