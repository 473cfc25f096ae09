-- Tablets on SQLite: what is given up, frozen, confirmed or signed with stays so; a code works once.
-- A lost tablet is given up by two people after a third one, who is not of the crew, has looked into the bus.

CREATE TRIGGER device_born BEFORE INSERT ON device
BEGIN
  SELECT CASE
    WHEN EXISTS (SELECT 1 FROM device WHERE school_id = NEW.school_id AND dev = NEW.dev)
      THEN RAISE(ABORT, 'guard: device_exists')
    WHEN NEW.state NOT IN ('pending', 'active') THEN RAISE(ABORT, 'guard: device_state')
    WHEN NEW.plate IS NOT NULL AND NEW.state <> 'pending' THEN RAISE(ABORT, 'guard: device_unconfirmed')
  END;
END;

CREATE TRIGGER device_kept BEFORE UPDATE ON device
BEGIN
  SELECT CASE
    WHEN (NEW.school_id, NEW.dev, NEW.plate, NEW.role, NEW.enrolled_at)
      IS NOT (OLD.school_id, OLD.dev, OLD.plate, OLD.role, OLD.enrolled_at)
      THEN RAISE(ABORT, 'guard: device_fixed')
    WHEN OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS NOT OLD.revoked_at
      THEN RAISE(ABORT, 'guard: device_revoked')
    WHEN OLD.is_frozen <> 0 AND NEW.is_frozen = 0 THEN RAISE(ABORT, 'guard: device_frozen')
    WHEN OLD.public_key IS NOT NULL AND NEW.public_key IS NOT OLD.public_key
      THEN RAISE(ABORT, 'guard: device_key')
    WHEN NEW.state <> OLD.state AND (NEW.state <> 'active' OR NOT EXISTS (
        SELECT 1 FROM enrolment WHERE school_id = NEW.school_id AND dev = NEW.dev AND confirmed_at IS NOT NULL))
      THEN RAISE(ABORT, 'guard: device_unconfirmed')
  END;
END;

CREATE TRIGGER device_no_delete BEFORE DELETE ON device
BEGIN
  SELECT RAISE(ABORT, 'guard: device_kept');
END;

CREATE TRIGGER device_token_born BEFORE INSERT ON device_token
BEGIN
  SELECT CASE
    WHEN EXISTS (SELECT 1 FROM device_token WHERE school_id = NEW.school_id AND token_hash = NEW.token_hash)
      THEN RAISE(ABORT, 'guard: token_exists')
    WHEN EXISTS (
        SELECT 1 FROM device WHERE school_id = NEW.school_id AND dev = NEW.dev AND revoked_at IS NOT NULL)
      THEN RAISE(ABORT, 'guard: device_revoked')
  END;
END;

CREATE TRIGGER device_token_kept BEFORE UPDATE ON device_token
BEGIN
  SELECT CASE
    WHEN (NEW.school_id, NEW.token_hash, NEW.dev, NEW.user_id, NEW.crew_id)
      IS NOT (OLD.school_id, OLD.token_hash, OLD.dev, OLD.user_id, OLD.crew_id)
      THEN RAISE(ABORT, 'guard: token_fixed')
    WHEN OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS NOT OLD.revoked_at
      THEN RAISE(ABORT, 'guard: token_revoked')
    WHEN NEW.expires_at > OLD.expires_at THEN RAISE(ABORT, 'guard: token_ends')
  END;
END;

CREATE TRIGGER device_token_no_delete BEFORE DELETE ON device_token
BEGIN
  SELECT RAISE(ABORT, 'guard: token_kept');
END;

CREATE TRIGGER enrolment_born BEFORE INSERT ON enrolment
BEGIN
  SELECT CASE
    WHEN EXISTS (SELECT 1 FROM enrolment WHERE school_id = NEW.school_id
        AND (enrolment_id = NEW.enrolment_id OR code_hash = NEW.code_hash))
      THEN RAISE(ABORT, 'guard: enrolment_exists')
    WHEN NEW.used_at IS NOT NULL THEN RAISE(ABORT, 'guard: enrolment_born_used')
  END;
END;

CREATE TRIGGER enrolment_kept BEFORE UPDATE ON enrolment
BEGIN
  SELECT CASE
    WHEN (NEW.school_id, NEW.enrolment_id, NEW.code_hash, NEW.plate, NEW.role, NEW.made_by, NEW.made_at,
        NEW.expires_at)
      IS NOT (OLD.school_id, OLD.enrolment_id, OLD.code_hash, OLD.plate, OLD.role, OLD.made_by, OLD.made_at,
        OLD.expires_at)
      THEN RAISE(ABORT, 'guard: enrolment_fixed')
    WHEN OLD.used_at IS NOT NULL AND (NEW.used_at, NEW.dev, NEW.check_code)
      IS NOT (OLD.used_at, OLD.dev, OLD.check_code)
      THEN RAISE(ABORT, 'guard: enrolment_used')
    WHEN NEW.used_at >= OLD.expires_at THEN RAISE(ABORT, 'guard: enrolment_expired')
    WHEN OLD.confirmed_at IS NOT NULL
      AND (NEW.confirmed_at, NEW.confirmed_by) IS NOT (OLD.confirmed_at, OLD.confirmed_by)
      THEN RAISE(ABORT, 'guard: enrolment_confirmed')
  END;
END;

CREATE TRIGGER enrolment_no_delete BEFORE DELETE ON enrolment
BEGIN
  SELECT RAISE(ABORT, 'guard: enrolment_kept');
END;

CREATE TRIGGER device_released_by_three BEFORE INSERT ON run_decision
WHEN NEW.kind = 'device_released'
BEGIN
  SELECT CASE
    WHEN coalesce(NEW.checked_by, '') IN ('', NEW.by_user, coalesce(NEW.second_user, ''))
      THEN RAISE(ABORT, 'guard: third_person')
    WHEN EXISTS (
      SELECT 1 FROM (
        SELECT crew_id FROM run_crew WHERE school_id = NEW.school_id AND run_id = NEW.run_id
        UNION ALL
        SELECT crew_id FROM run_event WHERE school_id = NEW.school_id AND run_id = NEW.run_id AND kind = 'check'
      ) crew
      WHERE crew.crew_id = NEW.checked_by OR crew.crew_id = (
        SELECT crew_id FROM app_user
        WHERE school_id = NEW.school_id AND user_id = NEW.checked_by))
      THEN RAISE(ABORT, 'guard: third_person')
  END;
END;
