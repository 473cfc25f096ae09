-- Addenda to closures on SQLite: signed once, never changed.

CREATE TRIGGER closure_amendment_born BEFORE INSERT ON closure_amendment
WHEN NEW.number IS NOT (
  SELECT coalesce(max(number), 0) + 1 FROM closure_amendment
  WHERE school_id = NEW.school_id AND run_id = NEW.run_id AND version = NEW.version)
BEGIN
  SELECT RAISE(ABORT, 'guard: amendment_in_turn');
END;

CREATE TRIGGER closure_amendment_no_update BEFORE UPDATE ON closure_amendment
BEGIN
  SELECT RAISE(ABORT, 'guard: append_only');
END;

CREATE TRIGGER closure_amendment_no_delete BEFORE DELETE ON closure_amendment
BEGIN
  SELECT RAISE(ABORT, 'guard: append_only');
END;
