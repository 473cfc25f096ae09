-- Overrides on SQLite: asked by one, let pass by another of another role within ten minutes; no
-- finding that is a gate is settled without one, and none lets pass what nobody may.

CREATE TRIGGER override_request_born BEFORE INSERT ON override_request
BEGIN
  SELECT CASE
    WHEN EXISTS (
        SELECT 1 FROM override_request WHERE school_id = NEW.school_id AND override_id = NEW.override_id)
      THEN RAISE(ABORT, 'guard: override_exists')
    WHEN NEW.kind IS NOT (
        CASE substr(NEW.finding_key, 1, instr(NEW.finding_key || ':', ':') - 1)
          WHEN 'departed_without_count' THEN 'count' WHEN 'head_count_differs' THEN 'count'
          WHEN 'departed_without_riders' THEN 'no_show' WHEN 'rider_missing' THEN 'no_show'
          WHEN 'departed_without_ack' THEN 'list' WHEN 'removed_underway' THEN 'list'
          WHEN 'not_of_crew' THEN 'stranger' WHEN 'run_unclosed' THEN 'unclosed'
          WHEN 'check_without_photo' THEN 'evidence' WHEN 'check_without_sensor' THEN 'evidence'
          WHEN 'third_swap' THEN 'swap' WHEN 'device_lost' THEN 'device' WHEN 'kept_apart' THEN 'admission' END)
      THEN RAISE(ABORT, 'guard: override_never')
  END;
END;

CREATE TRIGGER override_verdict_born BEFORE INSERT ON override_verdict
BEGIN
  SELECT CASE
    WHEN EXISTS (
        SELECT 1 FROM override_verdict WHERE school_id = NEW.school_id AND override_id = NEW.override_id)
      THEN RAISE(ABORT, 'guard: override_exists')
    WHEN NOT EXISTS (
        SELECT 1 FROM override_request q
        WHERE q.school_id = NEW.school_id AND q.override_id = NEW.override_id AND q.asked_by <> NEW.decided_by)
      THEN RAISE(ABORT, 'guard: override_two_people')
    WHEN NEW.verdict = 'approved' AND NOT EXISTS (
        SELECT 1 FROM override_request q
        WHERE q.school_id = NEW.school_id AND q.override_id = NEW.override_id
          AND q.asked_role <> NEW.decided_role
          AND (NEW.decided_role = 'supervisor' OR (NEW.decided_role = 'admin' AND q.kind <> 'device')))
      THEN RAISE(ABORT, 'guard: override_role')
    WHEN NEW.verdict = 'approved' AND NOT EXISTS (
        SELECT 1 FROM override_request q
        WHERE q.school_id = NEW.school_id AND q.override_id = NEW.override_id
          AND NEW.decided_ms - q.asked_ms BETWEEN 0 AND 600000)
      THEN RAISE(ABORT, 'guard: override_expired')
    WHEN NEW.verdict = 'approved' AND NOT EXISTS (
        SELECT 1 FROM override_request q
        WHERE q.school_id = NEW.school_id AND q.override_id = NEW.override_id AND q.kind <> 'device')
      AND NOT EXISTS (
        SELECT 1 FROM override_search s
        WHERE s.school_id = NEW.school_id AND s.override_id = NEW.override_id
          AND s.searched_by <> NEW.decided_by AND s.searched_ms <= NEW.decided_ms)
      THEN RAISE(ABORT, 'guard: override_not_searched')
  END;
END;

CREATE TRIGGER override_search_born BEFORE INSERT ON override_search
BEGIN
  SELECT CASE
    WHEN EXISTS (
        SELECT 1 FROM override_search WHERE school_id = NEW.school_id AND override_id = NEW.override_id)
      THEN RAISE(ABORT, 'guard: override_exists')
    WHEN NOT EXISTS (
        SELECT 1 FROM override_request q
        WHERE q.school_id = NEW.school_id AND q.override_id = NEW.override_id AND q.kind = 'device'
          AND q.asked_by <> NEW.searched_by AND NEW.searched_ms - q.asked_ms BETWEEN 0 AND 600000)
      THEN RAISE(ABORT, 'guard: override_search')
  END;
END;

CREATE TRIGGER override_record_born BEFORE INSERT ON override_record
BEGIN
  SELECT CASE
    WHEN EXISTS (
        SELECT 1 FROM override_record
        WHERE school_id = NEW.school_id AND override_id = NEW.override_id AND quarantine_id = NEW.quarantine_id)
      THEN RAISE(ABORT, 'guard: override_exists')
    WHEN EXISTS (
        SELECT 1 FROM override_verdict WHERE school_id = NEW.school_id AND override_id = NEW.override_id)
      THEN RAISE(ABORT, 'guard: override_decided')
  END;
END;

CREATE TRIGGER release_by_override BEFORE INSERT ON run_decision
WHEN NEW.kind = 'device_released'
BEGIN
  SELECT CASE
    WHEN NOT EXISTS (
        SELECT 1 FROM override_request q
        JOIN override_verdict v ON v.school_id = q.school_id AND v.override_id = q.override_id
        JOIN override_search s ON s.school_id = q.school_id AND s.override_id = q.override_id
        WHERE q.school_id = NEW.school_id AND q.run_id = NEW.run_id
          AND q.finding_key = 'device_lost:' || NEW.dev AND v.verdict = 'approved'
          AND q.asked_by = NEW.by_user AND v.decided_by = NEW.second_user AND s.searched_by = NEW.checked_by
          AND NOT EXISTS (
            SELECT 1 FROM run_decision d
            WHERE d.school_id = NEW.school_id AND d.run_id = NEW.run_id AND d.kind = 'device_released'
              AND d.dev = NEW.dev AND d.made_ms >= q.asked_ms))
      THEN RAISE(ABORT, 'guard: override_needed')
  END;
END;

CREATE TRIGGER admission_by_override BEFORE INSERT ON run_decision
WHEN NEW.kind = 'admitted'
BEGIN
  SELECT CASE
    WHEN NOT EXISTS (
        SELECT 1 FROM override_request q
        JOIN override_verdict v ON v.school_id = q.school_id AND v.override_id = q.override_id
        JOIN override_record r ON r.school_id = q.school_id AND r.override_id = q.override_id
        JOIN quarantine k ON k.school_id = r.school_id AND k.quarantine_id = r.quarantine_id
        WHERE q.school_id = NEW.school_id AND q.run_id = NEW.run_id AND v.verdict = 'approved'
          AND q.asked_by = NEW.by_user AND v.decided_by = NEW.second_user
          AND k.event_id = (SELECT b.value FROM json_each(NEW.body) b WHERE b.key = 'event_id'))
      THEN RAISE(ABORT, 'guard: override_needed')
  END;
END;

CREATE TRIGGER decision_by_override BEFORE INSERT ON run_decision
WHEN NEW.kind = 'finding_settled'
BEGIN
  SELECT CASE
    WHEN EXISTS (
        SELECT 1 FROM json_each(NEW.body) b
        WHERE b.key = 'finding_key'
          AND substr(b.value, 1, instr(b.value || ':', ':') - 1) IN (
            'departed_without_count', 'head_count_differs', 'departed_without_riders', 'rider_missing',
            'departed_without_ack', 'removed_underway', 'not_of_crew', 'run_unclosed',
            'check_without_photo', 'check_without_sensor', 'third_swap')
          AND NOT EXISTS (
            SELECT 1 FROM override_request q
            JOIN override_verdict v ON v.school_id = q.school_id AND v.override_id = q.override_id
            WHERE q.school_id = NEW.school_id AND q.run_id = NEW.run_id AND q.finding_key = b.value
              AND v.verdict = 'approved' AND q.asked_by = NEW.by_user AND v.decided_by = NEW.second_user))
      THEN RAISE(ABORT, 'guard: override_needed')
  END;
END;

CREATE TRIGGER override_request_no_update BEFORE UPDATE ON override_request
BEGIN
  SELECT RAISE(ABORT, 'guard: override_append_only');
END;

CREATE TRIGGER override_request_no_delete BEFORE DELETE ON override_request
BEGIN
  SELECT RAISE(ABORT, 'guard: override_append_only');
END;

CREATE TRIGGER override_verdict_no_update BEFORE UPDATE ON override_verdict
BEGIN
  SELECT RAISE(ABORT, 'guard: override_append_only');
END;

CREATE TRIGGER override_verdict_no_delete BEFORE DELETE ON override_verdict
BEGIN
  SELECT RAISE(ABORT, 'guard: override_append_only');
END;

CREATE TRIGGER override_search_no_update BEFORE UPDATE ON override_search
BEGIN
  SELECT RAISE(ABORT, 'guard: override_append_only');
END;

CREATE TRIGGER override_search_no_delete BEFORE DELETE ON override_search
BEGIN
  SELECT RAISE(ABORT, 'guard: override_append_only');
END;

CREATE TRIGGER override_record_no_update BEFORE UPDATE ON override_record
BEGIN
  SELECT RAISE(ABORT, 'guard: override_append_only');
END;

CREATE TRIGGER override_record_no_delete BEFORE DELETE ON override_record
BEGIN
  SELECT RAISE(ABORT, 'guard: override_append_only');
END;
