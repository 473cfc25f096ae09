-- Tablets on PostgreSQL: what is given up, frozen, confirmed or signed with stays so; a code works once.
-- A lost tablet is given up by two people after a third one, who is not of the crew, has looked into the bus.

CREATE OR REPLACE FUNCTION device_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'guard: % is kept', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END;
$$;

CREATE OR REPLACE FUNCTION device_born() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.state NOT IN ('pending', 'active') THEN
    RAISE EXCEPTION 'guard: device_state' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF NEW.plate IS NOT NULL AND NEW.state <> 'pending' THEN
    RAISE EXCEPTION 'guard: device_unconfirmed' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END;
$$;

CREATE OR REPLACE FUNCTION device_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.school_id, NEW.dev, NEW.plate, NEW.role, NEW.enrolled_at)
    IS DISTINCT FROM (OLD.school_id, OLD.dev, OLD.plate, OLD.role, OLD.enrolled_at) THEN
    RAISE EXCEPTION 'guard: device_fixed' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS DISTINCT FROM OLD.revoked_at THEN
    RAISE EXCEPTION 'guard: device_revoked' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF OLD.is_frozen AND NOT NEW.is_frozen THEN
    RAISE EXCEPTION 'guard: device_frozen' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF OLD.public_key IS NOT NULL AND NEW.public_key IS DISTINCT FROM OLD.public_key THEN
    RAISE EXCEPTION 'guard: device_key' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF NEW.state <> OLD.state AND (NEW.state <> 'active' OR NOT EXISTS (
      SELECT 1 FROM enrolment WHERE school_id = NEW.school_id AND dev = NEW.dev AND confirmed_at IS NOT NULL)) THEN
    RAISE EXCEPTION 'guard: device_unconfirmed' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END;
$$;

CREATE OR REPLACE FUNCTION device_token_born() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (
      SELECT 1 FROM device WHERE school_id = NEW.school_id AND dev = NEW.dev AND revoked_at IS NOT NULL) THEN
    RAISE EXCEPTION 'guard: device_revoked' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END;
$$;

CREATE OR REPLACE FUNCTION device_token_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.school_id, NEW.token_hash, NEW.dev, NEW.user_id, NEW.crew_id)
    IS DISTINCT FROM (OLD.school_id, OLD.token_hash, OLD.dev, OLD.user_id, OLD.crew_id) THEN
    RAISE EXCEPTION 'guard: token_fixed' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS DISTINCT FROM OLD.revoked_at THEN
    RAISE EXCEPTION 'guard: token_revoked' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF NEW.expires_at > OLD.expires_at THEN
    RAISE EXCEPTION 'guard: token_ends' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END;
$$;

CREATE OR REPLACE FUNCTION enrolment_born() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.used_at IS NOT NULL THEN
    RAISE EXCEPTION 'guard: enrolment_born_used' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END;
$$;

CREATE OR REPLACE FUNCTION enrolment_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.school_id, NEW.enrolment_id, NEW.code_hash, NEW.plate, NEW.role, NEW.made_by, NEW.made_at,
      NEW.expires_at)
    IS DISTINCT FROM (OLD.school_id, OLD.enrolment_id, OLD.code_hash, OLD.plate, OLD.role, OLD.made_by,
      OLD.made_at, OLD.expires_at) THEN
    RAISE EXCEPTION 'guard: enrolment_fixed' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF OLD.used_at IS NOT NULL AND (NEW.used_at, NEW.dev, NEW.check_code)
    IS DISTINCT FROM (OLD.used_at, OLD.dev, OLD.check_code) THEN
    RAISE EXCEPTION 'guard: enrolment_used' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF NEW.used_at >= OLD.expires_at THEN
    RAISE EXCEPTION 'guard: enrolment_expired' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF OLD.confirmed_at IS NOT NULL AND (NEW.confirmed_at, NEW.confirmed_by)
    IS DISTINCT FROM (OLD.confirmed_at, OLD.confirmed_by) THEN
    RAISE EXCEPTION 'guard: enrolment_confirmed' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END;
$$;

CREATE OR REPLACE FUNCTION device_released_by_three() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  third text := coalesce(NEW.checked_by, '');
  of_crew text;
BEGIN
  SELECT crew_id INTO of_crew FROM app_user WHERE school_id = NEW.school_id AND user_id = third;
  IF third IN ('', NEW.by_user, coalesce(NEW.second_user, '')) OR EXISTS (
      SELECT 1 FROM run_crew WHERE school_id = NEW.school_id AND run_id = NEW.run_id
        AND crew_id IN (third, of_crew)) OR EXISTS (
      SELECT 1 FROM run_event WHERE school_id = NEW.school_id AND run_id = NEW.run_id AND kind = 'check'
        AND crew_id IN (third, of_crew)) THEN
    RAISE EXCEPTION 'guard: third_person' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END;
$$;

CREATE OR REPLACE TRIGGER device_born BEFORE INSERT ON device
  FOR EACH ROW EXECUTE FUNCTION device_born();

CREATE OR REPLACE TRIGGER device_kept BEFORE UPDATE ON device
  FOR EACH ROW EXECUTE FUNCTION device_kept();

CREATE OR REPLACE TRIGGER device_no_delete BEFORE DELETE ON device
  FOR EACH ROW EXECUTE FUNCTION device_refuse();

CREATE OR REPLACE TRIGGER device_no_truncate BEFORE TRUNCATE ON device
  FOR EACH STATEMENT EXECUTE FUNCTION device_refuse();

CREATE OR REPLACE TRIGGER device_token_born BEFORE INSERT ON device_token
  FOR EACH ROW EXECUTE FUNCTION device_token_born();

CREATE OR REPLACE TRIGGER device_token_kept BEFORE UPDATE ON device_token
  FOR EACH ROW EXECUTE FUNCTION device_token_kept();

CREATE OR REPLACE TRIGGER device_token_no_delete BEFORE DELETE ON device_token
  FOR EACH ROW EXECUTE FUNCTION device_refuse();

CREATE OR REPLACE TRIGGER device_token_no_truncate BEFORE TRUNCATE ON device_token
  FOR EACH STATEMENT EXECUTE FUNCTION device_refuse();

CREATE OR REPLACE TRIGGER enrolment_born BEFORE INSERT ON enrolment
  FOR EACH ROW EXECUTE FUNCTION enrolment_born();

CREATE OR REPLACE TRIGGER enrolment_kept BEFORE UPDATE ON enrolment
  FOR EACH ROW EXECUTE FUNCTION enrolment_kept();

CREATE OR REPLACE TRIGGER enrolment_no_delete BEFORE DELETE ON enrolment
  FOR EACH ROW EXECUTE FUNCTION device_refuse();

CREATE OR REPLACE TRIGGER enrolment_no_truncate BEFORE TRUNCATE ON enrolment
  FOR EACH STATEMENT EXECUTE FUNCTION device_refuse();

CREATE OR REPLACE TRIGGER device_released_by_three BEFORE INSERT ON run_decision
  FOR EACH ROW WHEN (NEW.kind = 'device_released') EXECUTE FUNCTION device_released_by_three();
