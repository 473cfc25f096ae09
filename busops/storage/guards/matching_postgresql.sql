-- Matching on PostgreSQL: codes, refusals, reviews and rules are added to, never changed; rules in turn.

CREATE OR REPLACE FUNCTION match_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'guard: append_only' USING ERRCODE = 'integrity_constraint_violation';
END;
$$;

CREATE OR REPLACE FUNCTION match_policy_turn() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
  IF NEW.number IS DISTINCT FROM (
    SELECT coalesce(max(number), 0) + 1 FROM match_policy WHERE school_id = NEW.school_id) THEN
    RAISE EXCEPTION 'guard: match_policy_in_turn' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END;
$$;

CREATE OR REPLACE TRIGGER match_policy_in_turn BEFORE INSERT ON match_policy
  FOR EACH ROW EXECUTE FUNCTION match_policy_turn();

CREATE OR REPLACE TRIGGER payment_code_no_change BEFORE UPDATE OR DELETE ON payment_code
  FOR EACH ROW EXECUTE FUNCTION match_keep();

CREATE OR REPLACE TRIGGER payment_code_no_truncate BEFORE TRUNCATE ON payment_code
  FOR EACH STATEMENT EXECUTE FUNCTION match_keep();

CREATE OR REPLACE TRIGGER match_refusal_no_change BEFORE UPDATE OR DELETE ON match_refusal
  FOR EACH ROW EXECUTE FUNCTION match_keep();

CREATE OR REPLACE TRIGGER match_refusal_no_truncate BEFORE TRUNCATE ON match_refusal
  FOR EACH STATEMENT EXECUTE FUNCTION match_keep();

CREATE OR REPLACE TRIGGER match_review_no_change BEFORE UPDATE OR DELETE ON match_review
  FOR EACH ROW EXECUTE FUNCTION match_keep();

CREATE OR REPLACE TRIGGER match_review_no_truncate BEFORE TRUNCATE ON match_review
  FOR EACH STATEMENT EXECUTE FUNCTION match_keep();

CREATE OR REPLACE TRIGGER match_policy_no_change BEFORE UPDATE OR DELETE ON match_policy
  FOR EACH ROW EXECUTE FUNCTION match_keep();

CREATE OR REPLACE TRIGGER match_policy_no_truncate BEFORE TRUNCATE ON match_policy
  FOR EACH STATEMENT EXECUTE FUNCTION match_keep();
