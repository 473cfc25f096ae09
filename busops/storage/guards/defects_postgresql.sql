-- Defects of vehicles on PostgreSQL: a report stands, is cleared once, and until then its vehicle gets no
-- run. Reporting and releasing take the vehicle's row first, so that neither passes the other.

CREATE OR REPLACE FUNCTION defect_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'guard: defect_append_only' USING ERRCODE = 'integrity_constraint_violation';
END;
$$;

CREATE OR REPLACE FUNCTION vehicle_defect_guard() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM vehicle WHERE school_id = NEW.school_id AND plate = NEW.plate FOR NO KEY UPDATE;
  IF NOT EXISTS (
    SELECT 1 FROM run u JOIN run_event e ON e.school_id = u.school_id AND e.run_id = u.run_id
    WHERE u.school_id = NEW.school_id AND u.run_id = NEW.run_id AND u.plate = NEW.plate
      AND e.event_id = NEW.defect_id AND e.kind = 'precheck') THEN
    RAISE EXCEPTION 'guard: defect_without_report' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END;
$$;

CREATE OR REPLACE FUNCTION run_born_defect() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM vehicle WHERE school_id = NEW.school_id AND plate = NEW.plate FOR NO KEY UPDATE;
  IF EXISTS (
    SELECT 1 FROM vehicle_defect d
    WHERE d.school_id = NEW.school_id AND d.plate = NEW.plate AND d.is_critical
      AND NOT EXISTS (
        SELECT 1 FROM defect_clearance c
        WHERE c.school_id = d.school_id AND c.defect_id = d.defect_id)) THEN
    RAISE EXCEPTION 'guard: vehicle_defect_open' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END;
$$;

CREATE OR REPLACE TRIGGER vehicle_defect_born BEFORE INSERT ON vehicle_defect
  FOR EACH ROW EXECUTE FUNCTION vehicle_defect_guard();

CREATE OR REPLACE TRIGGER run_born_defect BEFORE INSERT ON run
  FOR EACH ROW EXECUTE FUNCTION run_born_defect();

CREATE OR REPLACE TRIGGER vehicle_defect_no_change BEFORE UPDATE OR DELETE ON vehicle_defect
  FOR EACH ROW EXECUTE FUNCTION defect_refuse();

CREATE OR REPLACE TRIGGER vehicle_defect_no_truncate BEFORE TRUNCATE ON vehicle_defect
  FOR EACH STATEMENT EXECUTE FUNCTION defect_refuse();

CREATE OR REPLACE TRIGGER defect_clearance_no_change BEFORE UPDATE OR DELETE ON defect_clearance
  FOR EACH ROW EXECUTE FUNCTION defect_refuse();

CREATE OR REPLACE TRIGGER defect_clearance_no_truncate BEFORE TRUNCATE ON defect_clearance
  FOR EACH STATEMENT EXECUTE FUNCTION defect_refuse();
