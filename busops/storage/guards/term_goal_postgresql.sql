-- The goal of a term on PostgreSQL: chosen before the term begins, changed after it by two people only, never rewritten.

CREATE OR REPLACE FUNCTION term_goal_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'guard: append_only' USING ERRCODE = 'integrity_constraint_violation';
END;
$$;

CREATE OR REPLACE FUNCTION term_goal_choice() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM term WHERE school_id = NEW.school_id AND term_id = NEW.term_id FOR NO KEY UPDATE;
  IF NEW.number IS DISTINCT FROM (
    SELECT coalesce(max(number), 0) + 1 FROM term_goal
    WHERE school_id = NEW.school_id AND term_id = NEW.term_id) THEN
    RAISE EXCEPTION 'guard: term_goal_in_turn' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  -- A term whose first day is moved later does not thaw what was frozen: the earliest day ever named counts.
  IF NEW.starts_on IS DISTINCT FROM (
      SELECT starts_on FROM term WHERE school_id = NEW.school_id AND term_id = NEW.term_id)
    OR NEW.is_before_term IS DISTINCT FROM (NEW.asked_on < least(NEW.starts_on, (
      SELECT min(starts_on) FROM term_goal
      WHERE school_id = NEW.school_id AND term_id = NEW.term_id))) THEN
    RAISE EXCEPTION 'guard: term_goal_in_time' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END;
$$;

CREATE OR REPLACE FUNCTION term_goal_agreed() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM term WHERE school_id = NEW.school_id AND term_id = NEW.term_id FOR NO KEY UPDATE;
  IF NOT EXISTS (
    SELECT 1 FROM term_goal
    WHERE school_id = NEW.school_id AND term_id = NEW.term_id AND number = NEW.number
      AND number > 1 AND NOT is_before_term AND asked_by <> NEW.agreed_by) THEN
    RAISE EXCEPTION 'guard: term_goal_two_people' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF NEW.number IS DISTINCT FROM (
    SELECT max(number) FROM term_goal WHERE school_id = NEW.school_id AND term_id = NEW.term_id) THEN
    RAISE EXCEPTION 'guard: term_goal_consent_once' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END;
$$;

CREATE OR REPLACE FUNCTION term_goal_of_school() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
  IF EXISTS (
    SELECT 1 FROM term_goal g WHERE g.school_id = NEW.school_id AND g.term_id = NEW.term_id
      AND g.number = (
        SELECT max(o.number) FROM term_goal o
        WHERE o.school_id = g.school_id AND o.term_id = g.term_id
          AND (o.number = 1 OR o.is_before_term OR EXISTS (
            SELECT 1 FROM term_goal_consent c
            WHERE c.school_id = o.school_id AND c.term_id = o.term_id AND c.number = o.number)))
      AND (g.basis <> NEW.basis OR g.target_bp <> NEW.target_bp OR g.fee_regime <> NEW.fee_regime)) THEN
    RAISE EXCEPTION 'guard: term_goal_frozen' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END;
$$;

CREATE OR REPLACE TRIGGER term_goal_chosen BEFORE INSERT ON term_goal
  FOR EACH ROW EXECUTE FUNCTION term_goal_choice();

CREATE OR REPLACE TRIGGER term_goal_no_change BEFORE UPDATE OR DELETE ON term_goal
  FOR EACH ROW EXECUTE FUNCTION term_goal_keep();

CREATE OR REPLACE TRIGGER term_goal_no_truncate BEFORE TRUNCATE ON term_goal
  FOR EACH STATEMENT EXECUTE FUNCTION term_goal_keep();

CREATE OR REPLACE TRIGGER term_goal_consent_agreed BEFORE INSERT ON term_goal_consent
  FOR EACH ROW EXECUTE FUNCTION term_goal_agreed();

CREATE OR REPLACE TRIGGER term_goal_consent_no_change BEFORE UPDATE OR DELETE ON term_goal_consent
  FOR EACH ROW EXECUTE FUNCTION term_goal_keep();

CREATE OR REPLACE TRIGGER term_goal_consent_no_truncate BEFORE TRUNCATE ON term_goal_consent
  FOR EACH STATEMENT EXECUTE FUNCTION term_goal_keep();

CREATE OR REPLACE TRIGGER school_goal_kept BEFORE INSERT OR UPDATE ON school
  FOR EACH ROW EXECUTE FUNCTION term_goal_of_school();
