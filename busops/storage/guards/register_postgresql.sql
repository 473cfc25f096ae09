-- A locked roster never changes, a plan only moves forward, and nothing that history names is removed.

CREATE OR REPLACE FUNCTION roster_version_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'roster_version_frozen' USING ERRCODE = 'integrity_constraint_violation';
END;
$$;

CREATE OR REPLACE FUNCTION roster_version_next() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.version <> (SELECT coalesce(max(version), 0) + 1 FROM roster_version
      WHERE school_id = NEW.school_id AND weekend_on = NEW.weekend_on) THEN
    RAISE EXCEPTION 'roster_version_frozen' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END;
$$;

CREATE OR REPLACE FUNCTION plan_forward() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.plan_id <> OLD.plan_id OR NEW.school_id <> OLD.school_id
    OR NEW.document::text <> OLD.document::text OR NEW.violation_count <> OLD.violation_count
    OR NEW.cost_fen <> OLD.cost_fen OR NEW.roster_version <> OLD.roster_version
    OR (NEW.state <> OLD.state AND OLD.state || '>' || NEW.state NOT IN
      ('draft>approved', 'approved>released', 'draft>discarded', 'approved>discarded')) THEN
    RAISE EXCEPTION 'plan_is_decided' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END;
$$;

CREATE OR REPLACE FUNCTION plan_proof_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'plan_proof_stands' USING ERRCODE = 'integrity_constraint_violation';
END;
$$;

CREATE OR REPLACE FUNCTION plan_proof_rises() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM plan WHERE school_id = NEW.school_id AND plan_id = NEW.plan_id FOR NO KEY UPDATE;
  IF EXISTS (SELECT 1 FROM plan_proof WHERE school_id = NEW.school_id AND plan_id = NEW.plan_id
        AND lower_bound_fen >= NEW.lower_bound_fen)
    OR NOT EXISTS (SELECT 1 FROM plan WHERE school_id = NEW.school_id AND plan_id = NEW.plan_id
        AND lower_bound_fen < NEW.lower_bound_fen AND cost_fen >= NEW.lower_bound_fen) THEN
    RAISE EXCEPTION 'plan_proof_stands' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END;
$$;

CREATE OR REPLACE FUNCTION register_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'retire_never_delete' USING ERRCODE = 'integrity_constraint_violation';
END;
$$;

CREATE OR REPLACE TRIGGER roster_version_no_change BEFORE UPDATE OR DELETE ON roster_version
  FOR EACH ROW EXECUTE FUNCTION roster_version_refuse();

CREATE OR REPLACE TRIGGER roster_version_only_next BEFORE INSERT ON roster_version
  FOR EACH ROW EXECUTE FUNCTION roster_version_next();

CREATE OR REPLACE TRIGGER roster_version_entry_no_change BEFORE UPDATE OR DELETE ON roster_version_entry
  FOR EACH ROW EXECUTE FUNCTION roster_version_refuse();

CREATE OR REPLACE TRIGGER plan_only_forward BEFORE UPDATE ON plan
  FOR EACH ROW EXECUTE FUNCTION plan_forward();

CREATE OR REPLACE TRIGGER plan_proof_only_rises BEFORE INSERT ON plan_proof
  FOR EACH ROW EXECUTE FUNCTION plan_proof_rises();

CREATE OR REPLACE TRIGGER plan_proof_no_change BEFORE UPDATE OR DELETE ON plan_proof
  FOR EACH ROW EXECUTE FUNCTION plan_proof_refuse();

CREATE OR REPLACE TRIGGER plan_no_delete BEFORE DELETE ON plan
  FOR EACH ROW EXECUTE FUNCTION register_keep();

CREATE OR REPLACE TRIGGER rider_no_delete BEFORE DELETE ON rider
  FOR EACH ROW EXECUTE FUNCTION register_keep();

CREATE OR REPLACE TRIGGER stop_no_delete BEFORE DELETE ON stop
  FOR EACH ROW EXECUTE FUNCTION register_keep();

CREATE OR REPLACE TRIGGER vehicle_no_delete BEFORE DELETE ON vehicle
  FOR EACH ROW EXECUTE FUNCTION register_keep();

CREATE OR REPLACE TRIGGER crew_member_no_delete BEFORE DELETE ON crew_member
  FOR EACH ROW EXECUTE FUNCTION register_keep();

CREATE OR REPLACE TRIGGER approved_line_no_delete BEFORE DELETE ON approved_line
  FOR EACH ROW EXECUTE FUNCTION register_keep();
