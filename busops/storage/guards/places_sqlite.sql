-- Where a run's stops are, on SQLite: written with the run, and never changed.

CREATE TRIGGER run_place_once BEFORE INSERT ON run_place
WHEN EXISTS (SELECT 1 FROM run_place WHERE school_id = NEW.school_id AND run_id = NEW.run_id
  AND stop_id = NEW.stop_id)
BEGIN
  SELECT RAISE(ABORT, 'guard: append_only');
END;

CREATE TRIGGER run_place_no_update BEFORE UPDATE ON run_place
BEGIN
  SELECT RAISE(ABORT, 'guard: append_only');
END;

CREATE TRIGGER run_place_no_delete BEFORE DELETE ON run_place
BEGIN
  SELECT RAISE(ABORT, 'guard: append_only');
END;
