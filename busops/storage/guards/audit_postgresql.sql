-- The audit only grows: no entry is changed, removed or put anywhere but at the end.

CREATE OR REPLACE FUNCTION audit_entry_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'audit_append_only' USING ERRCODE = 'integrity_constraint_violation';
END;
$$;

CREATE OR REPLACE FUNCTION audit_entry_at_end() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  last_no integer;
  last_hash text;
BEGIN
  PERFORM pg_advisory_xact_lock(7204811);
  SELECT entry_no, entry_hash INTO last_no, last_hash FROM audit_entry
    WHERE school_id = NEW.school_id ORDER BY entry_no DESC LIMIT 1;
  IF NEW.entry_no <> coalesce(last_no, 0) + 1 OR NEW.prev_hash <> coalesce(last_hash, repeat('0', 64)) THEN
    RAISE EXCEPTION 'audit_chain_broken' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END;
$$;

CREATE OR REPLACE TRIGGER audit_entry_no_change BEFORE UPDATE OR DELETE ON audit_entry
  FOR EACH ROW EXECUTE FUNCTION audit_entry_refuse();

CREATE OR REPLACE TRIGGER audit_entry_no_truncate BEFORE TRUNCATE ON audit_entry
  FOR EACH STATEMENT EXECUTE FUNCTION audit_entry_refuse();

CREATE OR REPLACE TRIGGER audit_entry_only_at_end BEFORE INSERT ON audit_entry
  FOR EACH ROW EXECUTE FUNCTION audit_entry_at_end();
