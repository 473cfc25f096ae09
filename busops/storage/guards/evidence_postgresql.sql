-- What a check must show cannot be lowered behind the office's back: a run keeps the level of its
-- release, does not close unless the places of that level were asked of both people, and a vehicle's
-- secrets are only added to.

CREATE OR REPLACE FUNCTION evidence_level() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.evidence NOT IN ('E1', 'E2', 'E3', 'E4') THEN
    RAISE EXCEPTION 'guard: evidence_level' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END;
$$;

CREATE OR REPLACE FUNCTION run_evidence() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.evidence IS DISTINCT FROM OLD.evidence THEN
    RAISE EXCEPTION 'guard: evidence_fixed' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF NEW.phase = 'closed' AND OLD.phase <> 'closed' AND NEW.evidence <> 'E1' AND 3 <> (
      SELECT count(*) FROM run_tag t
      WHERE t.school_id = NEW.school_id AND t.run_id = NEW.run_id AND t.place IN ('rear', 'mid', 'exit')
        AND t.asks_attendant AND t.asks_driver) THEN
    RAISE EXCEPTION 'guard: evidence_not_asked' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END;
$$;

CREATE OR REPLACE FUNCTION vehicle_secret_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'guard: append_only' USING ERRCODE = 'integrity_constraint_violation';
END;
$$;

CREATE OR REPLACE TRIGGER vehicle_evidence BEFORE INSERT OR UPDATE ON vehicle
  FOR EACH ROW EXECUTE FUNCTION evidence_level();

CREATE OR REPLACE TRIGGER run_evidence_born BEFORE INSERT ON run
  FOR EACH ROW EXECUTE FUNCTION evidence_level();

CREATE OR REPLACE TRIGGER run_evidence_kept BEFORE UPDATE ON run
  FOR EACH ROW EXECUTE FUNCTION run_evidence();

CREATE OR REPLACE TRIGGER vehicle_secret_kept BEFORE UPDATE OR DELETE ON vehicle_secret
  FOR EACH ROW EXECUTE FUNCTION vehicle_secret_keep();

CREATE OR REPLACE TRIGGER vehicle_secret_no_truncate BEFORE TRUNCATE ON vehicle_secret
  FOR EACH STATEMENT EXECUTE FUNCTION vehicle_secret_keep();
