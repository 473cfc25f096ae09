-- Paper on SQLite: what was typed stands, nobody confirms what he typed himself, and no run is closed
-- over a sheet that waits.

CREATE TRIGGER paper_entry_born BEFORE INSERT ON paper_entry
WHEN EXISTS (SELECT 1 FROM paper_entry WHERE school_id = NEW.school_id
  AND (entry_id = NEW.entry_id OR dev = NEW.dev))
BEGIN
  SELECT RAISE(ABORT, 'guard: paper_exists');
END;

CREATE TRIGGER paper_entry_no_update BEFORE UPDATE ON paper_entry
BEGIN
  SELECT RAISE(ABORT, 'guard: paper_append_only');
END;

CREATE TRIGGER paper_entry_no_delete BEFORE DELETE ON paper_entry
BEGIN
  SELECT RAISE(ABORT, 'guard: paper_append_only');
END;

CREATE TRIGGER paper_verdict_born BEFORE INSERT ON paper_verdict
BEGIN
  SELECT CASE
    WHEN EXISTS (SELECT 1 FROM paper_verdict WHERE school_id = NEW.school_id AND entry_id = NEW.entry_id)
      THEN RAISE(ABORT, 'guard: paper_exists')
    WHEN NEW.verdict = 'confirmed' AND NEW.decided_by IS (
      SELECT typed_by FROM paper_entry WHERE school_id = NEW.school_id AND entry_id = NEW.entry_id)
      THEN RAISE(ABORT, 'guard: paper_two_people')
  END;
END;

CREATE TRIGGER paper_verdict_no_update BEFORE UPDATE ON paper_verdict
BEGIN
  SELECT RAISE(ABORT, 'guard: paper_append_only');
END;

CREATE TRIGGER paper_verdict_no_delete BEFORE DELETE ON paper_verdict
BEGIN
  SELECT RAISE(ABORT, 'guard: paper_append_only');
END;

CREATE TRIGGER run_close_paper BEFORE UPDATE ON run
WHEN NEW.phase = 'closed' AND OLD.phase <> 'closed'
BEGIN
  SELECT CASE
    WHEN EXISTS (
        SELECT 1 FROM paper_entry p
        WHERE p.school_id = NEW.school_id AND p.run_id = NEW.run_id
          AND NOT EXISTS (
            SELECT 1 FROM paper_verdict v WHERE v.school_id = p.school_id AND v.entry_id = p.entry_id))
      THEN RAISE(ABORT, 'guard: paper_waits')
  END;
END;
