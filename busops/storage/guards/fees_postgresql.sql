-- Fee plans on PostgreSQL: who joined and left, consents to prices and subsidies are added to, never changed.

CREATE OR REPLACE FUNCTION fees_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'guard: ledger_append_only' USING ERRCODE = 'integrity_constraint_violation';
END;
$$;

CREATE OR REPLACE FUNCTION rider_service_turn() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.number <> 1 + (
    SELECT coalesce(max(number), 0) FROM rider_service
    WHERE school_id = NEW.school_id AND rider_id = NEW.rider_id) THEN
    RAISE EXCEPTION 'guard: fees_in_turn' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END;
$$;

CREATE OR REPLACE FUNCTION price_consent_turn() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.number <> 1 + (
    SELECT coalesce(max(number), 0) FROM price_consent
    WHERE school_id = NEW.school_id AND rider_id = NEW.rider_id) THEN
    RAISE EXCEPTION 'guard: fees_in_turn' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END;
$$;

CREATE OR REPLACE FUNCTION subsidy_undoes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.undoes IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM subsidy WHERE school_id = NEW.school_id AND subsidy_id = NEW.undoes
      AND undoes IS NULL AND fen = -NEW.fen) THEN
    RAISE EXCEPTION 'guard: subsidy_undoes_other' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END;
$$;

CREATE OR REPLACE TRIGGER rider_service_in_turn BEFORE INSERT ON rider_service
  FOR EACH ROW EXECUTE FUNCTION rider_service_turn();

CREATE OR REPLACE TRIGGER price_consent_in_turn BEFORE INSERT ON price_consent
  FOR EACH ROW EXECUTE FUNCTION price_consent_turn();

CREATE OR REPLACE TRIGGER subsidy_undone BEFORE INSERT ON subsidy
  FOR EACH ROW EXECUTE FUNCTION subsidy_undoes();

CREATE OR REPLACE TRIGGER rider_service_no_change BEFORE UPDATE OR DELETE ON rider_service
  FOR EACH ROW EXECUTE FUNCTION fees_keep();

CREATE OR REPLACE TRIGGER rider_service_no_truncate BEFORE TRUNCATE ON rider_service
  FOR EACH STATEMENT EXECUTE FUNCTION fees_keep();

CREATE OR REPLACE TRIGGER price_consent_no_change BEFORE UPDATE OR DELETE ON price_consent
  FOR EACH ROW EXECUTE FUNCTION fees_keep();

CREATE OR REPLACE TRIGGER price_consent_no_truncate BEFORE TRUNCATE ON price_consent
  FOR EACH STATEMENT EXECUTE FUNCTION fees_keep();

CREATE OR REPLACE TRIGGER subsidy_no_change BEFORE UPDATE OR DELETE ON subsidy
  FOR EACH ROW EXECUTE FUNCTION fees_keep();

CREATE OR REPLACE TRIGGER subsidy_no_truncate BEFORE TRUNCATE ON subsidy
  FOR EACH STATEMENT EXECUTE FUNCTION fees_keep();
