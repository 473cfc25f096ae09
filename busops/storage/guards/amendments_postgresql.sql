-- Addenda to closures on PostgreSQL: signed once, never changed.

CREATE OR REPLACE FUNCTION amendment_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'guard: append_only' USING ERRCODE = 'integrity_constraint_violation';
END;
$$;

CREATE OR REPLACE FUNCTION amendment_turn() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
  IF NEW.number IS DISTINCT FROM (
    SELECT coalesce(max(number), 0) + 1 FROM closure_amendment
    WHERE school_id = NEW.school_id AND run_id = NEW.run_id AND version = NEW.version) THEN
    RAISE EXCEPTION 'guard: amendment_in_turn' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END;
$$;

CREATE OR REPLACE TRIGGER closure_amendment_born BEFORE INSERT ON closure_amendment
  FOR EACH ROW EXECUTE FUNCTION amendment_turn();

CREATE OR REPLACE TRIGGER closure_amendment_no_change BEFORE UPDATE OR DELETE ON closure_amendment
  FOR EACH ROW EXECUTE FUNCTION amendment_keep();

CREATE OR REPLACE TRIGGER closure_amendment_no_truncate BEFORE TRUNCATE ON closure_amendment
  FOR EACH STATEMENT EXECUTE FUNCTION amendment_keep();
