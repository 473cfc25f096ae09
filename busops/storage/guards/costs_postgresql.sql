-- Costs on PostgreSQL: much money takes two people, a bill takes the place of its estimate, no month is written off twice.
-- Two sessions that accept the same month, or take back the same cost, take the same key, which refuses the second.

CREATE OR REPLACE FUNCTION cost_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'guard: ledger_append_only' USING ERRCODE = 'integrity_constraint_violation';
END;
$$;

CREATE OR REPLACE FUNCTION cost_line_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  month depreciation_month%ROWTYPE;
  found text := NULL;
BEGIN
  SELECT * INTO month FROM depreciation_month WHERE school_id = NEW.school_id AND cost_id = NEW.cost_id;
  IF NEW.reverses IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM cost_line
    WHERE school_id = NEW.school_id AND cost_id = NEW.reverses AND reverses IS NULL
      AND fen = -NEW.fen AND code = NEW.code) THEN
    found := 'cost_reverses_other';
  ELSIF NEW.replaces IS NOT NULL AND (NEW.is_estimate OR NOT EXISTS (
    SELECT 1 FROM cost_line e
    JOIN cost_line r ON r.school_id = e.school_id AND r.reverses = e.cost_id
    WHERE e.school_id = NEW.school_id AND e.cost_id = NEW.replaces AND e.is_estimate)) THEN
    found := 'cost_replaces_nothing';
  ELSIF NEW.code <> 'C10' AND month.cost_id IS NOT NULL OR month.fen <> NEW.fen OR month.plate <> NEW.plate THEN
    found := 'cost_depreciation_other';
  ELSIF NEW.code = 'C10' AND NEW.fen > 0 AND month.cost_id IS NULL AND EXISTS (
    SELECT 1 FROM depreciation_plan
    WHERE school_id = NEW.school_id AND plate = NEW.plate AND starts <= to_char(NEW.cost_on, 'YYYY-MM')) THEN
    found := 'cost_depreciation_by_hand';
  ELSIF (NEW.approved_by IS NOT NULL OR (
      abs(NEW.fen) >= 200000 AND month.cost_id IS NULL
      AND EXISTS (SELECT 1 FROM app_user WHERE school_id = NEW.school_id AND user_id = NEW.made_by)))
    AND NOT EXISTS (
      SELECT 1 FROM cost_proposal p
      JOIN cost_word w ON w.school_id = p.school_id AND w.cost_id = p.cost_id
      WHERE p.school_id = NEW.school_id AND w.word = 'APPROVED' AND w.said_by = NEW.approved_by
        AND p.made_by = NEW.made_by
        AND (p.replaces = NEW.reverses OR (
          p.cost_id = NEW.cost_id AND p.fen = NEW.fen AND p.code = NEW.code AND p.cost_on = NEW.cost_on
          AND p.plate = NEW.plate AND p.reverses IS NOT DISTINCT FROM NEW.reverses
          AND p.replaces IS NOT DISTINCT FROM NEW.replaces))) THEN
    found := 'cost_two_people';
  END IF;
  IF found IS NOT NULL THEN
    RAISE EXCEPTION 'guard: %', found USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END;
$$;

CREATE OR REPLACE FUNCTION cost_word_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.word = 'WITHDRAWN') IS DISTINCT FROM (NEW.said_by = (
    SELECT made_by FROM cost_proposal WHERE school_id = NEW.school_id AND cost_id = NEW.cost_id)) THEN
    RAISE EXCEPTION 'guard: cost_same_person' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END;
$$;

CREATE OR REPLACE FUNCTION cost_document_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (
      SELECT 1 FROM cost_line WHERE school_id = NEW.school_id AND cost_id = NEW.cost_id
      UNION ALL SELECT 1 FROM cost_proposal WHERE school_id = NEW.school_id AND cost_id = NEW.cost_id)
    OR NEW.n <> 1 + (
      SELECT count(*) FROM cost_document WHERE school_id = NEW.school_id AND cost_id = NEW.cost_id) THEN
    RAISE EXCEPTION 'guard: cost_document_of_nothing' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END;
$$;

-- The month is locked first, so that nobody signs it meanwhile.
CREATE OR REPLACE FUNCTION other_use_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  signed_by text;
BEGIN
  SELECT prepared_by INTO signed_by FROM period
    WHERE school_id = NEW.school_id AND period = to_char(NEW.counts_on, 'YYYY-MM') FOR SHARE;
  IF signed_by <> '' THEN
    RAISE EXCEPTION 'guard: other_use_period_signed' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF NEW.undoes IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM other_use
    WHERE school_id = NEW.school_id AND use_id = NEW.undoes AND undoes IS NULL
      AND counts_on = NEW.counts_on AND plate = NEW.plate) THEN
    RAISE EXCEPTION 'guard: other_use_undoes_other' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END;
$$;

CREATE OR REPLACE FUNCTION depreciation_plan_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.number <> 1 + (
      SELECT count(*) FROM depreciation_plan WHERE school_id = NEW.school_id AND plate = NEW.plate)
    OR EXISTS (
      SELECT 1 FROM depreciation_month
      WHERE school_id = NEW.school_id AND plate = NEW.plate AND month >= NEW.starts) THEN
    RAISE EXCEPTION 'guard: depreciation_plan_in_turn' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END;
$$;

CREATE OR REPLACE FUNCTION depreciation_month_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  plan depreciation_plan%ROWTYPE;
  k int;
  base bigint;
BEGIN
  SELECT * INTO plan FROM depreciation_plan
    WHERE school_id = NEW.school_id AND plate = NEW.plate AND number = NEW.number FOR SHARE;
  k := 12 * (left(NEW.month, 4)::int - left(plan.starts, 4)::int)
    + right(NEW.month, 2)::int - right(plan.starts, 2)::int;
  base := plan.cost_fen - plan.residual_fen;
  IF NEW.n <> 1 + (
      SELECT count(*) FROM depreciation_month
      WHERE school_id = NEW.school_id AND plate = NEW.plate AND month = NEW.month)
    OR EXISTS (
      SELECT 1 FROM depreciation_month m
      WHERE m.school_id = NEW.school_id AND m.plate = NEW.plate AND m.month = NEW.month AND NOT EXISTS (
        SELECT 1 FROM cost_line c WHERE c.school_id = m.school_id AND c.reverses = m.cost_id))
    OR EXISTS (SELECT 1 FROM cost_line WHERE school_id = NEW.school_id AND cost_id = NEW.cost_id) THEN
    RAISE EXCEPTION 'guard: depreciation_twice' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF NEW.number IS DISTINCT FROM (
    SELECT max(number) FROM depreciation_plan
    WHERE school_id = NEW.school_id AND plate = NEW.plate AND starts <= NEW.month) THEN
    RAISE EXCEPTION 'guard: depreciation_other_plan' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF k >= plan.months OR NEW.fen <> base * (k + 1) / plan.months - base * k / plan.months THEN
    RAISE EXCEPTION 'guard: depreciation_amount' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF NEW.made_by = plan.made_by THEN
    RAISE EXCEPTION 'guard: depreciation_same_person' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END;
$$;

CREATE OR REPLACE TRIGGER cost_line_entered BEFORE INSERT ON cost_line
  FOR EACH ROW EXECUTE FUNCTION cost_line_guard();

CREATE OR REPLACE TRIGGER cost_word_said BEFORE INSERT ON cost_word
  FOR EACH ROW EXECUTE FUNCTION cost_word_guard();

CREATE OR REPLACE TRIGGER cost_document_of_cost BEFORE INSERT ON cost_document
  FOR EACH ROW EXECUTE FUNCTION cost_document_guard();

CREATE OR REPLACE TRIGGER other_use_logged BEFORE INSERT ON other_use
  FOR EACH ROW EXECUTE FUNCTION other_use_guard();

CREATE OR REPLACE TRIGGER depreciation_plan_in_turn BEFORE INSERT ON depreciation_plan
  FOR EACH ROW EXECUTE FUNCTION depreciation_plan_guard();

CREATE OR REPLACE TRIGGER depreciation_month_accepted BEFORE INSERT ON depreciation_month
  FOR EACH ROW EXECUTE FUNCTION depreciation_month_guard();

CREATE OR REPLACE TRIGGER cost_proposal_no_change BEFORE UPDATE OR DELETE ON cost_proposal
  FOR EACH ROW EXECUTE FUNCTION cost_keep();

CREATE OR REPLACE TRIGGER cost_proposal_no_truncate BEFORE TRUNCATE ON cost_proposal
  FOR EACH STATEMENT EXECUTE FUNCTION cost_keep();

CREATE OR REPLACE TRIGGER cost_word_no_change BEFORE UPDATE OR DELETE ON cost_word
  FOR EACH ROW EXECUTE FUNCTION cost_keep();

CREATE OR REPLACE TRIGGER cost_word_no_truncate BEFORE TRUNCATE ON cost_word
  FOR EACH STATEMENT EXECUTE FUNCTION cost_keep();

CREATE OR REPLACE TRIGGER cost_document_no_change BEFORE UPDATE OR DELETE ON cost_document
  FOR EACH ROW EXECUTE FUNCTION cost_keep();

CREATE OR REPLACE TRIGGER cost_document_no_truncate BEFORE TRUNCATE ON cost_document
  FOR EACH STATEMENT EXECUTE FUNCTION cost_keep();

CREATE OR REPLACE TRIGGER other_use_no_change BEFORE UPDATE OR DELETE ON other_use
  FOR EACH ROW EXECUTE FUNCTION cost_keep();

CREATE OR REPLACE TRIGGER other_use_no_truncate BEFORE TRUNCATE ON other_use
  FOR EACH STATEMENT EXECUTE FUNCTION cost_keep();

CREATE OR REPLACE TRIGGER depreciation_plan_no_change BEFORE UPDATE OR DELETE ON depreciation_plan
  FOR EACH ROW EXECUTE FUNCTION cost_keep();

CREATE OR REPLACE TRIGGER depreciation_plan_no_truncate BEFORE TRUNCATE ON depreciation_plan
  FOR EACH STATEMENT EXECUTE FUNCTION cost_keep();

CREATE OR REPLACE TRIGGER depreciation_month_no_change BEFORE UPDATE OR DELETE ON depreciation_month
  FOR EACH ROW EXECUTE FUNCTION cost_keep();

CREATE OR REPLACE TRIGGER depreciation_month_no_truncate BEFORE TRUNCATE ON depreciation_month
  FOR EACH STATEMENT EXECUTE FUNCTION cost_keep();
