-- Matching on SQLite: codes, refusals, reviews and rules are added to, never changed; rules in turn.

CREATE TRIGGER payment_code_no_update BEFORE UPDATE ON payment_code
BEGIN
  SELECT RAISE(ABORT, 'guard: append_only');
END;

CREATE TRIGGER payment_code_no_delete BEFORE DELETE ON payment_code
BEGIN
  SELECT RAISE(ABORT, 'guard: append_only');
END;

CREATE TRIGGER payment_code_born BEFORE INSERT ON payment_code
WHEN EXISTS (SELECT 1 FROM payment_code WHERE school_id = NEW.school_id AND (rider_id = NEW.rider_id OR code = NEW.code))
BEGIN
  SELECT RAISE(ABORT, 'guard: match_exists');
END;

CREATE TRIGGER match_refusal_no_update BEFORE UPDATE ON match_refusal
BEGIN
  SELECT RAISE(ABORT, 'guard: append_only');
END;

CREATE TRIGGER match_refusal_no_delete BEFORE DELETE ON match_refusal
BEGIN
  SELECT RAISE(ABORT, 'guard: append_only');
END;

CREATE TRIGGER match_refusal_born BEFORE INSERT ON match_refusal
WHEN EXISTS (SELECT 1 FROM match_refusal WHERE school_id = NEW.school_id AND (receipt_id = NEW.receipt_id AND riders_digest = NEW.riders_digest))
BEGIN
  SELECT RAISE(ABORT, 'guard: match_exists');
END;

CREATE TRIGGER match_review_no_update BEFORE UPDATE ON match_review
BEGIN
  SELECT RAISE(ABORT, 'guard: append_only');
END;

CREATE TRIGGER match_review_no_delete BEFORE DELETE ON match_review
BEGIN
  SELECT RAISE(ABORT, 'guard: append_only');
END;

CREATE TRIGGER match_review_born BEFORE INSERT ON match_review
WHEN EXISTS (SELECT 1 FROM match_review WHERE school_id = NEW.school_id AND (receipt_id = NEW.receipt_id))
BEGIN
  SELECT RAISE(ABORT, 'guard: match_exists');
END;

CREATE TRIGGER match_policy_no_update BEFORE UPDATE ON match_policy
BEGIN
  SELECT RAISE(ABORT, 'guard: append_only');
END;

CREATE TRIGGER match_policy_no_delete BEFORE DELETE ON match_policy
BEGIN
  SELECT RAISE(ABORT, 'guard: append_only');
END;

CREATE TRIGGER match_policy_in_turn BEFORE INSERT ON match_policy
WHEN NEW.number IS NOT (
  SELECT coalesce(max(number), 0) + 1 FROM match_policy WHERE school_id = NEW.school_id)
BEGIN
  SELECT RAISE(ABORT, 'guard: match_policy_in_turn');
END;
