-- Overrides on PostgreSQL: asked by one, let pass by another of another role within ten minutes; no
-- finding that is a gate is settled without one, and none lets pass what nobody may.

CREATE OR REPLACE FUNCTION override_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'guard: override_append_only' USING ERRCODE = 'integrity_constraint_violation';
END;
$$;

CREATE OR REPLACE FUNCTION override_kind_of(finding_key text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE split_part(finding_key, ':', 1)
    WHEN 'departed_without_count' THEN 'count' WHEN 'head_count_differs' THEN 'count'
    WHEN 'departed_without_riders' THEN 'no_show' WHEN 'rider_missing' THEN 'no_show'
    WHEN 'departed_without_ack' THEN 'list' WHEN 'removed_underway' THEN 'list'
    WHEN 'not_of_crew' THEN 'stranger' WHEN 'run_unclosed' THEN 'unclosed'
    WHEN 'check_without_photo' THEN 'evidence' WHEN 'check_without_sensor' THEN 'evidence'
    WHEN 'third_swap' THEN 'swap' END
$$;

CREATE OR REPLACE FUNCTION override_request_guard() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
  IF NEW.kind IS DISTINCT FROM override_kind_of(NEW.finding_key) THEN
    RAISE EXCEPTION 'guard: override_never' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END;
$$;

CREATE OR REPLACE FUNCTION override_verdict_guard() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
DECLARE
  asked override_request%ROWTYPE;
BEGIN
  SELECT * INTO asked FROM override_request
    WHERE school_id = NEW.school_id AND override_id = NEW.override_id;
  IF asked.asked_by IS NULL OR asked.asked_by = NEW.decided_by THEN
    RAISE EXCEPTION 'guard: override_two_people' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF NEW.verdict = 'approved'
    AND (asked.asked_role = NEW.decided_role OR NEW.decided_role NOT IN ('supervisor', 'admin')) THEN
    RAISE EXCEPTION 'guard: override_role' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF NEW.verdict = 'approved' AND NEW.decided_ms - asked.asked_ms NOT BETWEEN 0 AND 600000 THEN
    RAISE EXCEPTION 'guard: override_expired' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END;
$$;

CREATE OR REPLACE FUNCTION decision_override_guard() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
  IF override_kind_of(NEW.body ->> 'finding_key') IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM override_request q
    JOIN override_verdict v ON v.school_id = q.school_id AND v.override_id = q.override_id
    WHERE q.school_id = NEW.school_id AND q.run_id = NEW.run_id
      AND q.finding_key = NEW.body ->> 'finding_key' AND v.verdict = 'approved'
      AND q.asked_by = NEW.by_user AND v.decided_by = NEW.second_user) THEN
    RAISE EXCEPTION 'guard: override_needed' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END;
$$;

CREATE OR REPLACE TRIGGER override_request_born BEFORE INSERT ON override_request
  FOR EACH ROW EXECUTE FUNCTION override_request_guard();

CREATE OR REPLACE TRIGGER override_request_no_change BEFORE UPDATE OR DELETE ON override_request
  FOR EACH ROW EXECUTE FUNCTION override_refuse();

CREATE OR REPLACE TRIGGER override_request_no_truncate BEFORE TRUNCATE ON override_request
  FOR EACH STATEMENT EXECUTE FUNCTION override_refuse();

CREATE OR REPLACE TRIGGER override_verdict_born BEFORE INSERT ON override_verdict
  FOR EACH ROW EXECUTE FUNCTION override_verdict_guard();

CREATE OR REPLACE TRIGGER override_verdict_no_change BEFORE UPDATE OR DELETE ON override_verdict
  FOR EACH ROW EXECUTE FUNCTION override_refuse();

CREATE OR REPLACE TRIGGER override_verdict_no_truncate BEFORE TRUNCATE ON override_verdict
  FOR EACH STATEMENT EXECUTE FUNCTION override_refuse();

CREATE OR REPLACE TRIGGER decision_by_override BEFORE INSERT ON run_decision
  FOR EACH ROW WHEN (NEW.kind = 'finding_settled') EXECUTE FUNCTION decision_override_guard();
