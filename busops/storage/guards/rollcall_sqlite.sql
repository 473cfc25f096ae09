-- The class roll-call on SQLite: an answer stands for good, and a link's number only goes up.

CREATE TRIGGER rollcall_mark_born BEFORE INSERT ON rollcall_mark
WHEN EXISTS (SELECT 1 FROM rollcall_mark WHERE school_id = NEW.school_id AND mark_id = NEW.mark_id)
BEGIN
  SELECT RAISE(ABORT, 'guard: rollcall_exists');
END;

CREATE TRIGGER rollcall_mark_no_update BEFORE UPDATE ON rollcall_mark
BEGIN
  SELECT RAISE(ABORT, 'guard: rollcall_append_only');
END;

CREATE TRIGGER rollcall_mark_no_delete BEFORE DELETE ON rollcall_mark
BEGIN
  SELECT RAISE(ABORT, 'guard: rollcall_append_only');
END;

CREATE TRIGGER rollcall_link_born BEFORE INSERT ON rollcall_link
WHEN NEW.number IS NOT (SELECT COALESCE(MAX(number), 0) + 1 FROM rollcall_link
  WHERE school_id = NEW.school_id AND run_on = NEW.run_on AND class_name = NEW.class_name)
BEGIN
  SELECT RAISE(ABORT, 'guard: rollcall_link_next');
END;

CREATE TRIGGER rollcall_link_no_update BEFORE UPDATE ON rollcall_link
BEGIN
  SELECT RAISE(ABORT, 'guard: rollcall_append_only');
END;

CREATE TRIGGER rollcall_link_no_delete BEFORE DELETE ON rollcall_link
BEGIN
  SELECT RAISE(ABORT, 'guard: rollcall_append_only');
END;
