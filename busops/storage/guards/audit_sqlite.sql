-- The audit only grows: no entry is changed, removed, replaced or put anywhere but at the end.

CREATE TRIGGER IF NOT EXISTS audit_entry_no_update BEFORE UPDATE ON audit_entry
BEGIN
  SELECT RAISE(ABORT, 'audit_append_only');
END;

CREATE TRIGGER IF NOT EXISTS audit_entry_no_delete BEFORE DELETE ON audit_entry
BEGIN
  SELECT RAISE(ABORT, 'audit_append_only');
END;

-- INSERT OR REPLACE removes rows without asking the delete trigger, so the insert is asked.
CREATE TRIGGER IF NOT EXISTS audit_entry_only_at_end BEFORE INSERT ON audit_entry
WHEN NEW.entry_no IS NOT (
    SELECT coalesce(max(entry_no), 0) + 1 FROM audit_entry WHERE school_id = NEW.school_id)
  OR NEW.prev_hash IS NOT coalesce(
    (SELECT entry_hash FROM audit_entry WHERE school_id = NEW.school_id AND entry_no = NEW.entry_no - 1),
    '0000000000000000000000000000000000000000000000000000000000000000')
BEGIN
  SELECT RAISE(ABORT, 'audit_chain_broken');
END;
