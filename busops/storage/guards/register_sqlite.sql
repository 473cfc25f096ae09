-- A locked roster never changes, a plan only moves forward, and nothing that history names is removed.

CREATE TRIGGER IF NOT EXISTS roster_version_no_update BEFORE UPDATE ON roster_version
BEGIN
  SELECT RAISE(ABORT, 'roster_version_frozen');
END;

CREATE TRIGGER IF NOT EXISTS roster_version_no_delete BEFORE DELETE ON roster_version
BEGIN
  SELECT RAISE(ABORT, 'roster_version_frozen');
END;

-- INSERT OR REPLACE removes rows without asking the delete trigger, so the insert is asked.
CREATE TRIGGER IF NOT EXISTS roster_version_only_next BEFORE INSERT ON roster_version
WHEN NEW.version IS NOT (
    SELECT coalesce(max(version), 0) + 1 FROM roster_version
    WHERE school_id = NEW.school_id AND weekend_on = NEW.weekend_on)
BEGIN
  SELECT RAISE(ABORT, 'roster_version_frozen');
END;

CREATE TRIGGER IF NOT EXISTS roster_version_entry_no_update BEFORE UPDATE ON roster_version_entry
BEGIN
  SELECT RAISE(ABORT, 'roster_version_frozen');
END;

CREATE TRIGGER IF NOT EXISTS roster_version_entry_no_delete BEFORE DELETE ON roster_version_entry
BEGIN
  SELECT RAISE(ABORT, 'roster_version_frozen');
END;

CREATE TRIGGER IF NOT EXISTS roster_version_entry_no_replace BEFORE INSERT ON roster_version_entry
WHEN EXISTS (
    SELECT 1 FROM roster_version_entry
    WHERE school_id = NEW.school_id AND weekend_on = NEW.weekend_on
      AND version = NEW.version AND rider_id = NEW.rider_id)
BEGIN
  SELECT RAISE(ABORT, 'roster_version_frozen');
END;

CREATE TRIGGER IF NOT EXISTS plan_only_forward BEFORE UPDATE ON plan
WHEN NEW.plan_id IS NOT OLD.plan_id OR NEW.school_id IS NOT OLD.school_id
  OR NEW.document IS NOT OLD.document OR NEW.violation_count IS NOT OLD.violation_count
  OR NEW.cost_fen IS NOT OLD.cost_fen OR NEW.roster_version IS NOT OLD.roster_version
  OR (NEW.state IS NOT OLD.state AND OLD.state || '>' || NEW.state NOT IN
    ('draft>approved', 'approved>released', 'draft>discarded', 'approved>discarded'))
BEGIN
  SELECT RAISE(ABORT, 'plan_is_decided');
END;

CREATE TRIGGER IF NOT EXISTS plan_proof_true BEFORE INSERT ON plan_proof
WHEN EXISTS (SELECT 1 FROM plan_proof WHERE school_id = NEW.school_id AND plan_id = NEW.plan_id
      AND lower_bound_fen >= NEW.lower_bound_fen)
  OR NOT EXISTS (SELECT 1 FROM plan WHERE school_id = NEW.school_id AND plan_id = NEW.plan_id
      AND lower_bound_fen < NEW.lower_bound_fen AND cost_fen >= NEW.lower_bound_fen)
BEGIN
  SELECT RAISE(ABORT, 'plan_proof_stands');
END;

CREATE TRIGGER IF NOT EXISTS plan_proof_no_update BEFORE UPDATE ON plan_proof
BEGIN
  SELECT RAISE(ABORT, 'plan_proof_stands');
END;

CREATE TRIGGER IF NOT EXISTS plan_proof_no_delete BEFORE DELETE ON plan_proof
BEGIN
  SELECT RAISE(ABORT, 'plan_proof_stands');
END;

CREATE TRIGGER IF NOT EXISTS plan_no_delete BEFORE DELETE ON plan
BEGIN
  SELECT RAISE(ABORT, 'plan_is_decided');
END;

CREATE TRIGGER IF NOT EXISTS rider_no_delete BEFORE DELETE ON rider
BEGIN
  SELECT RAISE(ABORT, 'retire_never_delete');
END;

CREATE TRIGGER IF NOT EXISTS stop_no_delete BEFORE DELETE ON stop
BEGIN
  SELECT RAISE(ABORT, 'retire_never_delete');
END;

CREATE TRIGGER IF NOT EXISTS vehicle_no_delete BEFORE DELETE ON vehicle
BEGIN
  SELECT RAISE(ABORT, 'retire_never_delete');
END;

CREATE TRIGGER IF NOT EXISTS crew_member_no_delete BEFORE DELETE ON crew_member
BEGIN
  SELECT RAISE(ABORT, 'retire_never_delete');
END;

CREATE TRIGGER IF NOT EXISTS approved_line_no_delete BEFORE DELETE ON approved_line
BEGIN
  SELECT RAISE(ABORT, 'retire_never_delete');
END;
