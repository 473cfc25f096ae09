-- The safety policy on PostgreSQL: each choice stands, in turn.

CREATE OR REPLACE FUNCTION safety_policy_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'guard: append_only' USING ERRCODE = 'integrity_constraint_violation';
END;
$$;

CREATE OR REPLACE FUNCTION safety_policy_turn() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
  IF NEW.number IS DISTINCT FROM (
    SELECT coalesce(max(number), 0) + 1 FROM safety_policy WHERE school_id = NEW.school_id) THEN
    RAISE EXCEPTION 'guard: safety_policy_in_turn' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END;
$$;

CREATE OR REPLACE TRIGGER safety_policy_in_turn BEFORE INSERT ON safety_policy
  FOR EACH ROW EXECUTE FUNCTION safety_policy_turn();

CREATE OR REPLACE TRIGGER safety_policy_no_change BEFORE UPDATE OR DELETE ON safety_policy
  FOR EACH ROW EXECUTE FUNCTION safety_policy_keep();

CREATE OR REPLACE TRIGGER safety_policy_no_truncate BEFORE TRUNCATE ON safety_policy
  FOR EACH STATEMENT EXECUTE FUNCTION safety_policy_keep();
