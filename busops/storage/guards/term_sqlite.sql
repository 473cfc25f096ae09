-- A term scheme only moves forward, its document stands, and who submitted it never approves it.

CREATE TRIGGER term_scheme_born BEFORE INSERT ON term_scheme
WHEN NEW.state <> 'draft' OR NEW.submitted_by <> '' OR NEW.approved_by <> '' OR NEW.adopted_by <> ''
  OR NEW.retired_by <> '' OR NEW.adopted_at IS NOT NULL
  OR EXISTS (SELECT 1 FROM term_scheme WHERE school_id = NEW.school_id
    AND (scheme_id = NEW.scheme_id OR number = NEW.number))
BEGIN
  SELECT RAISE(ABORT, 'guard: term_scheme_born_draft');
END;

CREATE TRIGGER term_scheme_document BEFORE UPDATE ON term_scheme
WHEN NEW.school_id IS NOT OLD.school_id OR NEW.scheme_id IS NOT OLD.scheme_id
  OR NEW.number IS NOT OLD.number OR NEW.term_id IS NOT OLD.term_id
  OR NEW.document IS NOT OLD.document OR NEW.notices IS NOT OLD.notices
  OR NEW.percentile IS NOT OLD.percentile OR NEW.from_on IS NOT OLD.from_on
  OR NEW.to_on IS NOT OLD.to_on OR NEW.line_count IS NOT OLD.line_count
  OR NEW.cost_fen IS NOT OLD.cost_fen OR NEW.lower_bound_fen IS NOT OLD.lower_bound_fen
  OR NEW.left_out IS NOT OLD.left_out OR NEW.violation_count IS NOT OLD.violation_count
  OR NEW.made_at IS NOT OLD.made_at OR NEW.made_by IS NOT OLD.made_by
BEGIN
  SELECT RAISE(ABORT, 'guard: term_scheme_frozen');
END;

CREATE TRIGGER term_scheme_forward BEFORE UPDATE ON term_scheme
WHEN (NEW.state IS NOT OLD.state AND OLD.state || '>' || NEW.state NOT IN
    ('draft>submitted', 'submitted>approved', 'draft>retired', 'submitted>retired', 'approved>retired'))
  OR ((NEW.state <> 'submitted' OR OLD.state = 'submitted') AND (NEW.submitted_at IS NOT OLD.submitted_at OR NEW.submitted_by IS NOT OLD.submitted_by))
  OR ((NEW.state <> 'approved' OR OLD.state = 'approved') AND (NEW.approved_at IS NOT OLD.approved_at OR NEW.approved_by IS NOT OLD.approved_by OR NEW.approved_on IS NOT OLD.approved_on OR NEW.document_no IS NOT OLD.document_no))
  OR ((NEW.state <> 'retired' OR OLD.state = 'retired') AND (NEW.retired_at IS NOT OLD.retired_at OR NEW.retired_by IS NOT OLD.retired_by OR NEW.retired_why IS NOT OLD.retired_why))
  OR ((NEW.adopted_at IS NOT OLD.adopted_at OR NEW.adopted_by IS NOT OLD.adopted_by)
    AND (OLD.state <> 'approved' OR NEW.state <> 'approved' OR OLD.adopted_at IS NOT NULL))
BEGIN
  SELECT RAISE(ABORT, 'guard: term_scheme_forward');
END;

CREATE TRIGGER term_scheme_no_delete BEFORE DELETE ON term_scheme
BEGIN
  SELECT RAISE(ABORT, 'guard: term_scheme_kept');
END;
