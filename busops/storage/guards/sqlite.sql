-- The interlock on SQLite. It reads only the log (run_event, run_decision), never a projection,
-- and shares nothing with the Python that asks the same questions.

-- A tap taken back: by its author, on the same device, within two minutes, not across a seal.
-- The plus signs keep SQLite from walking the device's whole log instead of the run's few voids.
CREATE VIEW guard_void AS
SELECT v.school_id, v.run_id, v.event_id, t.event_id AS target
FROM run_event v
JOIN json_each(v.refs) r
JOIN run_event t ON t.school_id = v.school_id AND t.event_id = r.value AND t.run_id = v.run_id
WHERE v.kind = 'void'
  AND t.kind IN ('board', 'alight', 'moved_in', 'moved_out', 'absent', 'headcount')
  AND t.dev = +v.dev AND t.crew_id = v.crew_id AND t.seq < +v.seq
  AND CASE WHEN t.boot = v.boot THEN v.mono_ms - t.mono_ms ELSE v.wall_ms - t.wall_ms END BETWEEN 0 AND 120000
  AND NOT EXISTS (
    SELECT 1 FROM run_event s
    WHERE s.school_id = v.school_id AND s.run_id = v.run_id AND s.kind = 'seal'
      AND s.dev = v.dev AND s.seq > t.seq AND s.seq < v.seq);

-- The marks that stand.
CREATE VIEW guard_mark AS
SELECT e.school_id, e.run_id, e.rider_id, e.kind, e.other_run_id, e.event_id, e.dev, e.seq, e.lo_ms, e.hi_ms
FROM run_event e
WHERE e.kind IN ('board', 'alight', 'moved_in', 'moved_out')
  AND NOT EXISTS (
    SELECT 1 FROM guard_void v
    WHERE v.school_id = e.school_id AND v.run_id = e.run_id AND v.target = e.event_id);

-- Two people said where a rider is, having seen every mark of his and whatever takes one back.
CREATE VIEW guard_resolution AS
SELECT d.school_id, d.run_id, d.rider_id, d.number, d.says
FROM run_decision d
WHERE d.kind = 'resolved' AND d.second_user IS NOT NULL AND d.second_user <> d.by_user
  AND NOT EXISTS (
    SELECT 1 FROM run_event e
    WHERE e.school_id = d.school_id AND e.run_id = d.run_id
      AND (
        (e.kind IN ('board', 'alight', 'moved_in', 'moved_out') AND e.rider_id = d.rider_id)
        OR (e.kind = 'void' AND EXISTS (
          SELECT 1 FROM json_each(e.refs) r JOIN run_event t ON t.school_id = e.school_id AND t.event_id = r.value
          WHERE t.kind IN ('board', 'alight', 'moved_in', 'moved_out') AND t.rider_id = d.rider_id
            AND t.run_id = d.run_id)))
      AND e.event_id NOT IN (SELECT c.value FROM json_each(d.covers) c));

-- Who may be aboard. Off is only he who has an alighting certainly after every boarding, or of
-- whom two people said so; the last word of two people that covers everything stands. A rider may
-- stand here more than once: with UNION instead of UNION ALL SQLite would read every run's log.
CREATE VIEW guard_aboard AS
SELECT m.school_id, m.run_id, m.rider_id
FROM guard_mark m
WHERE m.kind IN ('board', 'moved_in') AND NOT EXISTS (
    SELECT 1 FROM guard_resolution d
    WHERE d.school_id = m.school_id AND d.run_id = m.run_id AND d.rider_id = m.rider_id)
  AND NOT EXISTS (
    SELECT 1 FROM guard_mark a
    WHERE a.school_id = m.school_id AND a.run_id = m.run_id AND a.rider_id = m.rider_id
      AND a.kind IN ('alight', 'moved_out')
      AND NOT EXISTS (
        SELECT 1 FROM guard_mark b
        WHERE b.school_id = m.school_id AND b.run_id = m.run_id AND b.rider_id = m.rider_id
          AND b.kind IN ('board', 'moved_in')
          AND NOT (CASE WHEN b.dev = a.dev THEN b.seq < a.seq ELSE b.hi_ms < a.lo_ms END)))
UNION ALL
SELECT d.school_id, d.run_id, d.rider_id
FROM guard_resolution d
WHERE d.says = 'aboard'
  AND NOT EXISTS (
    SELECT 1 FROM guard_resolution x
    WHERE x.school_id = d.school_id AND x.run_id = d.run_id AND x.rider_id = d.rider_id AND x.number > d.number);

-- A rider goes over from bus to bus by two facts, one on each run. Here are the moves out that no
-- run has answered: nobody says that he is in the other bus, marked in certainly after every
-- boarding here, that he certainly came aboard again, or, two people, where else he is.
CREATE VIEW guard_open_move AS
SELECT o.school_id, o.run_id, o.rider_id, o.event_id
FROM guard_mark o
WHERE o.kind = 'moved_out'
  AND NOT EXISTS (
    SELECT 1 FROM guard_resolution d
    WHERE d.school_id = o.school_id AND d.run_id = o.run_id AND d.rider_id = o.rider_id)
  AND NOT EXISTS (
    SELECT 1 FROM guard_mark b
    WHERE b.school_id = o.school_id AND b.run_id = o.run_id AND b.rider_id = o.rider_id
      AND b.kind IN ('board', 'moved_in')
      AND (CASE WHEN o.dev = b.dev THEN o.seq < b.seq ELSE o.hi_ms < b.lo_ms END))
  AND NOT EXISTS (
    SELECT 1 FROM guard_mark i
    WHERE i.school_id = o.school_id AND i.run_id = o.other_run_id AND i.rider_id = o.rider_id
      AND i.kind = 'moved_in' AND i.other_run_id = o.run_id
      AND NOT EXISTS (
        SELECT 1 FROM guard_mark b
        WHERE b.school_id = o.school_id AND b.run_id = o.run_id AND b.rider_id = o.rider_id
          AND b.kind IN ('board', 'moved_in')
          AND NOT (CASE WHEN b.dev = i.dev THEN b.seq < i.seq ELSE b.hi_ms < i.lo_ms END)));

-- When two people said that something kept apart happened on this run, whatever run it names.
CREATE VIEW guard_admission AS
SELECT d.school_id, d.run_id, d.made_ms, b.value AS event_id
FROM run_decision d JOIN json_each(d.body) b ON b.key = 'event_id'
WHERE d.kind = 'admitted';

-- Whatever a check must come after.
CREATE VIEW guard_movement AS
SELECT school_id, run_id, event_id, dev, seq, hi_ms
FROM run_event
WHERE kind IN ('board', 'alight', 'moved_in', 'moved_out', 'depart', 'arrive', 'void')
  OR (kind = 'check' AND n > 0);

-- The checks that prove something: nobody found, every tag asked for read, certainly after the
-- arrival (or a rider's move out of a bus that the office lets go no further), every movement and
-- the last reopening, by the right person of record.
CREATE VIEW guard_sound AS
SELECT e.school_id, e.run_id, e.event_id, e.kind, e.dev, e.seq, e.lo_ms, e.hi_ms, e.crew_id, p.role
FROM run_event e
JOIN run u ON u.school_id = e.school_id AND u.run_id = e.run_id
JOIN run_crew p ON p.school_id = e.school_id AND p.run_id = e.run_id AND p.crew_id = e.crew_id
  AND p.until_at IS NULL
WHERE ((e.kind = 'check' AND e.n = 0) OR (e.kind = 'parked' AND p.role = 'DRIVER'))
  AND (u.reopened_ms IS NULL OR e.lo_ms > u.reopened_ms)
  AND EXISTS (
    SELECT 1 FROM run_tag t
    WHERE t.school_id = e.school_id AND t.run_id = e.run_id AND t.place = 'rear'
      AND t.code IN (SELECT c.value FROM json_each(e.codes) c))
  AND NOT EXISTS (
    SELECT 1 FROM run_tag t
    WHERE t.school_id = e.school_id AND t.run_id = e.run_id AND e.kind = 'check'
      AND ((p.role = 'ATTENDANT' AND t.asks_attendant) OR (p.role = 'DRIVER' AND t.asks_driver))
      AND t.code NOT IN (SELECT c.value FROM json_each(e.codes) c))
  AND (EXISTS (
    SELECT 1 FROM run_event a
    WHERE a.school_id = e.school_id AND a.run_id = e.run_id AND a.kind = 'arrive' AND a.stop_id = u.terminal
      AND (CASE WHEN a.dev = e.dev THEN a.seq < e.seq ELSE a.hi_ms < e.lo_ms END))
    OR EXISTS (
    SELECT 1 FROM guard_mark a
    JOIN run_decision t ON t.school_id = a.school_id AND t.run_id = a.run_id AND t.kind = 'transfer_opened'
    WHERE a.school_id = e.school_id AND a.run_id = e.run_id AND a.kind = 'moved_out'
      AND (CASE WHEN a.dev = e.dev THEN a.seq < e.seq ELSE a.hi_ms < e.lo_ms END)))
  AND NOT EXISTS (
    SELECT 1 FROM guard_movement m
    WHERE m.school_id = e.school_id AND m.run_id = e.run_id AND m.event_id <> e.event_id
      AND NOT (CASE WHEN m.dev = e.dev THEN m.seq < e.seq ELSE m.hi_ms < e.lo_ms END));

-- The devices that were bound to the run or seen on it, and are neither done nor given up.
CREATE VIEW guard_undone_device AS
SELECT d.school_id, d.run_id, d.dev
FROM (
  SELECT school_id, run_id, dev FROM run_device
  UNION
  SELECT school_id, run_id, dev FROM run_event) d
WHERE NOT EXISTS (
    SELECT 1 FROM run_decision x
    WHERE x.school_id = d.school_id AND x.run_id = d.run_id AND x.kind = 'device_released' AND x.dev = d.dev
      AND x.second_user <> x.by_user
      AND x.upto_seq >= coalesce((
        SELECT max(e.seq) FROM run_event e
        WHERE e.school_id = d.school_id AND e.run_id = d.run_id AND e.dev = d.dev), 0))
  AND NOT EXISTS (
    SELECT 1 FROM run_event s
    WHERE s.school_id = d.school_id AND s.run_id = d.run_id AND s.dev = d.dev AND s.kind = 'seal'
      AND s.seq = (
        SELECT max(e.seq) FROM run_event e
        WHERE e.school_id = d.school_id AND e.run_id = d.run_id AND e.dev = d.dev)
      AND s.seq = (
        SELECT count(*) FROM (
          SELECT e.seq FROM run_event e WHERE e.school_id = d.school_id AND e.dev = d.dev AND e.seq <= s.seq
          UNION
          SELECT q.seq FROM quarantine q WHERE q.school_id = d.school_id AND q.dev = d.dev AND q.seq <= s.seq)));

-- What fills a number of one of the run's devices and says nothing of any run we know: it may hide
-- a fact of this one. A second history of the device speaks against all its runs.
CREATE VIEW guard_hidden_gap AS
SELECT d.school_id, d.run_id, q.quarantine_id
FROM (
  SELECT school_id, run_id, dev FROM run_device
  UNION
  SELECT school_id, run_id, dev FROM run_event) d
JOIN quarantine q ON q.school_id = d.school_id AND q.dev = d.dev AND q.seq IS NOT NULL AND q.state = 'open'
WHERE q.why = 'fork'
  OR NOT EXISTS (SELECT 1 FROM run u WHERE u.school_id = q.school_id AND u.run_id = q.run_id);

-- The counts at the terminal above zero with no later count there: the last one must find nobody.
CREATE VIEW guard_open_count AS
SELECT c.school_id, c.run_id, c.event_id
FROM run_event c
JOIN run u ON u.school_id = c.school_id AND u.run_id = c.run_id AND u.terminal = c.stop_id
WHERE c.kind = 'headcount' AND c.n > 0
  AND NOT EXISTS (
    SELECT 1 FROM guard_void v
    WHERE v.school_id = c.school_id AND v.run_id = c.run_id AND v.target = c.event_id)
  AND NOT EXISTS (
    SELECT 1 FROM run_event z
    WHERE z.school_id = c.school_id AND z.run_id = c.run_id AND z.kind = 'headcount' AND z.stop_id = c.stop_id
      AND (CASE WHEN c.dev = z.dev THEN c.seq < z.seq ELSE c.hi_ms < z.lo_ms END)
      AND NOT EXISTS (
        SELECT 1 FROM guard_void v
        WHERE v.school_id = z.school_id AND v.run_id = z.run_id AND v.target = z.event_id));

-- The absences that stand.
CREATE VIEW guard_absence AS
SELECT e.school_id, e.run_id, e.rider_id, e.reason, e.event_id
FROM run_event e
WHERE e.kind = 'absent'
  AND NOT EXISTS (
    SELECT 1 FROM guard_void v
    WHERE v.school_id = e.school_id AND v.run_id = e.run_id AND v.target = e.event_id);

-- What the log itself says must be looked into by two people: somebody on or off where nobody may,
-- a rider who is missing, a departure against papers. The domain knows more of them.
CREATE VIEW guard_question AS
SELECT m.school_id, m.run_id, 'off_stop_' || m.kind || ':' || m.event_id AS finding_key
FROM guard_mark m
JOIN run_event e ON e.school_id = m.school_id AND e.event_id = m.event_id
JOIN run u ON u.school_id = m.school_id AND u.run_id = m.run_id
WHERE m.kind IN ('board', 'alight')
  AND (e.stop_id IS NULL OR e.stop_id NOT IN (SELECT s.value FROM json_each(u.designated) s))
UNION ALL
SELECT a.school_id, a.run_id, 'rider_missing:' || a.rider_id
FROM guard_absence a
WHERE a.reason = 'missing'
  AND NOT EXISTS (
    SELECT 1 FROM guard_mark m
    WHERE m.school_id = a.school_id AND m.run_id = a.run_id AND m.rider_id = a.rider_id)
  AND NOT EXISTS (
    SELECT 1 FROM guard_resolution r
    WHERE r.school_id = a.school_id AND r.run_id = a.run_id AND r.rider_id = a.rider_id)
  AND NOT EXISTS (
    SELECT 1 FROM guard_absence o
    WHERE o.school_id = a.school_id AND o.run_id = a.run_id AND o.rider_id = a.rider_id
      AND o.reason <> 'missing')
UNION ALL
SELECT d.school_id, d.run_id, 'departed_forbidden:' || b.value
FROM run_decision d
JOIN json_each(d.body) b ON b.key = 'event_id'
WHERE d.kind = 'departure_forbidden';

-- The questions that two people have not settled.
CREATE VIEW guard_open_question AS
SELECT q.school_id, q.run_id, q.finding_key
FROM guard_question q
WHERE NOT EXISTS (
    SELECT 1 FROM run_decision s JOIN json_each(s.body) b ON b.key = 'finding_key'
    WHERE s.school_id = q.school_id AND s.run_id = q.run_id AND s.kind = 'finding_settled'
      AND b.value = q.finding_key);

CREATE TRIGGER run_born BEFORE INSERT ON run
BEGIN
  SELECT CASE
    WHEN EXISTS (SELECT 1 FROM run WHERE school_id = NEW.school_id AND run_id = NEW.run_id)
      THEN RAISE(ABORT, 'guard: run_exists')
    WHEN NEW.phase NOT IN ('planned', 'ready') OR NEW.closure_v IS NOT NULL OR NEW.aboard <> 0
      THEN RAISE(ABORT, 'guard: run_born_closed')
  END;
END;

CREATE TRIGGER run_kept BEFORE DELETE ON run
BEGIN
  SELECT RAISE(ABORT, 'guard: run_never_deleted');
END;

CREATE TRIGGER run_change BEFORE UPDATE ON run
BEGIN
  SELECT CASE
    WHEN NEW.school_id <> OLD.school_id OR NEW.run_id <> OLD.run_id OR NEW.plate <> OLD.plate
      OR NEW.terminal <> OLD.terminal OR NEW.run_on <> OLD.run_on OR NEW.direction <> OLD.direction
      OR NEW.designated <> OLD.designated OR NEW.plan_id IS NOT OLD.plan_id
      OR NEW.trip_no <> OLD.trip_no OR NEW.wave <> OLD.wave OR NEW.vehicle_rows <> OLD.vehicle_rows
      OR NEW.approved_students <> OLD.approved_students OR NEW.approved_total <> OLD.approved_total
      OR NEW.departs_at <> OLD.departs_at OR NEW.arrives_at <> OLD.arrives_at
      OR NEW.distance_m <> OLD.distance_m OR NEW.cost_fen <> OLD.cost_fen
      THEN RAISE(ABORT, 'guard: run_identity_fixed')
    WHEN OLD.reopened_ms IS NOT NULL AND (NEW.reopened_ms IS NULL OR NEW.reopened_ms < OLD.reopened_ms)
      THEN RAISE(ABORT, 'guard: run_reopening_fixed')
    WHEN OLD.phase = 'closed' AND NEW.phase NOT IN ('closed', 'reopened')
      THEN RAISE(ABORT, 'guard: run_closed')
    WHEN OLD.phase = 'closed' AND NEW.phase = 'reopened' AND NEW.reopened_ms IS NULL
      THEN RAISE(ABORT, 'guard: run_reopening_fixed')
    WHEN OLD.phase = 'closed' AND NEW.phase = 'closed'
      AND (NEW.closure_v IS NOT OLD.closure_v OR NEW.closed_at IS NOT OLD.closed_at)
      THEN RAISE(ABORT, 'guard: run_closed')
  END;
END;

CREATE TRIGGER run_close BEFORE UPDATE ON run
WHEN NEW.phase = 'closed' AND OLD.phase <> 'closed'
BEGIN
  SELECT CASE
    WHEN OLD.phase = 'cancelled' THEN RAISE(ABORT, 'guard: run_over')
    WHEN EXISTS (SELECT 1 FROM guard_aboard g WHERE g.school_id = NEW.school_id AND g.run_id = NEW.run_id)
      THEN RAISE(ABORT, 'guard: rider_aboard')
    WHEN EXISTS (SELECT 1 FROM guard_open_move g WHERE g.school_id = NEW.school_id AND g.run_id = NEW.run_id)
      THEN RAISE(ABORT, 'guard: transfer_open')
    WHEN NEW.closure_v IS NULL OR NEW.closure_v IS NOT (
        SELECT max(c.version) FROM closure c WHERE c.school_id = NEW.school_id AND c.run_id = NEW.run_id)
      OR EXISTS (
        SELECT 1 FROM run_decision d
        WHERE d.school_id = NEW.school_id AND d.run_id = NEW.run_id AND d.kind = 'closed'
          AND (SELECT b.value FROM json_each(d.body) b WHERE b.key = 'version') >= NEW.closure_v)
      THEN RAISE(ABORT, 'guard: no_closure')
    WHEN NOT EXISTS (
        SELECT 1 FROM closure c
        JOIN guard_sound a ON a.school_id = c.school_id AND a.run_id = c.run_id AND a.event_id = c.attendant_check
          AND a.kind = 'check' AND a.role = 'ATTENDANT' AND a.crew_id = c.attendant_id
        JOIN guard_sound d ON d.school_id = c.school_id AND d.run_id = c.run_id AND d.event_id = c.driver_check
          AND d.kind = 'check' AND d.role = 'DRIVER' AND d.crew_id = c.driver_id
        JOIN guard_sound p ON p.school_id = c.school_id AND p.run_id = c.run_id AND p.event_id = c.parked
          AND p.kind = 'parked'
        WHERE c.school_id = NEW.school_id AND c.run_id = NEW.run_id AND c.version = NEW.closure_v
          AND a.crew_id <> d.crew_id
          AND (CASE WHEN a.dev = d.dev THEN a.seq < d.seq ELSE a.hi_ms < d.lo_ms END)
          AND (CASE WHEN d.dev = p.dev THEN d.seq < p.seq ELSE d.hi_ms < p.lo_ms END))
      THEN RAISE(ABORT, 'guard: no_sound_check')
    WHEN EXISTS (
        SELECT 1 FROM guard_undone_device g WHERE g.school_id = NEW.school_id AND g.run_id = NEW.run_id)
      THEN RAISE(ABORT, 'guard: device_undone')
    WHEN EXISTS (
        SELECT 1 FROM quarantine q
        WHERE q.school_id = NEW.school_id AND q.run_id = NEW.run_id AND q.state = 'open')
      OR EXISTS (
        SELECT 1 FROM guard_hidden_gap g WHERE g.school_id = NEW.school_id AND g.run_id = NEW.run_id)
      THEN RAISE(ABORT, 'guard: quarantine_open')
    WHEN EXISTS (
        SELECT 1 FROM guard_open_count g WHERE g.school_id = NEW.school_id AND g.run_id = NEW.run_id)
      THEN RAISE(ABORT, 'guard: count_open')
    WHEN EXISTS (
        SELECT 1 FROM guard_open_question g WHERE g.school_id = NEW.school_id AND g.run_id = NEW.run_id)
      THEN RAISE(ABORT, 'guard: question_open')
    WHEN NEW.roster_v IS NOT (
        SELECT max(m.version) FROM manifest m WHERE m.school_id = NEW.school_id AND m.run_id = NEW.run_id)
      THEN RAISE(ABORT, 'guard: manifest_version')
    WHEN EXISTS (
        SELECT 1 FROM manifest_rider m
        WHERE m.school_id = NEW.school_id AND m.run_id = NEW.run_id AND m.version = NEW.roster_v
          AND NOT EXISTS (
            SELECT 1 FROM guard_mark e
            WHERE e.school_id = m.school_id AND e.run_id = m.run_id AND e.rider_id = m.rider_id)
          AND NOT EXISTS (
            SELECT 1 FROM guard_absence a
            WHERE a.school_id = m.school_id AND a.run_id = m.run_id AND a.rider_id = m.rider_id
              AND a.reason <> 'unspecified')
          AND NOT EXISTS (
            SELECT 1 FROM guard_resolution r
            WHERE r.school_id = m.school_id AND r.run_id = m.run_id AND r.rider_id = m.rider_id))
      THEN RAISE(ABORT, 'guard: rider_unaccounted')
  END;
END;

CREATE TRIGGER run_cancel BEFORE UPDATE ON run
WHEN NEW.phase = 'cancelled' AND OLD.phase <> 'cancelled'
BEGIN
  SELECT CASE
    WHEN EXISTS (
        SELECT 1 FROM run_event e
        WHERE e.school_id = NEW.school_id AND e.run_id = NEW.run_id
          AND e.kind IN ('board', 'alight', 'moved_in', 'moved_out'))
      THEN RAISE(ABORT, 'guard: somebody_was_aboard')
    WHEN NOT EXISTS (
        SELECT 1 FROM run_decision d
        WHERE d.school_id = NEW.school_id AND d.run_id = NEW.run_id AND d.kind = 'cancelled')
      THEN RAISE(ABORT, 'guard: nobody_cancelled')
  END;
END;

CREATE TRIGGER event_once BEFORE INSERT ON run_event
BEGIN
  SELECT CASE
    WHEN EXISTS (SELECT 1 FROM run_event WHERE school_id = NEW.school_id AND event_id = NEW.event_id)
      OR EXISTS (SELECT 1 FROM run_event WHERE school_id = NEW.school_id AND dev = NEW.dev AND seq = NEW.seq)
      THEN RAISE(ABORT, 'guard: event_exists')
    WHEN NEW.srv <= (SELECT coalesce(max(srv), 0) FROM run_event WHERE school_id = NEW.school_id)
      THEN RAISE(ABORT, 'guard: srv_not_next')
    WHEN NEW.kind IN ('moved_in', 'moved_out')
      AND (NEW.rider_id IS NULL OR NEW.other_run_id IS NULL OR NEW.other_run_id = NEW.run_id)
      THEN RAISE(ABORT, 'guard: move_unnamed')
    WHEN (SELECT r.value FROM json_each(NEW.raw, '$.run') r) IS NOT NEW.run_id
      AND NOT EXISTS (
        SELECT 1 FROM guard_admission g
        WHERE g.school_id = NEW.school_id AND g.run_id = NEW.run_id AND g.event_id = NEW.event_id)
      THEN RAISE(ABORT, 'guard: event_of_another_run')
  END;
END;

-- A fact after the end. Under which somebody may be aboard, was found, or got off where nobody
-- may: the run is open again and its checks are void. Only about the record: an addendum.
CREATE TRIGGER event_taken AFTER INSERT ON run_event
WHEN NEW.kind NOT IN ('seal', 'ack', 'note', 'precheck', 'parked') AND NOT (NEW.kind = 'check' AND NEW.n = 0)
BEGIN
  INSERT INTO closure_addendum (school_id, run_id, event_id, version, kind, received_ms)
  SELECT u.school_id, u.run_id, NEW.event_id, u.closure_v, NEW.kind, NEW.received_ms
  FROM run u
  WHERE u.school_id = NEW.school_id AND u.run_id = NEW.run_id AND u.phase = 'closed';
  UPDATE run SET integrity = 'amended'
  WHERE school_id = NEW.school_id AND run_id = NEW.run_id AND phase = 'closed';
  UPDATE run
  SET phase = 'reopened', closure_v = NULL, closed_at = NULL, integrity = 'challenged',
    reopened_ms = max(coalesce(reopened_ms, 0), NEW.received_ms, coalesce((
      SELECT max(g.made_ms) FROM guard_admission g
      WHERE g.school_id = NEW.school_id AND g.run_id = NEW.run_id AND g.event_id = NEW.event_id), 0))
  WHERE school_id = NEW.school_id AND run_id = NEW.run_id AND phase IN ('closed', 'cancelled')
    AND (
      EXISTS (SELECT 1 FROM guard_aboard g WHERE g.school_id = NEW.school_id AND g.run_id = NEW.run_id)
      OR EXISTS (SELECT 1 FROM guard_open_move g WHERE g.school_id = NEW.school_id AND g.run_id = NEW.run_id)
      OR (NEW.kind = 'alight' AND (
        NEW.stop_id IS NULL OR NEW.stop_id NOT IN (SELECT s.value FROM json_each(run.designated) s)))
      OR (NEW.kind IN ('check', 'headcount') AND NEW.n > 0)
      OR (phase = 'cancelled' AND NEW.kind IN ('board', 'alight', 'moved_in', 'moved_out')));
  -- What is taken back may be the answer that another run was closed on.
  UPDATE run
  SET phase = 'reopened', closure_v = NULL, closed_at = NULL, integrity = 'challenged',
    reopened_ms = max(coalesce(reopened_ms, 0), NEW.received_ms)
  WHERE NEW.kind = 'void' AND school_id = NEW.school_id AND phase = 'closed'
    AND run_id IN (
      SELECT e.other_run_id FROM run_event e
      WHERE e.school_id = NEW.school_id AND e.run_id = NEW.run_id AND e.kind = 'moved_in')
    AND EXISTS (SELECT 1 FROM guard_open_move g WHERE g.school_id = run.school_id AND g.run_id = run.run_id);
  UPDATE run SET aboard = (
    SELECT count(DISTINCT g.rider_id) FROM guard_aboard g
    WHERE g.school_id = NEW.school_id AND g.run_id = NEW.run_id)
  WHERE school_id = NEW.school_id AND run_id = NEW.run_id AND NEW.kind IN ('board', 'alight', 'moved_in', 'moved_out', 'void');
END;

-- However a run comes to be closed, it is written down.
CREATE TRIGGER run_closed AFTER UPDATE ON run
WHEN NEW.phase = 'closed' AND OLD.phase <> 'closed'
BEGIN
  INSERT INTO run_decision
    (school_id, decision_id, run_id, number, kind, made_ms, by_user, reason, covers, body)
  SELECT c.school_id, 'closed-' || c.run_id || '-' || c.version, c.run_id,
    (SELECT coalesce(max(number), 0) + 1 FROM run_decision WHERE school_id = NEW.school_id),
    'closed', c.closed_ms, c.closed_by, '', '[]', '{"version": ' || c.version || '}'
  FROM closure c
  WHERE c.school_id = NEW.school_id AND c.run_id = NEW.run_id AND c.version = NEW.closure_v;
END;

-- However a run comes to be open again, it is written down and somebody is called.
CREATE TRIGGER run_reopened AFTER UPDATE ON run
WHEN NEW.phase = 'reopened' AND OLD.phase IN ('closed', 'cancelled')
BEGIN
  INSERT INTO run_decision
    (school_id, decision_id, run_id, number, kind, made_ms, by_user, reason, covers, body)
  SELECT NEW.school_id, 'reopened-' || NEW.run_id || '-' || (count(*) + 1), NEW.run_id,
    (SELECT coalesce(max(number), 0) + 1 FROM run_decision WHERE school_id = NEW.school_id),
    'reopened', NEW.reopened_ms, 'system', 'reopened', '[]', '{}'
  FROM run_decision
  WHERE school_id = NEW.school_id AND run_id = NEW.run_id AND kind = 'reopened';
  INSERT INTO alarm (school_id, alarm_id, run_id, kind, level, occasion, state, raised_at, evidence)
  SELECT NEW.school_id, 'late-' || NEW.run_id || '-' || count(*), NEW.run_id, 'reopened', 4,
    'reopened-' || count(*), 'raised',
    strftime('%Y-%m-%dT%H:%M:%f+00:00', NEW.reopened_ms / 1000.0, 'unixepoch'), ''
  FROM run_decision
  WHERE school_id = NEW.school_id AND run_id = NEW.run_id AND kind = 'reopened';
END;

CREATE TRIGGER decision_taken AFTER INSERT ON run_decision
WHEN NEW.kind = 'resolved'
BEGIN
  UPDATE run SET phase = 'reopened', closure_v = NULL, closed_at = NULL, integrity = 'challenged',
    reopened_ms = max(coalesce(reopened_ms, 0), NEW.made_ms)
  WHERE school_id = NEW.school_id AND run_id = NEW.run_id AND phase IN ('closed', 'cancelled')
    AND EXISTS (SELECT 1 FROM guard_aboard g WHERE g.school_id = NEW.school_id AND g.run_id = NEW.run_id);
  UPDATE run SET aboard = (
    SELECT count(DISTINCT g.rider_id) FROM guard_aboard g
    WHERE g.school_id = NEW.school_id AND g.run_id = NEW.run_id)
  WHERE school_id = NEW.school_id AND run_id = NEW.run_id;
END;

CREATE TRIGGER decision_once BEFORE INSERT ON run_decision
BEGIN
  SELECT CASE
    WHEN EXISTS (SELECT 1 FROM run_decision WHERE school_id = NEW.school_id AND decision_id = NEW.decision_id)
      OR NEW.number <= (SELECT coalesce(max(number), 0) FROM run_decision WHERE school_id = NEW.school_id)
      THEN RAISE(ABORT, 'guard: decision_exists')
  END;
END;

CREATE TRIGGER closure_once BEFORE INSERT ON closure
BEGIN
  SELECT CASE
    WHEN NEW.version <> 1 + coalesce((
        SELECT max(version) FROM closure WHERE school_id = NEW.school_id AND run_id = NEW.run_id), 0)
      THEN RAISE(ABORT, 'guard: closure_version')
  END;
END;

CREATE TRIGGER manifest_once BEFORE INSERT ON manifest
BEGIN
  SELECT CASE
    WHEN NEW.version <= (
        SELECT max(version) FROM manifest WHERE school_id = NEW.school_id AND run_id = NEW.run_id)
      THEN RAISE(ABORT, 'guard: manifest_version')
  END;
END;

CREATE TRIGGER manifest_rider_once BEFORE INSERT ON manifest_rider
BEGIN
  SELECT CASE
    WHEN EXISTS (
        SELECT 1 FROM manifest_rider
        WHERE school_id = NEW.school_id AND run_id = NEW.run_id AND version = NEW.version
          AND rider_id = NEW.rider_id)
      OR NEW.version < (SELECT roster_v FROM run WHERE school_id = NEW.school_id AND run_id = NEW.run_id)
      THEN RAISE(ABORT, 'guard: manifest_version')
  END;
END;

CREATE TRIGGER run_crew_once BEFORE INSERT ON run_crew
BEGIN
  SELECT CASE
    WHEN EXISTS (
        SELECT 1 FROM run_crew
        WHERE school_id = NEW.school_id AND run_id = NEW.run_id AND crew_id = NEW.crew_id AND until_at IS NULL)
      THEN RAISE(ABORT, 'guard: same_person')
  END;
END;

CREATE TRIGGER run_crew_changed BEFORE UPDATE ON run_crew
BEGIN
  SELECT CASE
    WHEN OLD.until_at IS NOT NULL OR NEW.until_at IS NULL OR NEW.crew_id <> OLD.crew_id OR NEW.role <> OLD.role
      OR NEW.run_id <> OLD.run_id OR NEW.school_id <> OLD.school_id OR NEW.since_at <> OLD.since_at
      THEN RAISE(ABORT, 'guard: append_only')
  END;
END;

CREATE TRIGGER alarm_once BEFORE INSERT ON alarm
BEGIN
  SELECT CASE
    WHEN NEW.state <> 'raised' THEN RAISE(ABORT, 'guard: alarm_born_raised')
    WHEN EXISTS (
        SELECT 1 FROM alarm
        WHERE school_id = NEW.school_id
          AND (alarm_id = NEW.alarm_id OR (run_id = NEW.run_id AND kind = NEW.kind AND level = NEW.level
            AND occasion = NEW.occasion)))
      THEN RAISE(ABORT, 'guard: alarm_exists')
  END;
END;

CREATE TRIGGER alarm_moves BEFORE UPDATE ON alarm
BEGIN
  SELECT CASE
    WHEN NEW.alarm_id <> OLD.alarm_id OR NEW.run_id <> OLD.run_id OR NEW.kind <> OLD.kind
      OR NEW.level <> OLD.level OR NEW.raised_at <> OLD.raised_at OR NEW.occasion <> OLD.occasion
      OR OLD.state = 'resolved' OR NEW.state = 'raised'
      OR (NEW.state = 'resolved' AND (NEW.resolved_by IS NULL OR NEW.evidence = ''))
      THEN RAISE(ABORT, 'guard: alarm_forward_only')
  END;
END;

CREATE TRIGGER quarantine_once BEFORE INSERT ON quarantine
BEGIN
  SELECT CASE
    WHEN NEW.state <> 'open' OR EXISTS (
        SELECT 1 FROM quarantine WHERE school_id = NEW.school_id AND quarantine_id = NEW.quarantine_id)
      THEN RAISE(ABORT, 'guard: quarantine_exists')
  END;
END;

CREATE TRIGGER quarantine_settled BEFORE UPDATE ON quarantine
BEGIN
  SELECT CASE
    WHEN OLD.state <> 'open' OR NEW.raw <> OLD.raw OR NEW.digest <> OLD.digest OR NEW.run_id IS NOT OLD.run_id
      OR NEW.event_id IS NOT OLD.event_id OR NEW.event_digest IS NOT OLD.event_digest
      OR NEW.dev IS NOT OLD.dev OR NEW.seq IS NOT OLD.seq OR NEW.quarantine_id <> OLD.quarantine_id
      OR NEW.why <> OLD.why
      THEN RAISE(ABORT, 'guard: append_only')
    WHEN NEW.state = 'admitted' AND NOT EXISTS (
        SELECT 1 FROM run_event e WHERE e.school_id = NEW.school_id AND e.event_id = NEW.event_id)
      THEN RAISE(ABORT, 'guard: nothing_admitted')
  END;
END;

-- History is never changed.
CREATE TRIGGER run_event_no_update BEFORE UPDATE ON run_event BEGIN SELECT RAISE(ABORT, 'guard: append_only'); END;
CREATE TRIGGER run_decision_no_update BEFORE UPDATE ON run_decision BEGIN SELECT RAISE(ABORT, 'guard: append_only'); END;
CREATE TRIGGER closure_no_update BEFORE UPDATE ON closure BEGIN SELECT RAISE(ABORT, 'guard: append_only'); END;
CREATE TRIGGER closure_addendum_no_update BEFORE UPDATE ON closure_addendum BEGIN SELECT RAISE(ABORT, 'guard: append_only'); END;
CREATE TRIGGER manifest_no_update BEFORE UPDATE ON manifest BEGIN SELECT RAISE(ABORT, 'guard: append_only'); END;
CREATE TRIGGER manifest_rider_no_update BEFORE UPDATE ON manifest_rider BEGIN SELECT RAISE(ABORT, 'guard: append_only'); END;
CREATE TRIGGER run_stop_no_update BEFORE UPDATE ON run_stop BEGIN SELECT RAISE(ABORT, 'guard: append_only'); END;
CREATE TRIGGER run_tag_no_update BEFORE UPDATE ON run_tag BEGIN SELECT RAISE(ABORT, 'guard: append_only'); END;
CREATE TRIGGER run_event_no_delete BEFORE DELETE ON run_event BEGIN SELECT RAISE(ABORT, 'guard: append_only'); END;
CREATE TRIGGER run_decision_no_delete BEFORE DELETE ON run_decision BEGIN SELECT RAISE(ABORT, 'guard: append_only'); END;
CREATE TRIGGER closure_no_delete BEFORE DELETE ON closure BEGIN SELECT RAISE(ABORT, 'guard: append_only'); END;
CREATE TRIGGER closure_addendum_no_delete BEFORE DELETE ON closure_addendum BEGIN SELECT RAISE(ABORT, 'guard: append_only'); END;
CREATE TRIGGER manifest_no_delete BEFORE DELETE ON manifest BEGIN SELECT RAISE(ABORT, 'guard: append_only'); END;
CREATE TRIGGER manifest_rider_no_delete BEFORE DELETE ON manifest_rider BEGIN SELECT RAISE(ABORT, 'guard: append_only'); END;
CREATE TRIGGER run_stop_no_delete BEFORE DELETE ON run_stop BEGIN SELECT RAISE(ABORT, 'guard: append_only'); END;
CREATE TRIGGER run_tag_no_delete BEFORE DELETE ON run_tag BEGIN SELECT RAISE(ABORT, 'guard: append_only'); END;
CREATE TRIGGER run_crew_no_delete BEFORE DELETE ON run_crew BEGIN SELECT RAISE(ABORT, 'guard: append_only'); END;
CREATE TRIGGER run_device_no_delete BEFORE DELETE ON run_device BEGIN SELECT RAISE(ABORT, 'guard: append_only'); END;
CREATE TRIGGER alarm_no_delete BEFORE DELETE ON alarm BEGIN SELECT RAISE(ABORT, 'guard: append_only'); END;
CREATE TRIGGER quarantine_no_delete BEFORE DELETE ON quarantine BEGIN SELECT RAISE(ABORT, 'guard: append_only'); END;
CREATE TRIGGER run_stop_once BEFORE INSERT ON run_stop
WHEN EXISTS (SELECT 1 FROM run_stop WHERE school_id = NEW.school_id AND run_id = NEW.run_id AND seq = NEW.seq)
BEGIN SELECT RAISE(ABORT, 'guard: append_only'); END;
CREATE TRIGGER run_tag_once BEFORE INSERT ON run_tag
WHEN EXISTS (SELECT 1 FROM run_tag WHERE school_id = NEW.school_id AND run_id = NEW.run_id AND place = NEW.place)
BEGIN SELECT RAISE(ABORT, 'guard: append_only'); END;
CREATE TRIGGER closure_addendum_once BEFORE INSERT ON closure_addendum
WHEN EXISTS (SELECT 1 FROM closure_addendum WHERE school_id = NEW.school_id AND run_id = NEW.run_id AND event_id = NEW.event_id)
BEGIN SELECT RAISE(ABORT, 'guard: append_only'); END;
CREATE TRIGGER run_device_fixed BEFORE UPDATE ON run_device BEGIN SELECT RAISE(ABORT, 'guard: append_only'); END;
