-- Defects of vehicles on SQLite: a report stands, is cleared once, and until then its vehicle gets no run.

CREATE TRIGGER vehicle_defect_born BEFORE INSERT ON vehicle_defect
BEGIN
  SELECT CASE
    WHEN EXISTS (SELECT 1 FROM vehicle_defect WHERE school_id = NEW.school_id AND defect_id = NEW.defect_id)
      THEN RAISE(ABORT, 'guard: defect_exists')
    WHEN NOT EXISTS (
        SELECT 1 FROM run u JOIN run_event e ON e.school_id = u.school_id AND e.run_id = u.run_id
        WHERE u.school_id = NEW.school_id AND u.run_id = NEW.run_id AND u.plate = NEW.plate
          AND e.event_id = NEW.defect_id AND e.kind = 'precheck')
      THEN RAISE(ABORT, 'guard: defect_without_report')
  END;
END;

CREATE TRIGGER defect_clearance_born BEFORE INSERT ON defect_clearance
WHEN EXISTS (SELECT 1 FROM defect_clearance WHERE school_id = NEW.school_id AND defect_id = NEW.defect_id)
BEGIN
  SELECT RAISE(ABORT, 'guard: defect_exists');
END;

CREATE TRIGGER run_born_defect BEFORE INSERT ON run
WHEN EXISTS (
  SELECT 1 FROM vehicle_defect d
  WHERE d.school_id = NEW.school_id AND d.plate = NEW.plate AND d.is_critical
    AND NOT EXISTS (
      SELECT 1 FROM defect_clearance c WHERE c.school_id = d.school_id AND c.defect_id = d.defect_id))
BEGIN
  SELECT RAISE(ABORT, 'guard: vehicle_defect_open');
END;

CREATE TRIGGER vehicle_defect_no_update BEFORE UPDATE ON vehicle_defect
BEGIN
  SELECT RAISE(ABORT, 'guard: defect_append_only');
END;

CREATE TRIGGER vehicle_defect_no_delete BEFORE DELETE ON vehicle_defect
BEGIN
  SELECT RAISE(ABORT, 'guard: defect_append_only');
END;

CREATE TRIGGER defect_clearance_no_update BEFORE UPDATE ON defect_clearance
BEGIN
  SELECT RAISE(ABORT, 'guard: defect_append_only');
END;

CREATE TRIGGER defect_clearance_no_delete BEFORE DELETE ON defect_clearance
BEGIN
  SELECT RAISE(ABORT, 'guard: defect_append_only');
END;
