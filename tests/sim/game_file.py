"""
The file of the server in a game, by plain SQL and through nothing of the code under test.
"""

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

OVER = ("closed", "cancelled")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """What the server's file holds now of the game's run."""

    run: dict[str, Any]
    log: dict[str, dict[str, Any]]  # of every run
    events: dict[str, dict[str, Any]]
    quarantine: list[dict[str, Any]]
    decisions: list[dict[str, Any]]
    closures: list[dict[str, Any]]
    alarms: list[dict[str, Any]]
    doubled: set[str]  # the riders who are looked for in two buses
    called_next: set[str]  # the departures of the next run for which somebody was called
    bound: set[int]
    seen_ms: dict[int, int]
    incidents: list[dict[str, Any]]
    overrides: list[dict[str, Any]]
    sheets: list[dict[str, Any]]

    @property
    def held(self) -> set[str]:
        """The events of the log."""
        return set(self.events)

    def held_of(self, run_id: str, until_ms: int | None = None) -> set[str]:
        """The events of the log of one run, those received until then or all."""
        return {
            event_id
            for event_id, event in self.log.items()
            if event["run_id"] == run_id and (until_ms is None or event["received_ms"] <= until_ms)
        }

    @property
    def phase(self) -> str:
        """How far the run is, by its row."""
        return str(self.run["phase"])

    @property
    def disputed(self) -> set[str]:
        """Of whom the lists say that nobody knows."""
        return set(json.loads(self.run["progress"]).get("disputed", ()))

    @property
    def settled(self) -> set[str]:
        """The findings that two different people settled."""
        return {
            json.loads(each["body"])["finding_key"]
            for each in self.decisions
            if each["kind"] == "finding_settled" and each["second_user"] not in (None, each["by_user"])
        }

    def is_given_up(self, dev: int, last: int) -> bool:
        """Whether two people gave the tablet up after ``last``, and a third one had looked."""
        return any(
            each["kind"] == "device_released"
            and each["dev"] == dev
            and each["upto_seq"] >= last
            and len({each["by_user"], each["second_user"], each["checked_by"]} - {None, ""}) == 3
            for each in self.decisions
        )

    @property
    def all_held(self) -> set[str]:
        """The events of the log, of whichever run."""
        return set(self.log)

    def of(self, dev: int) -> list[dict[str, Any]]:
        """The events of one tablet, in its order."""
        return sorted(
            (each for each in self.events.values() if each["dev"] == dev), key=lambda each: int(each["seq"])
        )


def read(path: Path, run_id: str = "run-1") -> Filed:
    """The file as it is now, by one of its runs."""
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row

        def rows(query: str) -> list[dict[str, Any]]:
            return [dict(row) for row in connection.execute(query, {"run_id": run_id})]

        alarms = rows("SELECT run_id, kind, level, occasion, state, raised_at FROM alarm")
        log = rows(
            "SELECT event_id, run_id, dev, seq, digest, kind, rider_id, stop_id, n, received_ms"
            " FROM run_event"
        )
        return Filed(
            run=rows("SELECT phase, reopened_ms, closed_at, progress FROM run WHERE run_id = :run_id")[0],
            log={row["event_id"]: row for row in log},
            events={row["event_id"]: row for row in log if row["run_id"] == run_id},
            quarantine=rows("SELECT event_id, dev, seq, run_id, state, received_ms FROM quarantine"),
            decisions=rows("SELECT * FROM run_decision WHERE run_id = :run_id ORDER BY number"),
            closures=rows("SELECT * FROM closure WHERE run_id = :run_id ORDER BY version"),
            alarms=[
                alarm | {"raised_ms": ms(datetime.fromisoformat(alarm["raised_at"]))}
                for alarm in alarms
                if alarm["run_id"] == run_id
            ],
            doubled={each.partition(":")[0] for each in _called(alarms, "aboard_two_runs", is_over=False)},
            called_next=_called(alarms, "departed_forbidden", "run-2"),
            bound={row["dev"] for row in rows("SELECT dev FROM run_device WHERE run_id = :run_id")},
            seen_ms={
                row["dev"]: ms(datetime.fromisoformat(row["seen_at"]))
                for row in rows("SELECT dev, seen_at FROM device WHERE seen_at IS NOT NULL")
            },
            incidents=rows(
                "SELECT i.*, w.word IS NOT NULL AS is_withdrawn FROM incident i LEFT JOIN incident_word w"
                " ON w.incident_id = i.incident_id AND w.word = 'withdrawn' WHERE i.run_id = :run_id"
            ),
            overrides=rows(
                "SELECT q.*, v.verdict, v.decided_by, v.decided_role, v.decided_ms FROM override_request q"
                " LEFT JOIN override_verdict v ON v.override_id = q.override_id WHERE q.run_id = :run_id"
            ),
            sheets=rows(
                "SELECT p.*, v.verdict, v.decided_by, v.event_ids FROM paper_entry p"
                " LEFT JOIN paper_verdict v ON v.entry_id = p.entry_id WHERE p.run_id = :run_id"
            ),
        )


def _called(
    alarms: list[dict[str, Any]], kind: str, run_id: str | None = None, *, is_over: bool = True
) -> set[str]:
    """The occasions of the alarms of one kind, of one run or of all, those that are over or not."""
    return {
        str(each["occasion"])
        for each in alarms
        if each["kind"] == kind and run_id in (None, each["run_id"])
        if is_over or each["state"] != "resolved"
    }


def held_runs(path: Path) -> set[str]:
    """The runs that there are."""
    with closing(sqlite3.connect(path)) as connection:
        return {str(run_id) for (run_id,) in connection.execute("SELECT run_id FROM run")}


def ms(moment: datetime) -> int:
    """A moment in whole milliseconds."""
    return round(moment.timestamp() * 1000)
