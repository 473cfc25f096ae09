-- Large claims on PostgreSQL: nobody decides on his own proposal, and neither is ever changed.
-- The original of a bill stays as long as the books rest on it.

CREATE OR REPLACE FUNCTION claim_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'guard: claim_append_only' USING ERRCODE = 'integrity_constraint_violation';
END;
$$;

CREATE OR REPLACE FUNCTION claim_verdict_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  asked_by text;
BEGIN
  SELECT proposed_by INTO asked_by FROM claim_proposal
    WHERE school_id = NEW.school_id AND proposal_id = NEW.proposal_id;
  IF (NEW.verdict = 'withdrawn') IS DISTINCT FROM (NEW.decided_by = asked_by) THEN
    RAISE EXCEPTION 'guard: claim_two_people' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END;
$$;

CREATE OR REPLACE FUNCTION bill_original_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'DELETE' THEN
    RAISE EXCEPTION 'guard: bill_append_only' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF EXISTS (SELECT 1 FROM receipt_file WHERE school_id = OLD.school_id AND sha256 = OLD.sha256) THEN
    RAISE EXCEPTION 'guard: bill_in_the_books' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN OLD;
END;
$$;

CREATE OR REPLACE FUNCTION bill_part_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM receipt_file WHERE school_id = NEW.school_id AND sha256 = NEW.sha256) THEN
    RAISE EXCEPTION 'guard: bill_exists' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END;
$$;

CREATE OR REPLACE TRIGGER claim_proposal_no_change BEFORE UPDATE OR DELETE ON claim_proposal
  FOR EACH ROW EXECUTE FUNCTION claim_refuse();

CREATE OR REPLACE TRIGGER claim_proposal_no_truncate BEFORE TRUNCATE ON claim_proposal
  FOR EACH STATEMENT EXECUTE FUNCTION claim_refuse();

CREATE OR REPLACE TRIGGER claim_verdict_born BEFORE INSERT ON claim_verdict
  FOR EACH ROW EXECUTE FUNCTION claim_verdict_guard();

CREATE OR REPLACE TRIGGER claim_verdict_no_change BEFORE UPDATE OR DELETE ON claim_verdict
  FOR EACH ROW EXECUTE FUNCTION claim_refuse();

CREATE OR REPLACE TRIGGER claim_verdict_no_truncate BEFORE TRUNCATE ON claim_verdict
  FOR EACH STATEMENT EXECUTE FUNCTION claim_refuse();

CREATE OR REPLACE TRIGGER bill_original_kept BEFORE UPDATE OR DELETE ON bill_original
  FOR EACH ROW EXECUTE FUNCTION bill_original_guard();

CREATE OR REPLACE TRIGGER bill_original_no_truncate BEFORE TRUNCATE ON bill_original
  FOR EACH STATEMENT EXECUTE FUNCTION bill_original_guard();

CREATE OR REPLACE TRIGGER bill_part_born BEFORE INSERT ON bill_part
  FOR EACH ROW EXECUTE FUNCTION bill_part_guard();

CREATE OR REPLACE TRIGGER bill_part_kept BEFORE UPDATE OR DELETE ON bill_part
  FOR EACH ROW EXECUTE FUNCTION bill_original_guard();

CREATE OR REPLACE TRIGGER bill_part_no_truncate BEFORE TRUNCATE ON bill_part
  FOR EACH STATEMENT EXECUTE FUNCTION bill_original_guard();
