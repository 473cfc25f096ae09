-- Refunds on PostgreSQL: never more than came in, steps in their order, by different hands, on posted money.
-- The receipt, then the refund, is locked first, so that two sessions cannot pass each other.

CREATE OR REPLACE FUNCTION refund_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'guard: ledger_append_only' USING ERRCODE = 'integrity_constraint_violation';
END;
$$;

CREATE OR REPLACE FUNCTION refund_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  source receipt%ROWTYPE;
BEGIN
  SELECT * INTO source FROM receipt
    WHERE school_id = NEW.school_id AND receipt_id = NEW.receipt_id FOR NO KEY UPDATE;
  IF (SELECT sum(f.fen) FROM refund f
    WHERE f.school_id = NEW.school_id AND f.receipt_id = NEW.receipt_id AND NOT EXISTS (
      SELECT 1 FROM refund_step s
      WHERE s.school_id = f.school_id AND s.refund_id = f.refund_id AND s.state IN ('REFUSED', 'RETURNED')))
    > source.amount_fen + coalesce((SELECT sum(l.amount_fen) FROM receipt l
      WHERE l.school_id = source.school_id AND l.refund_of <> '' AND l.refund_of = source.reference
        AND l.channel = source.channel AND l.amount_fen < 0 AND NOT EXISTS (
          SELECT 1 FROM refund_step s
          WHERE s.school_id = l.school_id AND s.seen_receipt_id = l.receipt_id)), 0) THEN
    RAISE EXCEPTION 'guard: refund_exceeds' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NULL;
END;
$$;

CREATE OR REPLACE FUNCTION refund_step_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  asked refund%ROWTYPE;
  before text;
  found text := NULL;
BEGIN
  SELECT * INTO asked FROM refund
    WHERE school_id = NEW.school_id AND refund_id = NEW.refund_id FOR NO KEY UPDATE;
  SELECT state INTO before FROM refund_step
    WHERE school_id = NEW.school_id AND refund_id = NEW.refund_id AND n = NEW.n - 1;
  IF NEW.n <> 1 + (
    SELECT count(*) FROM refund_step WHERE school_id = NEW.school_id AND refund_id = NEW.refund_id) THEN
    found := 'refund_in_turn';
  ELSIF coalesce(before, 'REQUESTED') || ' ' || NEW.state NOT IN (
    'REQUESTED CHECKED', 'REQUESTED REFUSED', 'CHECKED APPROVED', 'CHECKED REFUSED', 'APPROVED PAID',
    'PAID RECONCILED', 'APPROVED RETURNING', 'RETURNING PAID', 'RETURNING RETURNED') THEN
    found := 'refund_step_wrong';
  ELSIF NEW.state IN ('APPROVED', 'PAID') AND NEW.by_user = asked.requested_by THEN
    found := 'refund_same_person';
  ELSIF NEW.state = 'APPROVED' AND EXISTS (
    SELECT 1 FROM refund_step
    WHERE school_id = NEW.school_id AND refund_id = NEW.refund_id AND by_user = NEW.by_user) THEN
    found := 'refund_approver_checked';
  ELSIF NEW.state = 'PAID' AND EXISTS (
    SELECT 1 FROM refund_step WHERE school_id = NEW.school_id AND refund_id = NEW.refund_id
      AND state = 'APPROVED' AND by_user = NEW.by_user) THEN
    found := 'refund_payer_approved';
  ELSIF NEW.state = 'RETURNED' AND NEW.by_user = (
    SELECT by_user FROM refund_step
    WHERE school_id = NEW.school_id AND refund_id = NEW.refund_id AND n = NEW.n - 1) THEN
    found := 'refund_returner_asked';
  ELSIF NEW.state = 'RETURNED' AND NOT EXISTS (
    SELECT 1 FROM refund_step s
    JOIN ledger_txn t ON t.school_id = s.school_id AND t.reverses = s.txn_id AND t.posted
    WHERE s.school_id = NEW.school_id AND s.refund_id = NEW.refund_id
      AND t.txn_id = NEW.txn_id) THEN
    found := 'refund_not_reversed';
  ELSIF NEW.state IN ('APPROVED', 'PAID')
    AND (CASE NEW.state WHEN 'APPROVED' THEN -asked.fen ELSE asked.fen END) IS DISTINCT FROM (
    SELECT sum(p.fen) FROM posting p
    JOIN ledger_txn t ON t.school_id = p.school_id AND t.txn_id = p.txn_id AND t.posted
    WHERE p.school_id = NEW.school_id AND p.txn_id = NEW.txn_id AND p.account = '2242') THEN
    found := 'refund_not_booked';
  ELSIF NEW.state = 'RECONCILED' AND -asked.fen IS DISTINCT FROM (
    SELECT amount_fen FROM receipt WHERE school_id = NEW.school_id AND receipt_id = NEW.seen_receipt_id) THEN
    found := 'refund_not_seen';
  END IF;
  IF found IS NOT NULL THEN
    RAISE EXCEPTION 'guard: %', found USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END;
$$;

CREATE OR REPLACE FUNCTION refund_policy_turn() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.number IS DISTINCT FROM (
    SELECT coalesce(max(number), 0) + 1 FROM refund_policy WHERE school_id = NEW.school_id) THEN
    RAISE EXCEPTION 'guard: refund_policy_in_turn' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END;
$$;

CREATE OR REPLACE TRIGGER refund_covered AFTER INSERT ON refund
  FOR EACH ROW EXECUTE FUNCTION refund_guard();

CREATE OR REPLACE TRIGGER refund_step_taken BEFORE INSERT ON refund_step
  FOR EACH ROW EXECUTE FUNCTION refund_step_guard();

CREATE OR REPLACE TRIGGER refund_policy_in_turn BEFORE INSERT ON refund_policy
  FOR EACH ROW EXECUTE FUNCTION refund_policy_turn();

CREATE OR REPLACE TRIGGER refund_no_change BEFORE UPDATE OR DELETE ON refund
  FOR EACH ROW EXECUTE FUNCTION refund_keep();

CREATE OR REPLACE TRIGGER refund_no_truncate BEFORE TRUNCATE ON refund
  FOR EACH STATEMENT EXECUTE FUNCTION refund_keep();

CREATE OR REPLACE TRIGGER refund_step_no_change BEFORE UPDATE OR DELETE ON refund_step
  FOR EACH ROW EXECUTE FUNCTION refund_keep();

CREATE OR REPLACE TRIGGER refund_step_no_truncate BEFORE TRUNCATE ON refund_step
  FOR EACH STATEMENT EXECUTE FUNCTION refund_keep();

CREATE OR REPLACE TRIGGER refund_policy_no_change BEFORE UPDATE OR DELETE ON refund_policy
  FOR EACH ROW EXECUTE FUNCTION refund_keep();

CREATE OR REPLACE TRIGGER refund_policy_no_truncate BEFORE TRUNCATE ON refund_policy
  FOR EACH STATEMENT EXECUTE FUNCTION refund_keep();
