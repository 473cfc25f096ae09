-- The ledger on PostgreSQL: transactions balance before they count, and nothing that counts is changed.
-- The row of the transaction and of its period is locked first, so that two sessions cannot pass each other.

CREATE OR REPLACE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'guard: ledger_append_only' USING ERRCODE = 'integrity_constraint_violation';
END;
$$;

CREATE OR REPLACE FUNCTION ledger_period_open(school text, wanted text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  is_locked boolean;
BEGIN
  SELECT locked INTO is_locked FROM period WHERE school_id = school AND period = wanted FOR SHARE;
  IF is_locked IS DISTINCT FROM false THEN
    RAISE EXCEPTION 'guard: ledger_period_locked' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
END;
$$;

CREATE OR REPLACE FUNCTION ledger_txn_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  found text := NULL;
BEGIN
  PERFORM ledger_period_open(NEW.school_id, NEW.period);
  IF TG_OP = 'INSERT' THEN
    IF NEW.posted THEN
      found := 'ledger_born_posted';
    ELSIF NEW.reverses IS NOT NULL AND NOT EXISTS (
      SELECT 1 FROM ledger_txn
      WHERE school_id = NEW.school_id AND txn_id = NEW.reverses AND posted AND reverses IS NULL) THEN
      found := 'ledger_reverses_nothing';
    ELSIF EXISTS (
      SELECT 1 FROM period WHERE school_id = NEW.school_id AND period = NEW.period AND prepared_by <> '')
      AND NOT EXISTS (
      SELECT 1 FROM app_user
      WHERE school_id = NEW.school_id AND user_id = NEW.made_by AND role IN ('finance', 'finance_lead')) THEN
      found := 'ledger_period_prepared';
    ELSIF NEW.adjusts IS NOT NULL AND NEW.reverses IS NULL AND NOT EXISTS (
      SELECT 1 FROM period
      WHERE school_id = NEW.school_id AND period = NEW.adjusts AND (locked OR prepared_by <> '')) THEN
      found := 'ledger_adjusts_open';
    ELSIF NEW.reverses IS NOT NULL AND (
      SELECT nullif(period, NEW.period) FROM ledger_txn
      WHERE school_id = NEW.school_id AND txn_id = NEW.reverses) IS DISTINCT FROM NEW.adjusts THEN
      found := 'ledger_adjusts_other';
    END IF;
  ELSIF OLD.posted THEN
    found := 'ledger_posted';
  ELSIF (NEW.school_id, NEW.txn_id, NEW.period, NEW.kind, NEW.booked_on, NEW.source, NEW.row_key, NEW.made_by)
    IS DISTINCT FROM
    (OLD.school_id, OLD.txn_id, OLD.period, OLD.kind, OLD.booked_on, OLD.source, OLD.row_key, OLD.made_by)
    OR NEW.approved_by IS DISTINCT FROM OLD.approved_by OR NEW.reverses IS DISTINCT FROM OLD.reverses
    OR NEW.adjusts IS DISTINCT FROM OLD.adjusts THEN
    found := 'ledger_identity';
  ELSIF (SELECT count(*) FROM posting WHERE school_id = NEW.school_id AND txn_id = NEW.txn_id) < 2 THEN
    found := 'ledger_needs_two';
  ELSIF (SELECT sum(fen) FROM posting WHERE school_id = NEW.school_id AND txn_id = NEW.txn_id) <> 0 THEN
    found := 'ledger_unbalanced';
  ELSIF NEW.reverses IS NOT NULL AND EXISTS (
    SELECT 1 FROM posting
    WHERE school_id = NEW.school_id AND txn_id IN (NEW.txn_id, NEW.reverses)
    GROUP BY account, rider_id HAVING sum(fen) <> 0) THEN
    found := 'ledger_no_reversal';
  END IF;
  IF found IS NOT NULL THEN
    RAISE EXCEPTION 'guard: %', found USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END;
$$;

CREATE OR REPLACE FUNCTION posting_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  is_posted boolean;
BEGIN
  SELECT posted INTO is_posted FROM ledger_txn
    WHERE school_id = NEW.school_id AND txn_id = NEW.txn_id FOR NO KEY UPDATE;
  IF is_posted IS DISTINCT FROM false THEN
    RAISE EXCEPTION 'guard: ledger_posted' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END;
$$;

CREATE OR REPLACE FUNCTION period_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  found text := NULL;
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.locked OR NEW.prepared_by <> '' THEN
      found := 'period_born_locked';
    END IF;
  ELSIF OLD.locked THEN
    found := 'period_locked';
  ELSIF (NEW.school_id, NEW.period) IS DISTINCT FROM (OLD.school_id, OLD.period) THEN
    found := 'ledger_identity';
  ELSIF NEW.locked AND EXISTS (
    SELECT 1 FROM ledger_txn WHERE school_id = NEW.school_id AND period = NEW.period AND NOT posted) THEN
    found := 'period_unposted';
  ELSIF OLD.prepared_by <> '' AND NEW.prepared_by = '' THEN
    found := 'period_reopened';
  ELSIF NEW.prepared_by <> '' AND NOT EXISTS (
    SELECT 1 FROM period_statement
    WHERE school_id = NEW.school_id AND period = NEW.period AND digest = NEW.digest) THEN
    found := 'period_unsaid';
  ELSIF NEW.locked AND (OLD.prepared_by = '' OR NEW.prepared_by <> OLD.prepared_by
    OR NEW.digest <> OLD.digest OR NEW.locked_by IN ('', OLD.prepared_by)) THEN
    found := 'period_two_people';
  END IF;
  IF found IS NOT NULL THEN
    RAISE EXCEPTION 'guard: %', found USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END;
$$;

CREATE OR REPLACE FUNCTION receipt_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.school_id, NEW.receipt_id, NEW.file_id, NEW.line, NEW.cell, NEW.paid_on, NEW.amount_fen, NEW.payer)
    IS DISTINCT FROM
    (OLD.school_id, OLD.receipt_id, OLD.file_id, OLD.line, OLD.cell, OLD.paid_on, OLD.amount_fen, OLD.payer)
    OR (NEW.remark, NEW.reference, NEW.rider_hint, NEW.row_key, NEW.channel)
    IS DISTINCT FROM (OLD.remark, OLD.reference, OLD.rider_hint, OLD.row_key, OLD.channel)
    OR (NEW.kind, NEW.code, NEW.payer_key, NEW.fee_fen, NEW.refund_of)
    IS DISTINCT FROM (OLD.kind, OLD.code, OLD.payer_key, OLD.fee_fen, OLD.refund_of)
    OR NEW.txn_id IS DISTINCT FROM OLD.txn_id THEN
    RAISE EXCEPTION 'guard: receipt_facts' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END;
$$;

-- What has not come in whole may go again.
CREATE OR REPLACE FUNCTION receipt_kept_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (
    SELECT 1 FROM receipt_file WHERE school_id = OLD.school_id AND file_id = OLD.file_id AND is_whole) THEN
    RAISE EXCEPTION 'guard: ledger_append_only' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN OLD;
END;
$$;

CREATE OR REPLACE FUNCTION receipt_file_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.is_whole OR (TG_OP = 'UPDATE' AND (NEW.school_id, NEW.file_id, NEW.sha256)
    IS DISTINCT FROM (OLD.school_id, OLD.file_id, OLD.sha256)) THEN
    RAISE EXCEPTION 'guard: ledger_append_only' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF TG_OP = 'DELETE' THEN
    RETURN OLD;
  END IF;
  RETURN NEW;
END;
$$;

CREATE OR REPLACE FUNCTION allocation_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  brought bigint;
BEGIN
  SELECT amount_fen INTO brought FROM receipt
    WHERE school_id = NEW.school_id AND receipt_id = NEW.receipt_id FOR NO KEY UPDATE;
  IF EXISTS (
    SELECT 1 FROM receipt r
    JOIN receipt_file f ON f.school_id = r.school_id AND f.file_id = r.file_id
    WHERE r.school_id = NEW.school_id AND r.receipt_id = NEW.receipt_id AND NOT f.is_whole) THEN
    RAISE EXCEPTION 'guard: receipt_not_whole' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF (SELECT abs(sum(fen)) FROM allocation
    WHERE school_id = NEW.school_id AND receipt_id = NEW.receipt_id) > abs(brought) THEN
    RAISE EXCEPTION 'guard: allocation_exceeds' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NULL;
END;
$$;

CREATE OR REPLACE TRIGGER ledger_txn_guarded BEFORE INSERT OR UPDATE ON ledger_txn
  FOR EACH ROW EXECUTE FUNCTION ledger_txn_guard();

CREATE OR REPLACE TRIGGER ledger_txn_kept BEFORE DELETE ON ledger_txn
  FOR EACH ROW EXECUTE FUNCTION ledger_refuse();

CREATE OR REPLACE TRIGGER posting_open BEFORE INSERT ON posting
  FOR EACH ROW EXECUTE FUNCTION posting_guard();

CREATE OR REPLACE TRIGGER period_guarded BEFORE INSERT OR UPDATE ON period
  FOR EACH ROW EXECUTE FUNCTION period_guard();

CREATE OR REPLACE TRIGGER period_kept BEFORE DELETE ON period
  FOR EACH ROW EXECUTE FUNCTION ledger_refuse();

CREATE OR REPLACE TRIGGER receipt_facts BEFORE UPDATE ON receipt
  FOR EACH ROW EXECUTE FUNCTION receipt_guard();

CREATE OR REPLACE TRIGGER receipt_kept BEFORE DELETE ON receipt
  FOR EACH ROW EXECUTE FUNCTION receipt_kept_guard();

CREATE OR REPLACE TRIGGER allocation_covered AFTER INSERT ON allocation
  FOR EACH ROW EXECUTE FUNCTION allocation_guard();

CREATE OR REPLACE TRIGGER period_statement_no_change BEFORE UPDATE OR DELETE ON period_statement
  FOR EACH ROW EXECUTE FUNCTION ledger_refuse();

CREATE OR REPLACE TRIGGER period_statement_no_truncate BEFORE TRUNCATE ON period_statement
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();

CREATE OR REPLACE TRIGGER disposal_no_change BEFORE UPDATE OR DELETE ON disposal
  FOR EACH ROW EXECUTE FUNCTION ledger_refuse();

CREATE OR REPLACE TRIGGER disposal_no_truncate BEFORE TRUNCATE ON disposal
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();

CREATE OR REPLACE TRIGGER posting_no_change BEFORE UPDATE OR DELETE ON posting
  FOR EACH ROW EXECUTE FUNCTION ledger_refuse();

CREATE OR REPLACE TRIGGER charge_no_change BEFORE UPDATE OR DELETE ON charge
  FOR EACH ROW EXECUTE FUNCTION ledger_refuse();

CREATE OR REPLACE TRIGGER allocation_no_change BEFORE UPDATE OR DELETE ON allocation
  FOR EACH ROW EXECUTE FUNCTION ledger_refuse();

CREATE OR REPLACE TRIGGER cost_line_no_change BEFORE UPDATE OR DELETE ON cost_line
  FOR EACH ROW EXECUTE FUNCTION ledger_refuse();

CREATE OR REPLACE TRIGGER receipt_file_no_change BEFORE UPDATE OR DELETE ON receipt_file
  FOR EACH ROW EXECUTE FUNCTION receipt_file_guard();

CREATE OR REPLACE TRIGGER posting_no_truncate BEFORE TRUNCATE ON posting
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();

CREATE OR REPLACE TRIGGER charge_no_truncate BEFORE TRUNCATE ON charge
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();

CREATE OR REPLACE TRIGGER allocation_no_truncate BEFORE TRUNCATE ON allocation
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();

CREATE OR REPLACE TRIGGER cost_line_no_truncate BEFORE TRUNCATE ON cost_line
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();

CREATE OR REPLACE TRIGGER receipt_file_no_truncate BEFORE TRUNCATE ON receipt_file
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();

CREATE OR REPLACE TRIGGER receipt_no_truncate BEFORE TRUNCATE ON receipt
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();

CREATE OR REPLACE TRIGGER period_no_truncate BEFORE TRUNCATE ON period
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();

CREATE OR REPLACE TRIGGER ledger_txn_no_truncate BEFORE TRUNCATE ON ledger_txn
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();
