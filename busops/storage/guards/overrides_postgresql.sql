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
    WHEN 'third_swap' THEN 'swap' WHEN 'device_lost' THEN 'device' WHEN 'kept_apart' THEN 'admission' END
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
    AND (asked.asked_role = NEW.decided_role OR NEW.decided_role NOT IN ('supervisor', 'admin')
      OR (asked.kind = 'device' AND NEW.decided_role <> 'supervisor')) THEN
    RAISE EXCEPTION 'guard: override_role' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF NEW.verdict = 'approved' AND NEW.decided_ms - asked.asked_ms NOT BETWEEN 0 AND 600000 THEN
    RAISE EXCEPTION 'guard: override_expired' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF NEW.verdict = 'approved' AND asked.kind = 'device' AND NOT EXISTS (
    SELECT 1 FROM override_search s
    WHERE s.school_id = NEW.school_id AND s.override_id = NEW.override_id
      AND s.searched_by <> NEW.decided_by AND s.searched_ms <= NEW.decided_ms) THEN
    RAISE EXCEPTION 'guard: override_not_searched' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END;
$$;

CREATE OR REPLACE FUNCTION override_search_guard() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (
    SELECT 1 FROM override_request q
    WHERE q.school_id = NEW.school_id AND q.override_id = NEW.override_id AND q.kind = 'device'
      AND q.asked_by <> NEW.searched_by AND NEW.searched_ms - q.asked_ms BETWEEN 0 AND 600000) THEN
    RAISE EXCEPTION 'guard: override_search' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END;
$$;

CREATE OR REPLACE FUNCTION override_record_guard() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
  IF EXISTS (
    SELECT 1 FROM override_verdict WHERE school_id = NEW.school_id AND override_id = NEW.override_id) THEN
    RAISE EXCEPTION 'guard: override_decided' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END;
$$;

CREATE OR REPLACE FUNCTION release_override_guard() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (
    SELECT 1 FROM override_request q
    JOIN override_verdict v ON v.school_id = q.school_id AND v.override_id = q.override_id
    JOIN override_search s ON s.school_id = q.school_id AND s.override_id = q.override_id
    WHERE q.school_id = NEW.school_id AND q.run_id = NEW.run_id
      AND q.finding_key = 'device_lost:' || NEW.dev AND v.verdict = 'approved'
      AND q.asked_by = NEW.by_user AND v.decided_by = NEW.second_user AND s.searched_by = NEW.checked_by
      AND NOT EXISTS (
        SELECT 1 FROM run_decision d
        WHERE d.school_id = NEW.school_id AND d.run_id = NEW.run_id AND d.kind = 'device_released'
          AND d.dev = NEW.dev AND d.made_ms >= q.asked_ms)) THEN
    RAISE EXCEPTION 'guard: override_needed' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END;
$$;

CREATE OR REPLACE FUNCTION admission_override_guard() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (
    SELECT 1 FROM override_request q
    JOIN override_verdict v ON v.school_id = q.school_id AND v.override_id = q.override_id
    JOIN override_record r ON r.school_id = q.school_id AND r.override_id = q.override_id
    JOIN quarantine k ON k.school_id = r.school_id AND k.quarantine_id = r.quarantine_id
    WHERE q.school_id = NEW.school_id AND q.run_id = NEW.run_id AND v.verdict = 'approved'
      AND q.asked_by = NEW.by_user AND v.decided_by = NEW.second_user
      AND k.event_id = NEW.body ->> 'event_id') THEN
    RAISE EXCEPTION 'guard: override_needed' USING ERRCODE = 'integrity_constraint_violation';
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

CREATE OR REPLACE TRIGGER override_search_born BEFORE INSERT ON override_search
  FOR EACH ROW EXECUTE FUNCTION override_search_guard();

CREATE OR REPLACE TRIGGER override_search_no_change BEFORE UPDATE OR DELETE ON override_search
  FOR EACH ROW EXECUTE FUNCTION override_refuse();

CREATE OR REPLACE TRIGGER override_search_no_truncate BEFORE TRUNCATE ON override_search
  FOR EACH STATEMENT EXECUTE FUNCTION override_refuse();

CREATE OR REPLACE TRIGGER override_record_born BEFORE INSERT ON override_record
  FOR EACH ROW EXECUTE FUNCTION override_record_guard();

CREATE OR REPLACE TRIGGER override_record_no_change BEFORE UPDATE OR DELETE ON override_record
  FOR EACH ROW EXECUTE FUNCTION override_refuse();

CREATE OR REPLACE TRIGGER override_record_no_truncate BEFORE TRUNCATE ON override_record
  FOR EACH STATEMENT EXECUTE FUNCTION override_refuse();

CREATE OR REPLACE TRIGGER release_by_override BEFORE INSERT ON run_decision
  FOR EACH ROW WHEN (NEW.kind = 'device_released') EXECUTE FUNCTION release_override_guard();

CREATE OR REPLACE TRIGGER admission_by_override BEFORE INSERT ON run_decision
  FOR EACH ROW WHEN (NEW.kind = 'admitted') EXECUTE FUNCTION admission_override_guard();
