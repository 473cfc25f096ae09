-- What a check must show cannot be lowered behind the office's back: a run keeps the level of its
-- release, does not close unless the places of that level were asked of both people, and a vehicle's
-- secrets are only added to.

CREATE TRIGGER vehicle_evidence_born BEFORE INSERT ON vehicle
WHEN NEW.evidence NOT IN ('E1', 'E2', 'E3', 'E4')
BEGIN
  SELECT RAISE(ABORT, 'guard: evidence_level');
END;

CREATE TRIGGER vehicle_evidence_changed BEFORE UPDATE ON vehicle
WHEN NEW.evidence NOT IN ('E1', 'E2', 'E3', 'E4')
BEGIN
  SELECT RAISE(ABORT, 'guard: evidence_level');
END;

CREATE TRIGGER run_evidence_born BEFORE INSERT ON run
WHEN NEW.evidence NOT IN ('E1', 'E2', 'E3', 'E4')
BEGIN
  SELECT RAISE(ABORT, 'guard: evidence_level');
END;

CREATE TRIGGER run_evidence_fixed BEFORE UPDATE ON run
WHEN NEW.evidence IS NOT OLD.evidence
BEGIN
  SELECT RAISE(ABORT, 'guard: evidence_fixed');
END;

CREATE TRIGGER run_evidence_asked BEFORE UPDATE ON run
WHEN NEW.phase = 'closed' AND OLD.phase <> 'closed' AND NEW.evidence <> 'E1' AND 3 <> (
  SELECT count(*) FROM run_tag t
  WHERE t.school_id = NEW.school_id AND t.run_id = NEW.run_id AND t.place IN ('rear', 'mid', 'exit')
    AND t.asks_attendant AND t.asks_driver)
BEGIN
  SELECT RAISE(ABORT, 'guard: evidence_not_asked');
END;

CREATE TRIGGER vehicle_secret_once BEFORE INSERT ON vehicle_secret
WHEN EXISTS (SELECT 1 FROM vehicle_secret
  WHERE school_id = NEW.school_id AND plate = NEW.plate AND version = NEW.version)
BEGIN
  SELECT RAISE(ABORT, 'guard: append_only');
END;

CREATE TRIGGER vehicle_secret_no_update BEFORE UPDATE ON vehicle_secret
BEGIN
  SELECT RAISE(ABORT, 'guard: append_only');
END;

CREATE TRIGGER vehicle_secret_no_delete BEFORE DELETE ON vehicle_secret
BEGIN
  SELECT RAISE(ABORT, 'guard: append_only');
END;
