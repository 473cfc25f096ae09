-- The goal of a term on SQLite: chosen before the term begins, changed after it by two people only, never rewritten.

CREATE TRIGGER term_goal_in_turn BEFORE INSERT ON term_goal
WHEN NEW.number IS NOT (
  SELECT coalesce(max(number), 0) + 1 FROM term_goal
  WHERE school_id = NEW.school_id AND term_id = NEW.term_id)
BEGIN
  SELECT RAISE(ABORT, 'guard: term_goal_in_turn');
END;

-- A term whose first day is moved later does not thaw what was frozen: the earliest first day ever named counts.
CREATE TRIGGER term_goal_in_time BEFORE INSERT ON term_goal
WHEN NEW.starts_on IS NOT (
    SELECT starts_on FROM term WHERE school_id = NEW.school_id AND term_id = NEW.term_id)
  OR NEW.is_before_term IS NOT (NEW.asked_on < min(NEW.starts_on, (
    SELECT coalesce(min(starts_on), NEW.starts_on) FROM term_goal
    WHERE school_id = NEW.school_id AND term_id = NEW.term_id)))
BEGIN
  SELECT RAISE(ABORT, 'guard: term_goal_in_time');
END;

CREATE TRIGGER term_goal_no_update BEFORE UPDATE ON term_goal
BEGIN
  SELECT RAISE(ABORT, 'guard: append_only');
END;

CREATE TRIGGER term_goal_no_delete BEFORE DELETE ON term_goal
BEGIN
  SELECT RAISE(ABORT, 'guard: append_only');
END;

CREATE TRIGGER term_goal_two_people BEFORE INSERT ON term_goal_consent
WHEN NOT EXISTS (
  SELECT 1 FROM term_goal
  WHERE school_id = NEW.school_id AND term_id = NEW.term_id AND number = NEW.number
    AND number > 1 AND is_before_term = 0 AND asked_by <> NEW.agreed_by)
BEGIN
  SELECT RAISE(ABORT, 'guard: term_goal_two_people');
END;

CREATE TRIGGER term_goal_consent_once BEFORE INSERT ON term_goal_consent
WHEN NEW.number IS NOT (
    SELECT max(number) FROM term_goal WHERE school_id = NEW.school_id AND term_id = NEW.term_id)
  OR EXISTS (
    SELECT 1 FROM term_goal_consent
    WHERE school_id = NEW.school_id AND term_id = NEW.term_id AND number = NEW.number)
BEGIN
  SELECT RAISE(ABORT, 'guard: term_goal_consent_once');
END;

CREATE TRIGGER term_goal_consent_no_update BEFORE UPDATE ON term_goal_consent
BEGIN
  SELECT RAISE(ABORT, 'guard: append_only');
END;

CREATE TRIGGER term_goal_consent_no_delete BEFORE DELETE ON term_goal_consent
BEGIN
  SELECT RAISE(ABORT, 'guard: append_only');
END;

-- The goal that holds for each term: the last that was the first, or chosen in time, or agreed to.
CREATE VIEW guard_term_goal AS
  SELECT g.school_id, g.term_id, g.basis, g.target_bp, g.fee_regime FROM term_goal g
  WHERE g.number = (
    SELECT max(o.number) FROM term_goal o
    WHERE o.school_id = g.school_id AND o.term_id = g.term_id
      AND (o.number = 1 OR o.is_before_term = 1 OR EXISTS (
        SELECT 1 FROM term_goal_consent c
        WHERE c.school_id = o.school_id AND c.term_id = o.term_id AND c.number = o.number)));

CREATE TRIGGER school_goal_update BEFORE UPDATE ON school
WHEN EXISTS (
  SELECT 1 FROM guard_term_goal g WHERE g.school_id = NEW.school_id AND g.term_id = NEW.term_id
    AND (g.basis <> NEW.basis OR g.target_bp <> NEW.target_bp OR g.fee_regime <> NEW.fee_regime))
BEGIN
  SELECT RAISE(ABORT, 'guard: term_goal_frozen');
END;

CREATE TRIGGER school_goal_insert BEFORE INSERT ON school
WHEN EXISTS (
  SELECT 1 FROM guard_term_goal g WHERE g.school_id = NEW.school_id AND g.term_id = NEW.term_id
    AND (g.basis <> NEW.basis OR g.target_bp <> NEW.target_bp OR g.fee_regime <> NEW.fee_regime))
BEGIN
  SELECT RAISE(ABORT, 'guard: term_goal_frozen');
END;
