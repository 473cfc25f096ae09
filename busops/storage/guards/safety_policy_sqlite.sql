-- The safety policy on SQLite: each choice stands, in turn.

CREATE TRIGGER safety_policy_in_turn BEFORE INSERT ON safety_policy
WHEN NEW.number IS NOT (
  SELECT coalesce(max(number), 0) + 1 FROM safety_policy WHERE school_id = NEW.school_id)
BEGIN
  SELECT RAISE(ABORT, 'guard: safety_policy_in_turn');
END;

CREATE TRIGGER safety_policy_no_update BEFORE UPDATE ON safety_policy
BEGIN
  SELECT RAISE(ABORT, 'guard: append_only');
END;

CREATE TRIGGER safety_policy_no_delete BEFORE DELETE ON safety_policy
BEGIN
  SELECT RAISE(ABORT, 'guard: append_only');
END;
