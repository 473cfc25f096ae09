-- Paper on PostgreSQL: what was typed stands, and nobody confirms what he typed himself.

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
