-- Incidents on PostgreSQL: no run is closed over a grave one that two people have not disposed of.
-- Whoever opens one takes the run's row first, as with everything that is told of a run.

CREATE OR REPLACE FUNCTION incident_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'guard: incident_append_only' USING ERRCODE = 'integrity_constraint_violation';
END;
$$;

CREATE OR REPLACE FUNCTION incident_locks_run() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM run WHERE school_id = NEW.school_id AND run_id = NEW.run_id FOR NO KEY UPDATE;
  RETURN NEW;
END;
$$;

CREATE OR REPLACE FUNCTION incident_word_guard() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
  IF NEW.word = 'withdrawn' AND NOT EXISTS (
    SELECT 1 FROM incident i
    JOIN run_event e ON e.school_id = i.school_id AND e.run_id = i.run_id
    WHERE i.school_id = NEW.school_id AND i.incident_id = NEW.incident_id
      AND e.event_id = NEW.event_id) THEN
    RAISE EXCEPTION 'guard: incident_evidence' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END;
$$;

CREATE OR REPLACE FUNCTION run_close_incidents() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
  IF EXISTS (
    SELECT 1 FROM incident i
    WHERE i.school_id = NEW.school_id AND i.run_id = NEW.run_id AND i.severity IN ('P0', 'P1')
      AND NOT EXISTS (
        SELECT 1 FROM incident_word w
        WHERE w.school_id = i.school_id AND w.incident_id = i.incident_id AND w.word = 'withdrawn')
      AND NOT EXISTS (
        SELECT 1 FROM run_decision d
        WHERE d.school_id = i.school_id AND d.run_id = i.run_id AND d.kind = 'finding_settled'
          AND d.body ->> 'finding_key' = i.finding_key)) THEN
    RAISE EXCEPTION 'guard: incident_open' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END;
$$;

CREATE OR REPLACE TRIGGER incident_locks BEFORE INSERT ON incident
  FOR EACH ROW EXECUTE FUNCTION incident_locks_run();

CREATE OR REPLACE TRIGGER incident_no_change BEFORE UPDATE OR DELETE ON incident
  FOR EACH ROW EXECUTE FUNCTION incident_refuse();

CREATE OR REPLACE TRIGGER incident_no_truncate BEFORE TRUNCATE ON incident
  FOR EACH STATEMENT EXECUTE FUNCTION incident_refuse();

CREATE OR REPLACE TRIGGER incident_word_born BEFORE INSERT ON incident_word
  FOR EACH ROW EXECUTE FUNCTION incident_word_guard();

CREATE OR REPLACE TRIGGER incident_word_no_change BEFORE UPDATE OR DELETE ON incident_word
  FOR EACH ROW EXECUTE FUNCTION incident_refuse();

CREATE OR REPLACE TRIGGER incident_word_no_truncate BEFORE TRUNCATE ON incident_word
  FOR EACH STATEMENT EXECUTE FUNCTION incident_refuse();

CREATE OR REPLACE TRIGGER run_close_incidents BEFORE UPDATE ON run FOR EACH ROW
  WHEN (NEW.phase = 'closed' AND OLD.phase <> 'closed') EXECUTE FUNCTION run_close_incidents();
