-- Paper on PostgreSQL: what was typed stands, nobody confirms what he typed himself, and no run is
-- closed over a sheet that waits. Whoever types one takes the run's row first.

CREATE OR REPLACE FUNCTION paper_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'guard: paper_append_only' USING ERRCODE = 'integrity_constraint_violation';
END;
$$;

CREATE OR REPLACE FUNCTION paper_verdict_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.verdict = 'confirmed' AND NEW.decided_by IS NOT DISTINCT FROM (
    SELECT typed_by FROM paper_entry WHERE school_id = NEW.school_id AND entry_id = NEW.entry_id) THEN
    RAISE EXCEPTION 'guard: paper_two_people' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END;
$$;

CREATE OR REPLACE FUNCTION paper_locks_run() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM run WHERE school_id = NEW.school_id AND run_id = NEW.run_id FOR NO KEY UPDATE;
  RETURN NEW;
END;
$$;

CREATE OR REPLACE FUNCTION run_close_paper() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
  IF EXISTS (
    SELECT 1 FROM paper_entry p
    WHERE p.school_id = NEW.school_id AND p.run_id = NEW.run_id
      AND NOT EXISTS (
        SELECT 1 FROM paper_verdict v
        WHERE v.school_id = p.school_id AND v.entry_id = p.entry_id)) THEN
    RAISE EXCEPTION 'guard: paper_waits' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END;
$$;

CREATE OR REPLACE TRIGGER paper_entry_locks BEFORE INSERT ON paper_entry
  FOR EACH ROW EXECUTE FUNCTION paper_locks_run();

CREATE OR REPLACE TRIGGER paper_entry_no_change BEFORE UPDATE OR DELETE ON paper_entry
  FOR EACH ROW EXECUTE FUNCTION paper_refuse();

CREATE OR REPLACE TRIGGER paper_entry_no_truncate BEFORE TRUNCATE ON paper_entry
  FOR EACH STATEMENT EXECUTE FUNCTION paper_refuse();

CREATE OR REPLACE TRIGGER paper_verdict_born BEFORE INSERT ON paper_verdict
  FOR EACH ROW EXECUTE FUNCTION paper_verdict_guard();

CREATE OR REPLACE TRIGGER paper_verdict_no_change BEFORE UPDATE OR DELETE ON paper_verdict
  FOR EACH ROW EXECUTE FUNCTION paper_refuse();

CREATE OR REPLACE TRIGGER paper_verdict_no_truncate BEFORE TRUNCATE ON paper_verdict
  FOR EACH STATEMENT EXECUTE FUNCTION paper_refuse();

CREATE OR REPLACE TRIGGER run_close_paper BEFORE UPDATE ON run FOR EACH ROW
  WHEN (NEW.phase = 'closed' AND OLD.phase <> 'closed') EXECUTE FUNCTION run_close_paper();
