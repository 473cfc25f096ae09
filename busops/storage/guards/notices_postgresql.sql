-- What was said of a day stands; a notice goes to its channel once and only forward; no channel is lost.

CREATE OR REPLACE FUNCTION notices_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'guard: append_only' USING ERRCODE = 'integrity_constraint_violation';
END;
$$;

CREATE OR REPLACE FUNCTION day_mark_turn() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.number IS DISTINCT FROM (SELECT coalesce(max(number), 0) + 1 FROM day_mark
      WHERE school_id = NEW.school_id AND marked_on = NEW.marked_on) THEN
    RAISE EXCEPTION 'guard: day_mark_in_turn' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END;
$$;

CREATE OR REPLACE FUNCTION notice_birth() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.state <> 'waiting' OR NEW.tries <> 0 THEN
    RAISE EXCEPTION 'guard: notice_born_waiting' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END;
$$;

CREATE OR REPLACE FUNCTION notice_moves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.state IN ('sent', 'dropped')
    OR (OLD.state = 'dead' AND NEW.state <> 'waiting')
    OR (NEW.school_id, NEW.notice_id, NEW.alarm_id, NEW.channel_id, NEW.level, NEW.made_at)
      IS DISTINCT FROM
      (OLD.school_id, OLD.notice_id, OLD.alarm_id, OLD.channel_id, OLD.level, OLD.made_at) THEN
    RAISE EXCEPTION 'guard: notice_forward_only' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END;
$$;

CREATE OR REPLACE FUNCTION notice_channel_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.school_id, NEW.channel_id, NEW.kind, NEW.target, NEW.secret, NEW.made_by, NEW.made_at)
      IS DISTINCT FROM
      (OLD.school_id, OLD.channel_id, OLD.kind, OLD.target, OLD.secret, OLD.made_by, OLD.made_at) THEN
    RAISE EXCEPTION 'guard: notice_channel_fixed' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END;
$$;

CREATE OR REPLACE TRIGGER day_mark_in_turn BEFORE INSERT ON day_mark
  FOR EACH ROW EXECUTE FUNCTION day_mark_turn();
CREATE OR REPLACE TRIGGER day_mark_kept BEFORE UPDATE OR DELETE ON day_mark
  FOR EACH ROW EXECUTE FUNCTION notices_keep();
CREATE OR REPLACE TRIGGER day_mark_no_truncate BEFORE TRUNCATE ON day_mark
  FOR EACH STATEMENT EXECUTE FUNCTION notices_keep();

CREATE OR REPLACE TRIGGER notice_born BEFORE INSERT ON notice
  FOR EACH ROW EXECUTE FUNCTION notice_birth();
CREATE OR REPLACE TRIGGER notice_forward BEFORE UPDATE ON notice
  FOR EACH ROW EXECUTE FUNCTION notice_moves();
CREATE OR REPLACE TRIGGER notice_kept BEFORE DELETE ON notice
  FOR EACH ROW EXECUTE FUNCTION notices_keep();
CREATE OR REPLACE TRIGGER notice_no_truncate BEFORE TRUNCATE ON notice
  FOR EACH STATEMENT EXECUTE FUNCTION notices_keep();

CREATE OR REPLACE TRIGGER notice_channel_fixed BEFORE UPDATE ON notice_channel
  FOR EACH ROW EXECUTE FUNCTION notice_channel_stays();
CREATE OR REPLACE TRIGGER notice_channel_kept BEFORE DELETE ON notice_channel
  FOR EACH ROW EXECUTE FUNCTION notices_keep();
CREATE OR REPLACE TRIGGER notice_channel_no_truncate BEFORE TRUNCATE ON notice_channel
  FOR EACH STATEMENT EXECUTE FUNCTION notices_keep();
