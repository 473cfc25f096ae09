-- What was said of a day stands; a notice goes to its channel once and only forward; no channel is lost.

CREATE TRIGGER day_mark_in_turn BEFORE INSERT ON day_mark
WHEN NEW.number IS NOT (SELECT coalesce(max(number), 0) + 1 FROM day_mark
  WHERE school_id = NEW.school_id AND marked_on = NEW.marked_on)
BEGIN
  SELECT RAISE(ABORT, 'guard: day_mark_in_turn');
END;

CREATE TRIGGER day_mark_no_update BEFORE UPDATE ON day_mark
BEGIN
  SELECT RAISE(ABORT, 'guard: append_only');
END;

CREATE TRIGGER day_mark_no_delete BEFORE DELETE ON day_mark
BEGIN
  SELECT RAISE(ABORT, 'guard: append_only');
END;

CREATE TRIGGER notice_born BEFORE INSERT ON notice
WHEN NEW.state <> 'waiting' OR NEW.tries <> 0
  OR EXISTS (SELECT 1 FROM notice WHERE school_id = NEW.school_id
    AND (notice_id = NEW.notice_id OR (alarm_id = NEW.alarm_id AND channel_id = NEW.channel_id)))
BEGIN
  SELECT RAISE(ABORT, 'guard: notice_born_waiting');
END;

CREATE TRIGGER notice_forward BEFORE UPDATE ON notice
WHEN OLD.state IN ('sent', 'dropped')
  OR (OLD.state = 'dead' AND NEW.state <> 'waiting')
  OR NEW.school_id IS NOT OLD.school_id OR NEW.notice_id IS NOT OLD.notice_id
  OR NEW.alarm_id IS NOT OLD.alarm_id OR NEW.channel_id IS NOT OLD.channel_id
  OR NEW.level IS NOT OLD.level OR NEW.made_at IS NOT OLD.made_at
BEGIN
  SELECT RAISE(ABORT, 'guard: notice_forward_only');
END;

CREATE TRIGGER notice_no_delete BEFORE DELETE ON notice
BEGIN
  SELECT RAISE(ABORT, 'guard: append_only');
END;

CREATE TRIGGER notice_channel_born BEFORE INSERT ON notice_channel
WHEN EXISTS (SELECT 1 FROM notice_channel WHERE school_id = NEW.school_id
  AND (channel_id = NEW.channel_id OR name = NEW.name))
BEGIN
  SELECT RAISE(ABORT, 'guard: notice_channel_stands');
END;

CREATE TRIGGER notice_channel_fixed BEFORE UPDATE ON notice_channel
WHEN NEW.school_id IS NOT OLD.school_id OR NEW.channel_id IS NOT OLD.channel_id OR NEW.kind IS NOT OLD.kind
  OR NEW.target IS NOT OLD.target OR NEW.secret IS NOT OLD.secret
  OR NEW.made_by IS NOT OLD.made_by OR NEW.made_at IS NOT OLD.made_at
BEGIN
  SELECT RAISE(ABORT, 'guard: notice_channel_fixed');
END;

CREATE TRIGGER notice_channel_no_delete BEFORE DELETE ON notice_channel
BEGIN
  SELECT RAISE(ABORT, 'guard: append_only');
END;
