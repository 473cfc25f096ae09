-- Refunds on SQLite: never more than came in, steps in their order, by different hands, on posted money.

CREATE TRIGGER refund_covered AFTER INSERT ON refund
WHEN (
  SELECT sum(f.fen) FROM refund f
  WHERE f.school_id = NEW.school_id AND f.receipt_id = NEW.receipt_id AND NOT EXISTS (
    SELECT 1 FROM refund_step s
    WHERE s.school_id = f.school_id AND s.refund_id = f.refund_id AND s.state IN ('REFUSED', 'RETURNED')))
  > (
  SELECT r.amount_fen + coalesce((
    SELECT sum(l.amount_fen) FROM receipt l
    WHERE l.school_id = r.school_id AND l.refund_of <> '' AND l.refund_of = r.reference
      AND l.channel = r.channel AND l.amount_fen < 0 AND NOT EXISTS (
        SELECT 1 FROM refund_step s WHERE s.school_id = l.school_id AND s.seen_receipt_id = l.receipt_id)), 0)
  FROM receipt r WHERE r.school_id = NEW.school_id AND r.receipt_id = NEW.receipt_id)
BEGIN
  SELECT RAISE(ABORT, 'guard: refund_exceeds');
END;

CREATE TRIGGER refund_step_taken BEFORE INSERT ON refund_step
BEGIN
  SELECT CASE
    WHEN NEW.n <> 1 + (
      SELECT count(*) FROM refund_step WHERE school_id = NEW.school_id AND refund_id = NEW.refund_id)
      THEN RAISE(ABORT, 'guard: refund_in_turn')
    WHEN coalesce((
      SELECT state FROM refund_step
      WHERE school_id = NEW.school_id AND refund_id = NEW.refund_id AND n = NEW.n - 1), 'REQUESTED')
      || ' ' || NEW.state NOT IN (
      'REQUESTED CHECKED', 'REQUESTED REFUSED', 'CHECKED APPROVED', 'CHECKED REFUSED', 'APPROVED PAID',
      'PAID RECONCILED', 'APPROVED RETURNING', 'RETURNING PAID', 'RETURNING RETURNED')
      THEN RAISE(ABORT, 'guard: refund_step_wrong')
    WHEN NEW.state IN ('APPROVED', 'PAID') AND NEW.by_user = (
      SELECT requested_by FROM refund WHERE school_id = NEW.school_id AND refund_id = NEW.refund_id)
      THEN RAISE(ABORT, 'guard: refund_same_person')
    WHEN NEW.state = 'APPROVED' AND EXISTS (
      SELECT 1 FROM refund_step
      WHERE school_id = NEW.school_id AND refund_id = NEW.refund_id AND by_user = NEW.by_user)
      THEN RAISE(ABORT, 'guard: refund_approver_checked')
    WHEN NEW.state = 'PAID' AND EXISTS (
      SELECT 1 FROM refund_step WHERE school_id = NEW.school_id AND refund_id = NEW.refund_id
        AND state = 'APPROVED' AND by_user = NEW.by_user)
      THEN RAISE(ABORT, 'guard: refund_payer_approved')
    WHEN NEW.state = 'RETURNED' AND NEW.by_user = (
      SELECT by_user FROM refund_step
      WHERE school_id = NEW.school_id AND refund_id = NEW.refund_id AND n = NEW.n - 1)
      THEN RAISE(ABORT, 'guard: refund_returner_asked')
    WHEN NEW.state = 'RETURNED' AND NOT EXISTS (
      SELECT 1 FROM refund_step s
      JOIN ledger_txn t ON t.school_id = s.school_id AND t.reverses = s.txn_id AND t.posted = 1
      WHERE s.school_id = NEW.school_id AND s.refund_id = NEW.refund_id
        AND t.txn_id = NEW.txn_id)
      THEN RAISE(ABORT, 'guard: refund_not_reversed')
    WHEN NEW.state IN ('APPROVED', 'PAID') AND (
      SELECT CASE NEW.state WHEN 'APPROVED' THEN -fen ELSE fen END FROM refund
      WHERE school_id = NEW.school_id AND refund_id = NEW.refund_id) IS NOT (
      SELECT sum(p.fen) FROM posting p
      JOIN ledger_txn t ON t.school_id = p.school_id AND t.txn_id = p.txn_id AND t.posted = 1
      WHERE p.school_id = NEW.school_id AND p.txn_id = NEW.txn_id AND p.account = '2242')
      THEN RAISE(ABORT, 'guard: refund_not_booked')
    WHEN NEW.state = 'RECONCILED' AND (
      SELECT -fen FROM refund WHERE school_id = NEW.school_id AND refund_id = NEW.refund_id) IS NOT (
      SELECT amount_fen FROM receipt WHERE school_id = NEW.school_id AND receipt_id = NEW.seen_receipt_id)
      THEN RAISE(ABORT, 'guard: refund_not_seen')
  END;
END;

CREATE TRIGGER refund_policy_in_turn BEFORE INSERT ON refund_policy
WHEN NEW.number IS NOT (
  SELECT coalesce(max(number), 0) + 1 FROM refund_policy WHERE school_id = NEW.school_id)
BEGIN
  SELECT RAISE(ABORT, 'guard: refund_policy_in_turn');
END;

CREATE TRIGGER refund_no_update BEFORE UPDATE ON refund
BEGIN
  SELECT RAISE(ABORT, 'guard: ledger_append_only');
END;

CREATE TRIGGER refund_no_delete BEFORE DELETE ON refund
BEGIN
  SELECT RAISE(ABORT, 'guard: ledger_append_only');
END;

CREATE TRIGGER refund_step_no_update BEFORE UPDATE ON refund_step
BEGIN
  SELECT RAISE(ABORT, 'guard: ledger_append_only');
END;

CREATE TRIGGER refund_step_no_delete BEFORE DELETE ON refund_step
BEGIN
  SELECT RAISE(ABORT, 'guard: ledger_append_only');
END;

CREATE TRIGGER refund_policy_no_update BEFORE UPDATE ON refund_policy
BEGIN
  SELECT RAISE(ABORT, 'guard: ledger_append_only');
END;

CREATE TRIGGER refund_policy_no_delete BEFORE DELETE ON refund_policy
BEGIN
  SELECT RAISE(ABORT, 'guard: ledger_append_only');
END;

CREATE TRIGGER refund_no_replace BEFORE INSERT ON refund
WHEN EXISTS (SELECT 1 FROM refund WHERE school_id = NEW.school_id
  AND (refund_id = NEW.refund_id OR row_key = NEW.row_key))
BEGIN
  SELECT RAISE(ABORT, 'guard: ledger_exists');
END;

CREATE TRIGGER refund_step_no_replace BEFORE INSERT ON refund_step
WHEN EXISTS (SELECT 1 FROM refund_step WHERE school_id = NEW.school_id
  AND (seen_receipt_id = NEW.seen_receipt_id OR txn_id = NEW.txn_id))
BEGIN
  SELECT RAISE(ABORT, 'guard: ledger_exists');
END;
