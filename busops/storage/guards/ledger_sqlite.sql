-- The ledger on SQLite: transactions balance before they count, and nothing that counts is changed.
-- INSERT OR REPLACE removes rows without asking a delete trigger, so every insert is asked for its keys.

CREATE TRIGGER ledger_txn_born BEFORE INSERT ON ledger_txn
BEGIN
  SELECT CASE
    WHEN NEW.posted <> 0 THEN RAISE(ABORT, 'guard: ledger_born_posted')
    WHEN EXISTS (SELECT 1 FROM ledger_txn WHERE school_id = NEW.school_id AND (
      txn_id = NEW.txn_id OR (source = NEW.source AND row_key = NEW.row_key) OR reverses = NEW.reverses))
      THEN RAISE(ABORT, 'guard: ledger_exists')
    WHEN NOT EXISTS (SELECT 1 FROM period WHERE school_id = NEW.school_id AND period = NEW.period AND locked = 0)
      THEN RAISE(ABORT, 'guard: ledger_period_locked')
    WHEN NEW.reverses IS NOT NULL AND NOT EXISTS (
      SELECT 1 FROM ledger_txn
      WHERE school_id = NEW.school_id AND txn_id = NEW.reverses AND posted = 1 AND reverses IS NULL)
      THEN RAISE(ABORT, 'guard: ledger_reverses_nothing')
    WHEN EXISTS (SELECT 1 FROM period WHERE school_id = NEW.school_id AND period = NEW.period AND prepared_by <> '')
      AND NOT EXISTS (
        SELECT 1 FROM app_user
        WHERE school_id = NEW.school_id AND user_id = NEW.made_by AND role IN ('finance', 'finance_lead'))
      THEN RAISE(ABORT, 'guard: ledger_period_prepared')
    WHEN NEW.adjusts IS NOT NULL AND NEW.reverses IS NULL AND NOT EXISTS (
      SELECT 1 FROM period
      WHERE school_id = NEW.school_id AND period = NEW.adjusts AND (locked <> 0 OR prepared_by <> ''))
      THEN RAISE(ABORT, 'guard: ledger_adjusts_open')
    WHEN NEW.reverses IS NOT NULL AND (
      SELECT CASE WHEN period = NEW.period THEN NULL ELSE period END FROM ledger_txn
      WHERE school_id = NEW.school_id AND txn_id = NEW.reverses) IS NOT NEW.adjusts
      THEN RAISE(ABORT, 'guard: ledger_adjusts_other')
  END;
END;

CREATE TRIGGER ledger_txn_posts BEFORE UPDATE ON ledger_txn
BEGIN
  SELECT CASE
    WHEN OLD.posted = 1 THEN RAISE(ABORT, 'guard: ledger_posted')
    WHEN NEW.school_id <> OLD.school_id OR NEW.txn_id <> OLD.txn_id OR NEW.period <> OLD.period
      OR NEW.kind <> OLD.kind OR NEW.booked_on <> OLD.booked_on OR NEW.source <> OLD.source
      OR NEW.row_key <> OLD.row_key OR NEW.made_by <> OLD.made_by
      OR NEW.approved_by IS NOT OLD.approved_by OR NEW.reverses IS NOT OLD.reverses
      OR NEW.adjusts IS NOT OLD.adjusts
      THEN RAISE(ABORT, 'guard: ledger_identity')
    WHEN (SELECT locked FROM period WHERE school_id = NEW.school_id AND period = NEW.period) <> 0
      THEN RAISE(ABORT, 'guard: ledger_period_locked')
    WHEN (SELECT count(*) FROM posting WHERE school_id = NEW.school_id AND txn_id = NEW.txn_id) < 2
      THEN RAISE(ABORT, 'guard: ledger_needs_two')
    WHEN (SELECT sum(fen) FROM posting WHERE school_id = NEW.school_id AND txn_id = NEW.txn_id) <> 0
      THEN RAISE(ABORT, 'guard: ledger_unbalanced')
    WHEN NEW.reverses IS NOT NULL AND EXISTS (
      SELECT 1 FROM (
        SELECT account, rider_id, sum(fen) AS fen FROM posting
        WHERE school_id = NEW.school_id AND txn_id IN (NEW.txn_id, NEW.reverses) GROUP BY account, rider_id)
      WHERE fen <> 0)
      THEN RAISE(ABORT, 'guard: ledger_no_reversal')
  END;
END;

CREATE TRIGGER ledger_txn_kept BEFORE DELETE ON ledger_txn
BEGIN
  SELECT RAISE(ABORT, 'guard: ledger_append_only');
END;

CREATE TRIGGER posting_open BEFORE INSERT ON posting
WHEN (SELECT posted FROM ledger_txn WHERE school_id = NEW.school_id AND txn_id = NEW.txn_id) IS NOT 0
BEGIN
  SELECT RAISE(ABORT, 'guard: ledger_posted');
END;

CREATE TRIGGER period_born BEFORE INSERT ON period
WHEN NEW.locked <> 0 OR NEW.prepared_by <> '' OR EXISTS (SELECT 1 FROM period WHERE school_id = NEW.school_id AND period = NEW.period)
BEGIN
  SELECT RAISE(ABORT, 'guard: period_born_locked');
END;

CREATE TRIGGER period_change BEFORE UPDATE ON period
BEGIN
  SELECT CASE
    WHEN OLD.locked <> 0 THEN RAISE(ABORT, 'guard: period_locked')
    WHEN NEW.school_id <> OLD.school_id OR NEW.period <> OLD.period THEN RAISE(ABORT, 'guard: ledger_identity')
    WHEN NEW.locked <> 0 AND EXISTS (
      SELECT 1 FROM ledger_txn WHERE school_id = NEW.school_id AND period = NEW.period AND posted = 0)
      THEN RAISE(ABORT, 'guard: period_unposted')
    WHEN OLD.prepared_by <> '' AND NEW.prepared_by = '' THEN RAISE(ABORT, 'guard: period_reopened')
    WHEN NEW.prepared_by <> '' AND NOT EXISTS (
      SELECT 1 FROM period_statement
      WHERE school_id = NEW.school_id AND period = NEW.period AND digest = NEW.digest)
      THEN RAISE(ABORT, 'guard: period_unsaid')
    WHEN NEW.locked <> 0 AND (OLD.prepared_by = '' OR NEW.prepared_by <> OLD.prepared_by
      OR NEW.digest <> OLD.digest OR NEW.locked_by IN ('', OLD.prepared_by))
      THEN RAISE(ABORT, 'guard: period_two_people')
  END;
END;

CREATE TRIGGER period_kept BEFORE DELETE ON period
BEGIN
  SELECT RAISE(ABORT, 'guard: ledger_append_only');
END;

-- What a receipt says never changes; what became of it may.
CREATE TRIGGER receipt_facts BEFORE UPDATE ON receipt
WHEN NEW.school_id <> OLD.school_id OR NEW.receipt_id <> OLD.receipt_id OR NEW.file_id <> OLD.file_id
  OR NEW.line <> OLD.line OR NEW.cell <> OLD.cell OR NEW.paid_on <> OLD.paid_on
  OR NEW.amount_fen <> OLD.amount_fen OR NEW.payer <> OLD.payer OR NEW.remark <> OLD.remark
  OR NEW.reference <> OLD.reference OR NEW.rider_hint <> OLD.rider_hint OR NEW.row_key <> OLD.row_key
  OR NEW.channel <> OLD.channel OR NEW.kind <> OLD.kind OR NEW.code <> OLD.code
  OR NEW.payer_key <> OLD.payer_key OR NEW.fee_fen <> OLD.fee_fen OR NEW.refund_of <> OLD.refund_of
  OR NEW.txn_id IS NOT OLD.txn_id
BEGIN
  SELECT RAISE(ABORT, 'guard: receipt_facts');
END;

-- What has not come in whole may go again.
CREATE TRIGGER receipt_kept BEFORE DELETE ON receipt
WHEN EXISTS (
  SELECT 1 FROM receipt_file WHERE school_id = OLD.school_id AND file_id = OLD.file_id AND is_whole <> 0)
BEGIN
  SELECT RAISE(ABORT, 'guard: ledger_append_only');
END;

-- Of a bill that is not whole yet nothing is given.
CREATE TRIGGER allocation_of_whole BEFORE INSERT ON allocation
WHEN EXISTS (
  SELECT 1 FROM receipt r
  JOIN receipt_file f ON f.school_id = r.school_id AND f.file_id = r.file_id
  WHERE r.school_id = NEW.school_id AND r.receipt_id = NEW.receipt_id AND f.is_whole = 0)
BEGIN
  SELECT RAISE(ABORT, 'guard: receipt_not_whole');
END;

-- No receipt gives more than it brought.
CREATE TRIGGER allocation_covered AFTER INSERT ON allocation
WHEN EXISTS (
  SELECT 1 FROM receipt r
  WHERE r.school_id = NEW.school_id AND r.receipt_id = NEW.receipt_id
    AND (SELECT abs(sum(a.fen)) FROM allocation a
      WHERE a.school_id = NEW.school_id AND a.receipt_id = NEW.receipt_id) > abs(r.amount_fen))
BEGIN
  SELECT RAISE(ABORT, 'guard: allocation_exceeds');
END;

CREATE TRIGGER period_statement_no_update BEFORE UPDATE ON period_statement
BEGIN
  SELECT RAISE(ABORT, 'guard: ledger_append_only');
END;

CREATE TRIGGER period_statement_no_delete BEFORE DELETE ON period_statement
BEGIN
  SELECT RAISE(ABORT, 'guard: ledger_append_only');
END;

CREATE TRIGGER period_statement_no_replace BEFORE INSERT ON period_statement
WHEN EXISTS (SELECT 1 FROM period_statement
  WHERE school_id = NEW.school_id AND period = NEW.period AND digest = NEW.digest)
BEGIN
  SELECT RAISE(ABORT, 'guard: ledger_exists');
END;

CREATE TRIGGER disposal_no_update BEFORE UPDATE ON disposal
BEGIN
  SELECT RAISE(ABORT, 'guard: ledger_append_only');
END;

CREATE TRIGGER disposal_no_delete BEFORE DELETE ON disposal
BEGIN
  SELECT RAISE(ABORT, 'guard: ledger_append_only');
END;

CREATE TRIGGER disposal_no_replace BEFORE INSERT ON disposal
WHEN EXISTS (SELECT 1 FROM disposal
  WHERE school_id = NEW.school_id AND period = NEW.period AND subject = NEW.subject AND state = NEW.state)
BEGIN
  SELECT RAISE(ABORT, 'guard: ledger_exists');
END;

CREATE TRIGGER posting_no_update BEFORE UPDATE ON posting
BEGIN
  SELECT RAISE(ABORT, 'guard: ledger_append_only');
END;

CREATE TRIGGER posting_no_delete BEFORE DELETE ON posting
BEGIN
  SELECT RAISE(ABORT, 'guard: ledger_append_only');
END;

CREATE TRIGGER charge_no_update BEFORE UPDATE ON charge
BEGIN
  SELECT RAISE(ABORT, 'guard: ledger_append_only');
END;

CREATE TRIGGER charge_no_delete BEFORE DELETE ON charge
BEGIN
  SELECT RAISE(ABORT, 'guard: ledger_append_only');
END;

CREATE TRIGGER allocation_no_update BEFORE UPDATE ON allocation
BEGIN
  SELECT RAISE(ABORT, 'guard: ledger_append_only');
END;

CREATE TRIGGER allocation_no_delete BEFORE DELETE ON allocation
BEGIN
  SELECT RAISE(ABORT, 'guard: ledger_append_only');
END;

CREATE TRIGGER cost_line_no_update BEFORE UPDATE ON cost_line
BEGIN
  SELECT RAISE(ABORT, 'guard: ledger_append_only');
END;

CREATE TRIGGER cost_line_no_delete BEFORE DELETE ON cost_line
BEGIN
  SELECT RAISE(ABORT, 'guard: ledger_append_only');
END;

CREATE TRIGGER receipt_file_no_update BEFORE UPDATE ON receipt_file
WHEN OLD.is_whole <> 0 OR NEW.school_id <> OLD.school_id OR NEW.file_id <> OLD.file_id
  OR NEW.sha256 <> OLD.sha256
BEGIN
  SELECT RAISE(ABORT, 'guard: ledger_append_only');
END;

CREATE TRIGGER receipt_file_no_delete BEFORE DELETE ON receipt_file
WHEN OLD.is_whole <> 0
BEGIN
  SELECT RAISE(ABORT, 'guard: ledger_append_only');
END;

CREATE TRIGGER posting_no_replace BEFORE INSERT ON posting
WHEN EXISTS (SELECT 1 FROM posting WHERE school_id = NEW.school_id AND (txn_id = NEW.txn_id AND n = NEW.n))
BEGIN
  SELECT RAISE(ABORT, 'guard: ledger_exists');
END;

CREATE TRIGGER charge_no_replace BEFORE INSERT ON charge
WHEN EXISTS (SELECT 1 FROM charge WHERE school_id = NEW.school_id AND (charge_id = NEW.charge_id OR (rider_id = NEW.rider_id AND unit_key = NEW.unit_key AND revision = NEW.revision)))
BEGIN
  SELECT RAISE(ABORT, 'guard: ledger_exists');
END;

CREATE TRIGGER allocation_no_replace BEFORE INSERT ON allocation
WHEN EXISTS (SELECT 1 FROM allocation WHERE school_id = NEW.school_id AND (allocation_id = NEW.allocation_id OR reverses = NEW.reverses))
BEGIN
  SELECT RAISE(ABORT, 'guard: ledger_exists');
END;

CREATE TRIGGER cost_line_no_replace BEFORE INSERT ON cost_line
WHEN EXISTS (SELECT 1 FROM cost_line WHERE school_id = NEW.school_id AND (cost_id = NEW.cost_id OR row_key = NEW.row_key OR reverses = NEW.reverses))
BEGIN
  SELECT RAISE(ABORT, 'guard: ledger_exists');
END;

CREATE TRIGGER receipt_file_no_replace BEFORE INSERT ON receipt_file
WHEN EXISTS (SELECT 1 FROM receipt_file WHERE school_id = NEW.school_id AND (file_id = NEW.file_id OR sha256 = NEW.sha256))
BEGIN
  SELECT RAISE(ABORT, 'guard: ledger_exists');
END;

CREATE TRIGGER receipt_no_replace BEFORE INSERT ON receipt
WHEN EXISTS (SELECT 1 FROM receipt WHERE school_id = NEW.school_id AND receipt_id = NEW.receipt_id)
  OR EXISTS (SELECT 1 FROM receipt WHERE school_id = NEW.school_id AND row_key = NEW.row_key)
BEGIN
  SELECT RAISE(ABORT, 'guard: ledger_exists');
END;
