-- Accounts on SQLite: an allowance takes two people and posted money, receipts are numbered without a gap.

CREATE TRIGGER allowance_agreed BEFORE INSERT ON allowance_verdict
BEGIN
  SELECT CASE
    WHEN NEW.by_user = (
      SELECT proposed_by FROM allowance WHERE school_id = NEW.school_id AND allowance_id = NEW.allowance_id)
      THEN RAISE(ABORT, 'guard: allowance_same_person')
    WHEN NEW.verdict = 'APPROVED' AND (
      SELECT -fen FROM allowance WHERE school_id = NEW.school_id AND allowance_id = NEW.allowance_id) IS NOT (
      SELECT sum(p.fen) FROM posting p
      JOIN ledger_txn t ON t.school_id = p.school_id AND t.txn_id = p.txn_id AND t.posted = 1
      JOIN allowance a ON a.school_id = p.school_id AND a.rider_id = p.rider_id
      WHERE a.school_id = NEW.school_id AND a.allowance_id = NEW.allowance_id
        AND p.txn_id = NEW.txn_id AND p.account = '1122')
      THEN RAISE(ABORT, 'guard: allowance_not_booked')
  END;
END;

CREATE TRIGGER fare_receipt_numbered BEFORE INSERT ON fare_receipt
BEGIN
  SELECT CASE
    WHEN NEW.number <> 1 + (SELECT coalesce(max(number), 0) FROM fare_receipt WHERE school_id = NEW.school_id)
      THEN RAISE(ABORT, 'guard: receipt_in_turn')
    WHEN NEW.voids IS NOT NULL AND NOT EXISTS (
      SELECT 1 FROM fare_receipt
      WHERE school_id = NEW.school_id AND number = NEW.voids AND voids IS NULL
        AND rider_id = NEW.rider_id AND fen = -NEW.fen)
      THEN RAISE(ABORT, 'guard: receipt_voids_other')
  END;
END;

CREATE TRIGGER allowance_no_update BEFORE UPDATE ON allowance
BEGIN
  SELECT RAISE(ABORT, 'guard: ledger_append_only');
END;

CREATE TRIGGER allowance_no_delete BEFORE DELETE ON allowance
BEGIN
  SELECT RAISE(ABORT, 'guard: ledger_append_only');
END;

CREATE TRIGGER allowance_verdict_no_update BEFORE UPDATE ON allowance_verdict
BEGIN
  SELECT RAISE(ABORT, 'guard: ledger_append_only');
END;

CREATE TRIGGER allowance_verdict_no_delete BEFORE DELETE ON allowance_verdict
BEGIN
  SELECT RAISE(ABORT, 'guard: ledger_append_only');
END;

CREATE TRIGGER fare_receipt_no_update BEFORE UPDATE ON fare_receipt
BEGIN
  SELECT RAISE(ABORT, 'guard: ledger_append_only');
END;

CREATE TRIGGER fare_receipt_no_delete BEFORE DELETE ON fare_receipt
BEGIN
  SELECT RAISE(ABORT, 'guard: ledger_append_only');
END;

CREATE TRIGGER allowance_no_replace BEFORE INSERT ON allowance
WHEN EXISTS (SELECT 1 FROM allowance WHERE school_id = NEW.school_id AND allowance_id = NEW.allowance_id)
BEGIN
  SELECT RAISE(ABORT, 'guard: ledger_exists');
END;

CREATE TRIGGER allowance_verdict_no_replace BEFORE INSERT ON allowance_verdict
WHEN EXISTS (SELECT 1 FROM allowance_verdict WHERE school_id = NEW.school_id
  AND (allowance_id = NEW.allowance_id OR txn_id = NEW.txn_id))
BEGIN
  SELECT RAISE(ABORT, 'guard: ledger_exists');
END;

CREATE TRIGGER fare_receipt_no_replace BEFORE INSERT ON fare_receipt
WHEN EXISTS (SELECT 1 FROM fare_receipt WHERE school_id = NEW.school_id AND voids = NEW.voids)
BEGIN
  SELECT RAISE(ABORT, 'guard: ledger_exists');
END;
