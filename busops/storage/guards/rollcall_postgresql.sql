-- The class roll-call on PostgreSQL: an answer stands for good, and a link's number only goes up.

CREATE OR REPLACE FUNCTION rollcall_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'guard: rollcall_append_only' USING ERRCODE = 'integrity_constraint_violation';
END;
$$;

CREATE OR REPLACE FUNCTION rollcall_link_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.number IS DISTINCT FROM (SELECT COALESCE(MAX(number), 0) + 1 FROM rollcall_link
    WHERE school_id = NEW.school_id AND run_on = NEW.run_on AND class_name = NEW.class_name) THEN
    RAISE EXCEPTION 'guard: rollcall_link_next' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END;
$$;

CREATE OR REPLACE TRIGGER rollcall_mark_no_change BEFORE UPDATE OR DELETE ON rollcall_mark
  FOR EACH ROW EXECUTE FUNCTION rollcall_refuse();

CREATE OR REPLACE TRIGGER rollcall_mark_no_truncate BEFORE TRUNCATE ON rollcall_mark
  FOR EACH STATEMENT EXECUTE FUNCTION rollcall_refuse();

CREATE OR REPLACE TRIGGER rollcall_link_born BEFORE INSERT ON rollcall_link
  FOR EACH ROW EXECUTE FUNCTION rollcall_link_guard();

CREATE OR REPLACE TRIGGER rollcall_link_no_change BEFORE UPDATE OR DELETE ON rollcall_link
  FOR EACH ROW EXECUTE FUNCTION rollcall_refuse();

CREATE OR REPLACE TRIGGER rollcall_link_no_truncate BEFORE TRUNCATE ON rollcall_link
  FOR EACH STATEMENT EXECUTE FUNCTION rollcall_refuse();
