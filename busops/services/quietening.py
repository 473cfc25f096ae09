"""
Somebody quietened the siren of a locked tablet for two minutes: nothing ends, and the office hears of it.

Nobody had shown a PIN, so nobody is named; the alarm that was ringing stands and climbs on.
"""

from typing import Final

from busops.domain.due_alarms import OVER
from busops.domain.values import Clock, Ids, RunId
from busops.services.run_state import SIREN_QUIETENED
from busops.storage import alarm_store, run_store
from busops.storage.alarm_store import Alarm, AlarmState
from busops.storage.database import Database

QUIET_S: Final = 120
LEVEL: Final = 2  # somebody of the office calls


def tell(database: Database, run_id: RunId, dev: int, *, clock: Clock, ids: Ids) -> None:
    """The office is called, once in two minutes a tablet, until the run is checked or over."""
    now = clock.now()
    with database.transaction() as tx:
        run_store.lock_runs(tx, [run_id])
        if run_store.load_summary(tx, run_id).phase in OVER:
            return
        alarm = Alarm(
            alarm_id=ids.new(),
            run_id=run_id,
            kind=SIREN_QUIETENED,
            level=LEVEL,
            occasion=f"{dev}:{int(now.timestamp()) // QUIET_S}",
            state=AlarmState.RAISED,
            raised_at=now,
        )
        alarm_store.raise_alarm(tx, alarm)
