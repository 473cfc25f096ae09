-- Where a run's stops are, on PostgreSQL: written with the run, and never changed.

CREATE OR REPLACE FUNCTION run_place_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'guard: append_only' USING ERRCODE = 'integrity_constraint_violation';
END;
$$;

CREATE OR REPLACE TRIGGER run_place_no_change BEFORE UPDATE OR DELETE ON run_place
  FOR EACH ROW EXECUTE FUNCTION run_place_refuse();

CREATE OR REPLACE TRIGGER run_place_no_truncate BEFORE TRUNCATE ON run_place
  FOR EACH STATEMENT EXECUTE FUNCTION run_place_refuse();
