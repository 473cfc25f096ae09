-- A term scheme only moves forward, its document stands, and who submitted it never approves it.

CREATE OR REPLACE FUNCTION term_scheme_birth() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.state <> 'draft' OR NEW.submitted_by <> '' OR NEW.approved_by <> '' OR NEW.adopted_by <> ''
    OR NEW.retired_by <> '' OR NEW.adopted_at IS NOT NULL THEN
    RAISE EXCEPTION 'guard: term_scheme_born_draft' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END;
$$;

CREATE OR REPLACE FUNCTION term_scheme_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.school_id IS DISTINCT FROM OLD.school_id OR NEW.scheme_id IS DISTINCT FROM OLD.scheme_id
    OR NEW.number IS DISTINCT FROM OLD.number OR NEW.term_id IS DISTINCT FROM OLD.term_id
    OR NEW.document::text IS DISTINCT FROM OLD.document::text
    OR NEW.notices::text IS DISTINCT FROM OLD.notices::text
    OR NEW.percentile IS DISTINCT FROM OLD.percentile OR NEW.from_on IS DISTINCT FROM OLD.from_on
    OR NEW.to_on IS DISTINCT FROM OLD.to_on OR NEW.line_count IS DISTINCT FROM OLD.line_count
    OR NEW.cost_fen IS DISTINCT FROM OLD.cost_fen
    OR NEW.lower_bound_fen IS DISTINCT FROM OLD.lower_bound_fen
    OR NEW.left_out IS DISTINCT FROM OLD.left_out
    OR NEW.violation_count IS DISTINCT FROM OLD.violation_count
    OR NEW.made_at IS DISTINCT FROM OLD.made_at OR NEW.made_by IS DISTINCT FROM OLD.made_by THEN
    RAISE EXCEPTION 'guard: term_scheme_frozen' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF (NEW.state <> OLD.state AND OLD.state || '>' || NEW.state NOT IN
      ('draft>submitted', 'submitted>approved', 'draft>retired', 'submitted>retired', 'approved>retired'))
    OR ((NEW.state <> 'submitted' OR OLD.state = 'submitted') AND (NEW.submitted_at IS DISTINCT FROM OLD.submitted_at
      OR NEW.submitted_by IS DISTINCT FROM OLD.submitted_by))
    OR ((NEW.state <> 'approved' OR OLD.state = 'approved') AND (NEW.approved_at IS DISTINCT FROM OLD.approved_at
      OR NEW.approved_by IS DISTINCT FROM OLD.approved_by
      OR NEW.approved_on IS DISTINCT FROM OLD.approved_on
      OR NEW.document_no IS DISTINCT FROM OLD.document_no))
    OR ((NEW.state <> 'retired' OR OLD.state = 'retired') AND (NEW.retired_at IS DISTINCT FROM OLD.retired_at
      OR NEW.retired_by IS DISTINCT FROM OLD.retired_by
      OR NEW.retired_why IS DISTINCT FROM OLD.retired_why))
    OR ((NEW.adopted_at IS DISTINCT FROM OLD.adopted_at OR NEW.adopted_by IS DISTINCT FROM OLD.adopted_by)
      AND (OLD.state <> 'approved' OR NEW.state <> 'approved' OR OLD.adopted_at IS NOT NULL)) THEN
    RAISE EXCEPTION 'guard: term_scheme_forward' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END;
$$;

CREATE OR REPLACE FUNCTION term_scheme_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'guard: term_scheme_kept' USING ERRCODE = 'integrity_constraint_violation';
END;
$$;

CREATE OR REPLACE TRIGGER term_scheme_born BEFORE INSERT ON term_scheme
  FOR EACH ROW EXECUTE FUNCTION term_scheme_birth();

CREATE OR REPLACE TRIGGER term_scheme_forward BEFORE UPDATE ON term_scheme
  FOR EACH ROW EXECUTE FUNCTION term_scheme_guard();

CREATE OR REPLACE TRIGGER term_scheme_no_delete BEFORE DELETE ON term_scheme
  FOR EACH ROW EXECUTE FUNCTION term_scheme_keep();

CREATE OR REPLACE TRIGGER term_scheme_no_truncate BEFORE TRUNCATE ON term_scheme
  FOR EACH STATEMENT EXECUTE FUNCTION term_scheme_keep();
