-- Costs on SQLite: much money takes two people, a bill takes the place of its estimate, no month is written off twice.

CREATE TRIGGER cost_line_entered BEFORE INSERT ON cost_line
BEGIN
  SELECT CASE
    WHEN EXISTS (SELECT 1 FROM cost_line WHERE school_id = NEW.school_id AND replaces = NEW.replaces)
      THEN RAISE(ABORT, 'guard: ledger_exists')
    WHEN NEW.reverses IS NOT NULL AND NOT EXISTS (
      SELECT 1 FROM cost_line
      WHERE school_id = NEW.school_id AND cost_id = NEW.reverses AND reverses IS NULL
        AND fen = -NEW.fen AND code = NEW.code)
      THEN RAISE(ABORT, 'guard: cost_reverses_other')
    WHEN NEW.replaces IS NOT NULL AND (NEW.is_estimate = 1 OR NOT EXISTS (
      SELECT 1 FROM cost_line e
      JOIN cost_line r ON r.school_id = e.school_id AND r.reverses = e.cost_id
      WHERE e.school_id = NEW.school_id AND e.cost_id = NEW.replaces AND e.is_estimate = 1))
      THEN RAISE(ABORT, 'guard: cost_replaces_nothing')
    WHEN EXISTS (
      SELECT 1 FROM depreciation_month
      WHERE school_id = NEW.school_id AND cost_id = NEW.cost_id
        AND (NEW.code <> 'C10' OR fen <> NEW.fen OR plate <> NEW.plate))
      THEN RAISE(ABORT, 'guard: cost_depreciation_other')
    WHEN NEW.code = 'C10' AND NEW.fen > 0 AND EXISTS (
      SELECT 1 FROM depreciation_plan
      WHERE school_id = NEW.school_id AND plate = NEW.plate AND starts <= substr(NEW.cost_on, 1, 7))
      AND NOT EXISTS (
        SELECT 1 FROM depreciation_month WHERE school_id = NEW.school_id AND cost_id = NEW.cost_id)
      THEN RAISE(ABORT, 'guard: cost_depreciation_by_hand')
    WHEN (NEW.approved_by IS NOT NULL OR (
        abs(NEW.fen) >= 200000
        AND EXISTS (SELECT 1 FROM app_user WHERE school_id = NEW.school_id AND user_id = NEW.made_by)
        AND NOT EXISTS (
          SELECT 1 FROM depreciation_month WHERE school_id = NEW.school_id AND cost_id = NEW.cost_id)))
      AND NOT EXISTS (
        SELECT 1 FROM cost_proposal p
        JOIN cost_word w ON w.school_id = p.school_id AND w.cost_id = p.cost_id
        WHERE p.school_id = NEW.school_id AND w.word = 'APPROVED' AND w.said_by = NEW.approved_by
          AND p.made_by = NEW.made_by
          AND (p.replaces = NEW.reverses OR (
            p.cost_id = NEW.cost_id AND p.fen = NEW.fen AND p.code = NEW.code AND p.cost_on = NEW.cost_on
            AND p.plate = NEW.plate AND p.reverses IS NEW.reverses AND p.replaces IS NEW.replaces)))
      THEN RAISE(ABORT, 'guard: cost_two_people')
  END;
END;

CREATE TRIGGER cost_word_said BEFORE INSERT ON cost_word
WHEN (NEW.word = 'WITHDRAWN') IS NOT (NEW.said_by = (
  SELECT made_by FROM cost_proposal WHERE school_id = NEW.school_id AND cost_id = NEW.cost_id))
BEGIN
  SELECT RAISE(ABORT, 'guard: cost_same_person');
END;

CREATE TRIGGER cost_document_of_cost BEFORE INSERT ON cost_document
WHEN NOT EXISTS (
    SELECT 1 FROM cost_line WHERE school_id = NEW.school_id AND cost_id = NEW.cost_id
    UNION ALL SELECT 1 FROM cost_proposal WHERE school_id = NEW.school_id AND cost_id = NEW.cost_id)
  OR NEW.n <> 1 + (
    SELECT count(*) FROM cost_document WHERE school_id = NEW.school_id AND cost_id = NEW.cost_id)
BEGIN
  SELECT RAISE(ABORT, 'guard: cost_document_of_nothing');
END;

CREATE TRIGGER other_use_logged BEFORE INSERT ON other_use
BEGIN
  SELECT CASE
    WHEN EXISTS (
      SELECT 1 FROM period
      WHERE school_id = NEW.school_id AND period = substr(NEW.counts_on, 1, 7) AND prepared_by <> '')
      THEN RAISE(ABORT, 'guard: other_use_period_signed')
    WHEN NEW.undoes IS NOT NULL AND NOT EXISTS (
      SELECT 1 FROM other_use
      WHERE school_id = NEW.school_id AND use_id = NEW.undoes AND undoes IS NULL
        AND counts_on = NEW.counts_on AND plate = NEW.plate)
      THEN RAISE(ABORT, 'guard: other_use_undoes_other')
  END;
END;

CREATE TRIGGER depreciation_plan_in_turn BEFORE INSERT ON depreciation_plan
WHEN NEW.number <> 1 + (
    SELECT count(*) FROM depreciation_plan WHERE school_id = NEW.school_id AND plate = NEW.plate)
  OR EXISTS (
    SELECT 1 FROM depreciation_month
    WHERE school_id = NEW.school_id AND plate = NEW.plate AND month >= NEW.starts)
BEGIN
  SELECT RAISE(ABORT, 'guard: depreciation_plan_in_turn');
END;

CREATE TRIGGER depreciation_month_accepted BEFORE INSERT ON depreciation_month
BEGIN
  SELECT CASE
    WHEN NEW.n <> 1 + (
      SELECT count(*) FROM depreciation_month
      WHERE school_id = NEW.school_id AND plate = NEW.plate AND month = NEW.month)
      OR EXISTS (
        SELECT 1 FROM depreciation_month m
        WHERE m.school_id = NEW.school_id AND m.plate = NEW.plate AND m.month = NEW.month AND NOT EXISTS (
          SELECT 1 FROM cost_line c WHERE c.school_id = m.school_id AND c.reverses = m.cost_id))
      OR EXISTS (SELECT 1 FROM cost_line WHERE school_id = NEW.school_id AND cost_id = NEW.cost_id)
      THEN RAISE(ABORT, 'guard: depreciation_twice')
    WHEN NEW.number IS NOT (
      SELECT max(number) FROM depreciation_plan
      WHERE school_id = NEW.school_id AND plate = NEW.plate AND starts <= NEW.month)
      THEN RAISE(ABORT, 'guard: depreciation_other_plan')
    WHEN NOT EXISTS (
      SELECT 1 FROM (
        SELECT cost_fen - residual_fen AS base, months,
          12 * (substr(NEW.month, 1, 4) - substr(starts, 1, 4)) + substr(NEW.month, 6) - substr(starts, 6) AS k
        FROM depreciation_plan
        WHERE school_id = NEW.school_id AND plate = NEW.plate AND number = NEW.number)
      WHERE k < months AND NEW.fen = base * (k + 1) / months - base * k / months)
      THEN RAISE(ABORT, 'guard: depreciation_amount')
    WHEN NEW.made_by = (
      SELECT made_by FROM depreciation_plan
      WHERE school_id = NEW.school_id AND plate = NEW.plate AND number = NEW.number)
      THEN RAISE(ABORT, 'guard: depreciation_same_person')
  END;
END;

CREATE TRIGGER cost_proposal_no_replace BEFORE INSERT ON cost_proposal
WHEN EXISTS (SELECT 1 FROM cost_proposal WHERE school_id = NEW.school_id AND cost_id = NEW.cost_id)
BEGIN
  SELECT RAISE(ABORT, 'guard: ledger_exists');
END;

CREATE TRIGGER cost_proposal_no_update BEFORE UPDATE ON cost_proposal
BEGIN
  SELECT RAISE(ABORT, 'guard: ledger_append_only');
END;

CREATE TRIGGER cost_proposal_no_delete BEFORE DELETE ON cost_proposal
BEGIN
  SELECT RAISE(ABORT, 'guard: ledger_append_only');
END;

CREATE TRIGGER cost_word_no_replace BEFORE INSERT ON cost_word
WHEN EXISTS (SELECT 1 FROM cost_word WHERE school_id = NEW.school_id AND cost_id = NEW.cost_id)
BEGIN
  SELECT RAISE(ABORT, 'guard: ledger_exists');
END;

CREATE TRIGGER cost_word_no_update BEFORE UPDATE ON cost_word
BEGIN
  SELECT RAISE(ABORT, 'guard: ledger_append_only');
END;

CREATE TRIGGER cost_word_no_delete BEFORE DELETE ON cost_word
BEGIN
  SELECT RAISE(ABORT, 'guard: ledger_append_only');
END;

CREATE TRIGGER cost_document_no_update BEFORE UPDATE ON cost_document
BEGIN
  SELECT RAISE(ABORT, 'guard: ledger_append_only');
END;

CREATE TRIGGER cost_document_no_delete BEFORE DELETE ON cost_document
BEGIN
  SELECT RAISE(ABORT, 'guard: ledger_append_only');
END;

CREATE TRIGGER other_use_no_replace BEFORE INSERT ON other_use
WHEN EXISTS (SELECT 1 FROM other_use WHERE school_id = NEW.school_id AND (use_id = NEW.use_id OR undoes = NEW.undoes))
BEGIN
  SELECT RAISE(ABORT, 'guard: ledger_exists');
END;

CREATE TRIGGER other_use_no_update BEFORE UPDATE ON other_use
BEGIN
  SELECT RAISE(ABORT, 'guard: ledger_append_only');
END;

CREATE TRIGGER other_use_no_delete BEFORE DELETE ON other_use
BEGIN
  SELECT RAISE(ABORT, 'guard: ledger_append_only');
END;

CREATE TRIGGER depreciation_plan_no_update BEFORE UPDATE ON depreciation_plan
BEGIN
  SELECT RAISE(ABORT, 'guard: ledger_append_only');
END;

CREATE TRIGGER depreciation_plan_no_delete BEFORE DELETE ON depreciation_plan
BEGIN
  SELECT RAISE(ABORT, 'guard: ledger_append_only');
END;

CREATE TRIGGER depreciation_month_no_update BEFORE UPDATE ON depreciation_month
BEGIN
  SELECT RAISE(ABORT, 'guard: ledger_append_only');
END;

CREATE TRIGGER depreciation_month_no_delete BEFORE DELETE ON depreciation_month
BEGIN
  SELECT RAISE(ABORT, 'guard: ledger_append_only');
END;
