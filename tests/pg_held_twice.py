"""Where the mutants of PostgreSQL's interlock die first, and those that something else holds as well."""

# Where to look first; everything else is asked too.
LIKELY = {
    "voided": "void", "resolutions": "resolved", "aboard": "resolved|board", "hidden_gaps": "waits|settled",
    "is_sound": "parked|arriv|found|row|recounted|crew|two", "unaccounted": "absent|handed|word|list|taken",
    "open_counts": "count|terminal", "absences": "missing|noted|absent",
    "questions": "off_stop|missing|forbidden",
    "open_questions": "off_stop|settled",
    "has_checks": "park|check|another|driver|second", "run_change": "cancel|set |move|said|reopen",
    "undone_devices": "gap|given|settled|seal|notes|next_run", "run_written": "alight|move|cancel|again",
    "run_close": "waits|settled|recounted|only|list|given|fork|nothing|cancelled", "alarm_moves": "alarm",
    "event_taken": ", ", "events_counted": ", ",
    "crew_in": "same|back|else", "crew_change": "crew", "quarantine": "quarantine",
    "run_born": "born", "closure_in": "closure", "manifest_in": "manifest", "decision_taken": "said",
    "event_in": "name|move", "admitted_ms": "name",
}  # fmt: skip

OLD_SNAPSHOT = {
    "guard_run_close: IF current_setting('transaction_isolation') = 'repeatable read'": "see above"
}
NO_TRUNCATE = [f"{table}_no_truncate gone" for table in ("run", "run_event", "closure", "manifest", "alarm")]
FOUR = "('board', 'alight', 'moved_in', 'moved_out'"
NAMED = "AND run_id IN ( SELECT e.other_run_id FROM run_event e WHERE e.school_id = NEW.school_id A"
LOCK_ONLY = {
    "event_in gone": "takes the lock and a number that the store has taken too: test_mutants_locks",
    "device_in gone": "takes the lock only: test_mutants_locks",
}
HELD_TWICE: dict[str, str] = OLD_SNAPSHOT | LOCK_ONLY | {
    **dict.fromkeys(NO_TRUNCATE, "a foreign key names the table"),
    "guard_voided: AND v.kind = 'void'": "nothing else names events",
    f"guard_voided: AND t.kind IN {FOUR}, 'absent', 'headcount')": "only marks matter",
    "guard_voided: AND t.seq < v.seq": "the time between the two is not negative",
    f"guard_marks: AND e.kind IN {FOUR})": "who asks for marks asks for a kind",
    "guard_resolutions: AND d.kind = 'resolved'": "no other decision names a rider",
    "guard_resolutions: AND d.second_user IS NOT NULL": "ck_run_decision_two_people",
    "guard_resolutions: AND d.second_user <> d.by_user": "ck_run_decision_two_people",
    "guard_aboard: WHERE m.kind IN ('board', 'moved_in')": "an alighting alone is after every boarding",
    "guard_aboard: AND a.kind IN ('alight', 'moved_out')": "no boarding is before itself",
    "guard_is_sound: AND guard_precedes(a.dev, a.seq, a.hi_ms, e.dev, e.seq, e.lo_ms)": "it is a movement",
    "guard_is_sound: AND m.event_id <> e.event_id": "a sound check is no movement",
    "guard_has_checks: AND a.crew_id <> d.crew_id": "ck_closure_two_people",
    "guard_undone_devices: AND x.kind = 'device_released'": "no other decision names a device",
    "guard_undone_devices: AND x.second_user <> x.by_user": "ck_run_decision_two_people",
    "guard_run_change: AND OLD.phase <> 'cancelled'": "a boarding opens a cancelled run",
    "guard_questions: WHERE a.reason = 'missing'": "an absence for another reason speaks against itself",
    "guard_open_questions: AND s.kind = 'finding_settled'": "no other decision names a finding",
    "guard_run_close: AND d.kind = 'closed'": "no other decision names a version",
    "guard_run_written: AND OLD.phase <> 'closed'": "the trigger's own condition",
    f"guard_events_counted: WHERE kind IN {FOUR}, 'void')": "counted once more, the same",
    "run_written: WHEN (NEW.phase <> OLD.phase)": "the function asks again",
    f"guard_run_close: {NAMED}": "a lock more",
    "guard_run_close: AND e.kind = 'moved_out'": "a lock more",
    f"guard_event_taken: {NAMED}": "no other run was closed on what is taken back",
    "guard_event_taken: AND e.kind = 'moved_in'": "no other run was closed on what is taken back",
    "decision_taken: WHEN (NEW.kind = 'resolved')": "counted once more, the same",
}  # fmt: skip
