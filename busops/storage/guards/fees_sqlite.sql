-- Fee plans on SQLite: who joined and left, consents to prices and subsidies are added to, never changed.

CREATE TRIGGER rider_service_in_turn BEFORE INSERT ON rider_service
WHEN NEW.number <> 1 + (
  SELECT coalesce(max(number), 0) FROM rider_service
  WHERE school_id = NEW.school_id AND rider_id = NEW.rider_id)
BEGIN
  SELECT RAISE(ABORT, 'guard: fees_in_turn');
END;

CREATE TRIGGER price_consent_in_turn BEFORE INSERT ON price_consent
WHEN NEW.number <> 1 + (
  SELECT coalesce(max(number), 0) FROM price_consent
  WHERE school_id = NEW.school_id AND rider_id = NEW.rider_id)
BEGIN
  SELECT RAISE(ABORT, 'guard: fees_in_turn');
END;

CREATE TRIGGER subsidy_undone BEFORE INSERT ON subsidy
BEGIN
  SELECT CASE
    WHEN EXISTS (SELECT 1 FROM subsidy WHERE school_id = NEW.school_id
      AND (subsidy_id = NEW.subsidy_id OR undoes = NEW.undoes))
      THEN RAISE(ABORT, 'guard: ledger_exists')
    WHEN NEW.undoes IS NOT NULL AND NOT EXISTS (
      SELECT 1 FROM subsidy WHERE school_id = NEW.school_id AND subsidy_id = NEW.undoes
        AND undoes IS NULL AND fen = -NEW.fen)
      THEN RAISE(ABORT, 'guard: subsidy_undoes_other')
  END;
END;

CREATE TRIGGER rider_service_no_update BEFORE UPDATE ON rider_service
BEGIN
  SELECT RAISE(ABORT, 'guard: ledger_append_only');
END;

CREATE TRIGGER rider_service_no_delete BEFORE DELETE ON rider_service
BEGIN
  SELECT RAISE(ABORT, 'guard: ledger_append_only');
END;

CREATE TRIGGER price_consent_no_update BEFORE UPDATE ON price_consent
BEGIN
  SELECT RAISE(ABORT, 'guard: ledger_append_only');
END;

CREATE TRIGGER price_consent_no_delete BEFORE DELETE ON price_consent
BEGIN
  SELECT RAISE(ABORT, 'guard: ledger_append_only');
END;

CREATE TRIGGER subsidy_no_update BEFORE UPDATE ON subsidy
BEGIN
  SELECT RAISE(ABORT, 'guard: ledger_append_only');
END;

CREATE TRIGGER subsidy_no_delete BEFORE DELETE ON subsidy
BEGIN
  SELECT RAISE(ABORT, 'guard: ledger_append_only');
END;
