-- Large claims on SQLite: nobody decides on his own proposal, and neither is ever changed.
-- The original of a bill stays as long as the books rest on it.

CREATE TRIGGER claim_proposal_born BEFORE INSERT ON claim_proposal
WHEN EXISTS (SELECT 1 FROM claim_proposal WHERE school_id = NEW.school_id AND proposal_id = NEW.proposal_id)
BEGIN
  SELECT RAISE(ABORT, 'guard: claim_exists');
END;

CREATE TRIGGER claim_proposal_no_update BEFORE UPDATE ON claim_proposal
BEGIN
  SELECT RAISE(ABORT, 'guard: claim_append_only');
END;

CREATE TRIGGER claim_proposal_no_delete BEFORE DELETE ON claim_proposal
BEGIN
  SELECT RAISE(ABORT, 'guard: claim_append_only');
END;

CREATE TRIGGER claim_verdict_born BEFORE INSERT ON claim_verdict
BEGIN
  SELECT CASE
    WHEN EXISTS (SELECT 1 FROM claim_verdict WHERE school_id = NEW.school_id AND proposal_id = NEW.proposal_id)
      THEN RAISE(ABORT, 'guard: claim_exists')
    WHEN (NEW.verdict = 'withdrawn') IS NOT (NEW.decided_by = (
      SELECT proposed_by FROM claim_proposal WHERE school_id = NEW.school_id AND proposal_id = NEW.proposal_id))
      THEN RAISE(ABORT, 'guard: claim_two_people')
  END;
END;

CREATE TRIGGER claim_verdict_no_update BEFORE UPDATE ON claim_verdict
BEGIN
  SELECT RAISE(ABORT, 'guard: claim_append_only');
END;

CREATE TRIGGER claim_verdict_no_delete BEFORE DELETE ON claim_verdict
BEGIN
  SELECT RAISE(ABORT, 'guard: claim_append_only');
END;

CREATE TRIGGER bill_original_born BEFORE INSERT ON bill_original
WHEN EXISTS (SELECT 1 FROM bill_original WHERE school_id = NEW.school_id AND sha256 = NEW.sha256)
BEGIN
  SELECT RAISE(ABORT, 'guard: bill_exists');
END;

CREATE TRIGGER bill_original_no_update BEFORE UPDATE ON bill_original
BEGIN
  SELECT RAISE(ABORT, 'guard: bill_append_only');
END;

CREATE TRIGGER bill_original_kept BEFORE DELETE ON bill_original
WHEN EXISTS (SELECT 1 FROM receipt_file WHERE school_id = OLD.school_id AND sha256 = OLD.sha256)
BEGIN
  SELECT RAISE(ABORT, 'guard: bill_in_the_books');
END;

CREATE TRIGGER bill_part_born BEFORE INSERT ON bill_part
WHEN EXISTS (SELECT 1 FROM bill_part WHERE school_id = NEW.school_id AND sha256 = NEW.sha256 AND n = NEW.n)
  OR EXISTS (SELECT 1 FROM receipt_file WHERE school_id = NEW.school_id AND sha256 = NEW.sha256)
BEGIN
  SELECT RAISE(ABORT, 'guard: bill_exists');
END;

CREATE TRIGGER bill_part_no_update BEFORE UPDATE ON bill_part
BEGIN
  SELECT RAISE(ABORT, 'guard: bill_append_only');
END;

CREATE TRIGGER bill_part_kept BEFORE DELETE ON bill_part
WHEN EXISTS (SELECT 1 FROM receipt_file WHERE school_id = OLD.school_id AND sha256 = OLD.sha256)
BEGIN
  SELECT RAISE(ABORT, 'guard: bill_in_the_books');
END;
