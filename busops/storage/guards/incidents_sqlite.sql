-- Incidents on SQLite: no run is closed over a grave one that two people have not disposed of.

CREATE TRIGGER incident_born BEFORE INSERT ON incident
WHEN EXISTS (SELECT 1 FROM incident WHERE school_id = NEW.school_id AND incident_id = NEW.incident_id)
BEGIN
  SELECT RAISE(ABORT, 'guard: incident_exists');
END;

CREATE TRIGGER incident_word_born BEFORE INSERT ON incident_word
BEGIN
  SELECT CASE
    WHEN EXISTS (
        SELECT 1 FROM incident_word
        WHERE school_id = NEW.school_id AND incident_id = NEW.incident_id AND word = NEW.word)
      THEN RAISE(ABORT, 'guard: incident_exists')
    WHEN NEW.word = 'withdrawn' AND NOT EXISTS (
        SELECT 1 FROM incident i
        JOIN run_event e ON e.school_id = i.school_id AND e.run_id = i.run_id AND e.event_id = NEW.event_id
        WHERE i.school_id = NEW.school_id AND i.incident_id = NEW.incident_id)
      THEN RAISE(ABORT, 'guard: incident_evidence')
  END;
END;

CREATE TRIGGER run_close_incidents BEFORE UPDATE ON run
WHEN NEW.phase = 'closed' AND OLD.phase <> 'closed'
BEGIN
  SELECT CASE
    WHEN EXISTS (
        SELECT 1 FROM incident i
        WHERE i.school_id = NEW.school_id AND i.run_id = NEW.run_id AND i.severity IN ('P0', 'P1')
          AND NOT EXISTS (
            SELECT 1 FROM incident_word w
            WHERE w.school_id = i.school_id AND w.incident_id = i.incident_id AND w.word = 'withdrawn')
          AND NOT EXISTS (
            SELECT 1 FROM run_decision d JOIN json_each(d.body) b ON b.key = 'finding_key'
            WHERE d.school_id = i.school_id AND d.run_id = i.run_id AND d.kind = 'finding_settled'
              AND b.value = i.finding_key))
      THEN RAISE(ABORT, 'guard: incident_open')
  END;
END;

CREATE TRIGGER incident_no_update BEFORE UPDATE ON incident
BEGIN
  SELECT RAISE(ABORT, 'guard: incident_append_only');
END;

CREATE TRIGGER incident_no_delete BEFORE DELETE ON incident
BEGIN
  SELECT RAISE(ABORT, 'guard: incident_append_only');
END;

CREATE TRIGGER incident_word_no_update BEFORE UPDATE ON incident_word
BEGIN
  SELECT RAISE(ABORT, 'guard: incident_append_only');
END;

CREATE TRIGGER incident_word_no_delete BEFORE DELETE ON incident_word
BEGIN
  SELECT RAISE(ABORT, 'guard: incident_append_only');
END;
