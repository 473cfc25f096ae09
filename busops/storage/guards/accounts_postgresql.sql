-- Accounts on PostgreSQL: an allowance takes two people and posted money, receipts are numbered without a gap.
-- Two sessions that give receipts at once would take the same number: the key refuses the second.

CREATE OR REPLACE FUNCTION account_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'guard: ledger_append_only' USING ERRCODE = 'integrity_constraint_violation';
END;
$$;

CREATE OR REPLACE FUNCTION allowance_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  asked allowance%ROWTYPE;
BEGIN
  SELECT * INTO asked FROM allowance WHERE school_id = NEW.school_id AND allowance_id = NEW.allowance_id;
  IF NEW.by_user = asked.proposed_by THEN
    RAISE EXCEPTION 'guard: allowance_same_person' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF NEW.verdict = 'APPROVED' AND -asked.fen IS DISTINCT FROM (
    SELECT sum(p.fen) FROM posting p
    JOIN ledger_txn t ON t.school_id = p.school_id AND t.txn_id = p.txn_id AND t.posted
    WHERE p.school_id = NEW.school_id AND p.txn_id = NEW.txn_id AND p.account = '1122'
      AND p.rider_id = asked.rider_id) THEN
    RAISE EXCEPTION 'guard: allowance_not_booked' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END;
$$;

CREATE OR REPLACE FUNCTION fare_receipt_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.number <> 1 + (
    SELECT coalesce(max(number), 0) FROM fare_receipt WHERE school_id = NEW.school_id) THEN
    RAISE EXCEPTION 'guard: receipt_in_turn' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF NEW.voids IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM fare_receipt
    WHERE school_id = NEW.school_id AND number = NEW.voids AND voids IS NULL
      AND rider_id = NEW.rider_id AND fen = -NEW.fen) THEN
    RAISE EXCEPTION 'guard: receipt_voids_other' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END;
$$;

CREATE OR REPLACE TRIGGER allowance_agreed BEFORE INSERT ON allowance_verdict
  FOR EACH ROW EXECUTE FUNCTION allowance_guard();

CREATE OR REPLACE TRIGGER fare_receipt_numbered BEFORE INSERT ON fare_receipt
  FOR EACH ROW EXECUTE FUNCTION fare_receipt_guard();

CREATE OR REPLACE TRIGGER allowance_no_change BEFORE UPDATE OR DELETE ON allowance
  FOR EACH ROW EXECUTE FUNCTION account_keep();

CREATE OR REPLACE TRIGGER allowance_no_truncate BEFORE TRUNCATE ON allowance
  FOR EACH STATEMENT EXECUTE FUNCTION account_keep();

CREATE OR REPLACE TRIGGER allowance_verdict_no_change BEFORE UPDATE OR DELETE ON allowance_verdict
  FOR EACH ROW EXECUTE FUNCTION account_keep();

CREATE OR REPLACE TRIGGER allowance_verdict_no_truncate BEFORE TRUNCATE ON allowance_verdict
  FOR EACH STATEMENT EXECUTE FUNCTION account_keep();

CREATE OR REPLACE TRIGGER fare_receipt_no_change BEFORE UPDATE OR DELETE ON fare_receipt
  FOR EACH ROW EXECUTE FUNCTION account_keep();

CREATE OR REPLACE TRIGGER fare_receipt_no_truncate BEFORE TRUNCATE ON fare_receipt
  FOR EACH STATEMENT EXECUTE FUNCTION account_keep();
