"""
The weather of a day as the dispatcher marks it: on a hot or a cold one the watch calls sooner.
"""

from datetime import date

from busops.domain.errors import Conflict, Refused
from busops.domain.values import Clock, school_date
from busops.services.acting import By, record_act, user_of
from busops.storage import day_store
from busops.storage.database import Database
from busops.storage.day_store import DayMark, Weather


def weather_of(database: Database, on: date) -> Weather:
    """What the day was marked as; plain when nobody said anything."""
    with database.reading() as tx:
        last = day_store.last_mark(tx, on)
    return last.weather if last else Weather.PLAIN


def mark_day(database: Database, on: date, weather: Weather, *, by: By, clock: Clock) -> None:
    """
    The day is marked so from now on, in the audit too.

    Raises Conflict when it is already, Refused for a day that is over: its alarms have been called.
    """
    now = clock.now()
    if on < school_date(now):
        raise Refused("day_mark_past", on=on)
    with database.transaction() as tx:
        last = day_store.last_mark(tx, on)
        if weather is (last.weather if last else Weather.PLAIN):
            raise Conflict("day_mark_same", on=on)
        number = last.number + 1 if last else 1
        mark = DayMark(on=on, number=number, weather=weather, made_by=user_of(by), made_at=now)
        day_store.insert_mark(tx, mark)
        record_act(tx, by, "day_marked", on.isoformat(), facts={"weather": weather.value}, clock=clock)
