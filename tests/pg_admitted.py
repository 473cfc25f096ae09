"""What is typed about events that name another run than the one they are written into."""

# ruff: noqa: S608 - this file's statements are its attacks
OF_ONE = "WHERE school_id = 'sound' AND run_id = 'run-1' AND kind = 'board' AND rider_id = 'r1'"
NAMES = "school_id, decision_id, run_id, number, kind, made_ms, by_user, second_user, reason, covers, body"


def _written(run: str) -> str:
    """The SQL that writes a note, copied from a boarding, whose envelope names this run."""
    own = f'"event_id": "x1", "dev": 9, "seq": 1, "kind": "note", "raw": "{{\\"run\\": \\"{run}\\"}}"'
    return f"INSERT INTO run_event SELECT (jsonb_populate_record(x, '{{{own}}}')).* FROM run_event x {OF_ONE}"


def _decided(kind: str, event_id: str) -> str:
    """The SQL that decides about an event on run-1, by two people."""
    row = f"'sound', 'a1', 'run-1', 1, '{kind}', 1, 'u1', 'u2', 'x', '[]', '{{\"event_id\": \"{event_id}\"}}'"
    return f"INSERT INTO run_decision ({NAMES}) VALUES ({row})"


def typed_admissions(close: str) -> dict[str, tuple[str, ...]]:
    """Each case by name; ``close`` is the SQL that closes the run."""
    return {
        "its own name": (_written("run-1"),),
        "another name": (_written("run-7"),),
        "another name, admitted": (_decided("admitted", "x1"), _written("run-7")),
        "another name, something else admitted": (_decided("admitted", "x2"), _written("run-7")),
        "another name, decided otherwise": (_decided("departure_forbidden", "x1"), _written("run-7")),
        "an admission is no question": (_decided("admitted", "x1"), close),
    }
