-- The interlock on PostgreSQL. It reads only the log (run_event, run_decision), never a projection,
-- and shares nothing with the Python that asks the same questions. Whoever writes about a run
-- takes the run's row first (FOR NO KEY UPDATE): without that a run can be closed while a
-- boarding is being written.

CREATE OR REPLACE FUNCTION guard_precedes(a_dev int, a_seq int, a_hi bigint, b_dev int, b_seq int, b_lo bigint)
RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN a_dev = b_dev THEN a_seq < b_seq ELSE a_hi < b_lo END
$$;

-- A tap taken back: by its author, on the same device, within two minutes, not across a seal.
CREATE OR REPLACE FUNCTION guard_voided(school text, run text) RETURNS SETOF text LANGUAGE sql STABLE AS $$
  SELECT t.event_id
  FROM run_event v
  CROSS JOIN LATERAL json_array_elements_text(v.refs) r(event_id)
  JOIN run_event t ON t.school_id = v.school_id AND t.event_id = r.event_id AND t.run_id = v.run_id
  WHERE v.school_id = school AND v.run_id = run AND v.kind = 'void'
    AND t.kind IN ('board', 'alight', 'moved_in', 'moved_out', 'absent', 'headcount')
    AND t.dev = v.dev AND t.crew_id = v.crew_id AND t.seq < v.seq
    AND CASE WHEN t.boot = v.boot THEN v.mono_ms - t.mono_ms ELSE v.wall_ms - t.wall_ms END BETWEEN 0 AND 120000
    AND NOT EXISTS (
      SELECT 1 FROM run_event s
      WHERE s.school_id = v.school_id AND s.run_id = v.run_id AND s.kind = 'seal'
        AND s.dev = v.dev AND s.seq > t.seq AND s.seq < v.seq)
$$;

-- The marks that stand.
CREATE OR REPLACE FUNCTION guard_marks(school text, run text) RETURNS SETOF run_event LANGUAGE sql STABLE AS $$
  SELECT e.* FROM run_event e
  WHERE e.school_id = school AND e.run_id = run AND e.kind IN ('board', 'alight', 'moved_in', 'moved_out')
    AND e.event_id NOT IN (SELECT v.event_id FROM guard_voided(school, run) v(event_id))
$$;

-- Two people said where a rider is, having seen every mark of his and whatever takes one back.
CREATE OR REPLACE FUNCTION guard_resolutions(school text, run text)
RETURNS TABLE (rider_id text, says text) LANGUAGE sql STABLE AS $$
  SELECT DISTINCT ON (d.rider_id) d.rider_id::text, d.says::text
  FROM run_decision d
  WHERE d.school_id = school AND d.run_id = run AND d.kind = 'resolved'
    AND d.second_user IS NOT NULL AND d.second_user <> d.by_user
    AND NOT EXISTS (
      SELECT 1 FROM run_event e
      WHERE e.school_id = school AND e.run_id = run
        AND ((e.kind IN ('board', 'alight', 'moved_in', 'moved_out') AND e.rider_id = d.rider_id)
          OR (e.kind = 'void' AND EXISTS (
            SELECT 1 FROM json_array_elements_text(e.refs) r(event_id)
            JOIN run_event t ON t.school_id = school AND t.event_id = r.event_id AND t.run_id = run
            WHERE t.kind IN ('board', 'alight', 'moved_in', 'moved_out') AND t.rider_id = d.rider_id)))
        AND e.event_id NOT IN (SELECT json_array_elements_text(d.covers)))
  ORDER BY d.rider_id, d.number DESC
$$;

-- Who may be aboard. Off is only he who has an alighting certainly after every boarding, or of
-- whom two people said so; the last word of two people that covers everything stands.
CREATE OR REPLACE FUNCTION guard_aboard(school text, run text) RETURNS SETOF text LANGUAGE sql STABLE AS $$
  WITH marks AS MATERIALIZED (SELECT * FROM guard_marks(school, run)),
    resolutions AS MATERIALIZED (SELECT * FROM guard_resolutions(school, run))
  SELECT DISTINCT m.rider_id FROM marks m
  WHERE m.kind IN ('board', 'moved_in')
    AND NOT EXISTS (SELECT 1 FROM resolutions d WHERE d.rider_id = m.rider_id)
    AND NOT EXISTS (
      SELECT 1 FROM marks a
      WHERE a.rider_id = m.rider_id AND a.kind IN ('alight', 'moved_out')
        AND NOT EXISTS (
          SELECT 1 FROM marks b
          WHERE b.rider_id = m.rider_id AND b.kind IN ('board', 'moved_in')
            AND NOT guard_precedes(b.dev, b.seq, b.hi_ms, a.dev, a.seq, a.lo_ms)))
  UNION
  SELECT d.rider_id FROM resolutions d WHERE d.says = 'aboard'
$$;

-- A rider goes over from bus to bus by two facts, one on each run. Here are the moves out that no
-- run has answered: nobody says that he is in the other bus, marked in certainly after every
-- boarding here, that he certainly came aboard again, or, two people, where else he is.
CREATE OR REPLACE FUNCTION guard_open_moves(school text, run text) RETURNS SETOF text LANGUAGE sql STABLE AS $$
  WITH marks AS MATERIALIZED (SELECT * FROM guard_marks(school, run))
  SELECT o.event_id FROM marks o
  WHERE o.kind = 'moved_out'
    AND o.rider_id NOT IN (SELECT d.rider_id FROM guard_resolutions(school, run) d)
    AND NOT EXISTS (
      SELECT 1 FROM marks b
      WHERE b.rider_id = o.rider_id AND b.kind IN ('board', 'moved_in')
        AND guard_precedes(o.dev, o.seq, o.hi_ms, b.dev, b.seq, b.lo_ms))
    AND NOT EXISTS (
      SELECT 1 FROM guard_marks(school, o.other_run_id) i
      WHERE i.rider_id = o.rider_id AND i.kind = 'moved_in' AND i.other_run_id = run
        AND NOT EXISTS (
          SELECT 1 FROM marks b
          WHERE b.rider_id = o.rider_id AND b.kind IN ('board', 'moved_in')
            AND NOT guard_precedes(b.dev, b.seq, b.hi_ms, i.dev, i.seq, i.lo_ms)))
$$;

-- When two people said that something kept apart happened on this run, whatever run it names.
CREATE OR REPLACE FUNCTION guard_admitted_ms(school text, run text, event text) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT max(d.made_ms) FROM run_decision d
  WHERE d.school_id = school AND d.run_id = run AND d.kind = 'admitted' AND d.body ->> 'event_id' = event
$$;

-- Whether a check proves something: nobody found, every tag asked for read, certainly after the
-- arrival (or a rider's move out of a bus that the office lets go no further), every movement and
-- the last reopening, by the right person of record.
CREATE OR REPLACE FUNCTION guard_is_sound(e run_event, asked_role text) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT (e.kind = 'parked' OR (e.kind = 'check' AND e.n = 0))
    AND EXISTS (
      SELECT 1 FROM run_crew p
      WHERE p.school_id = e.school_id AND p.run_id = e.run_id AND p.crew_id = e.crew_id
        AND p.role = asked_role AND p.until_at IS NULL)
    AND NOT EXISTS (
      SELECT 1 FROM run u
      WHERE u.school_id = e.school_id AND u.run_id = e.run_id AND e.lo_ms <= u.reopened_ms)
    AND EXISTS (
      SELECT 1 FROM run_tag t
      WHERE t.school_id = e.school_id AND t.run_id = e.run_id AND t.place = 'rear'
        AND t.code IN (SELECT json_array_elements_text(e.codes)))
    AND NOT EXISTS (
      SELECT 1 FROM run_tag t
      WHERE t.school_id = e.school_id AND t.run_id = e.run_id AND e.kind = 'check'
        AND ((asked_role = 'ATTENDANT' AND t.asks_attendant) OR (asked_role = 'DRIVER' AND t.asks_driver))
        AND t.code NOT IN (SELECT json_array_elements_text(e.codes)))
    AND (EXISTS (
      SELECT 1 FROM run_event a JOIN run u ON u.school_id = a.school_id AND u.run_id = a.run_id
      WHERE a.school_id = e.school_id AND a.run_id = e.run_id AND a.kind = 'arrive' AND a.stop_id = u.terminal
        AND guard_precedes(a.dev, a.seq, a.hi_ms, e.dev, e.seq, e.lo_ms))
    OR EXISTS (
      SELECT 1 FROM guard_marks(e.school_id, e.run_id) a
      JOIN run_decision t ON t.school_id = a.school_id AND t.run_id = a.run_id AND t.kind = 'transfer_opened'
      WHERE a.kind = 'moved_out' AND guard_precedes(a.dev, a.seq, a.hi_ms, e.dev, e.seq, e.lo_ms)))
    AND NOT EXISTS (
      SELECT 1 FROM run_event m
      WHERE m.school_id = e.school_id AND m.run_id = e.run_id AND m.event_id <> e.event_id
        AND (m.kind IN ('board', 'alight', 'moved_in', 'moved_out', 'depart', 'arrive', 'void') OR (m.kind = 'check' AND m.n > 0))
        AND NOT guard_precedes(m.dev, m.seq, m.hi_ms, e.dev, e.seq, e.lo_ms))
$$;

-- Whether the closure of that version rests on sound checks of two people, one after the other.
CREATE OR REPLACE FUNCTION guard_has_checks(school text, run text, v int) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (
    SELECT 1 FROM closure c
    JOIN run_event a ON a.school_id = c.school_id AND a.run_id = c.run_id AND a.event_id = c.attendant_check
    JOIN run_event d ON d.school_id = c.school_id AND d.run_id = c.run_id AND d.event_id = c.driver_check
    JOIN run_event p ON p.school_id = c.school_id AND p.run_id = c.run_id AND p.event_id = c.parked
    WHERE c.school_id = school AND c.run_id = run AND c.version = v
      AND a.kind = 'check' AND a.crew_id = c.attendant_id AND guard_is_sound(a, 'ATTENDANT')
      AND d.kind = 'check' AND d.crew_id = c.driver_id AND guard_is_sound(d, 'DRIVER')
      AND p.kind = 'parked' AND guard_is_sound(p, 'DRIVER')
      AND a.crew_id <> d.crew_id
      AND guard_precedes(a.dev, a.seq, a.hi_ms, d.dev, d.seq, d.lo_ms)
      AND guard_precedes(d.dev, d.seq, d.hi_ms, p.dev, p.seq, p.lo_ms))
$$;

-- The devices that were bound to the run or seen on it, and are neither done nor given up.
CREATE OR REPLACE FUNCTION guard_undone_devices(school text, run text) RETURNS SETOF int LANGUAGE sql STABLE AS $$
  SELECT d.dev
  FROM (
    SELECT dev FROM run_device WHERE school_id = school AND run_id = run
    UNION
    SELECT dev FROM run_event WHERE school_id = school AND run_id = run) d
  WHERE NOT EXISTS (
      SELECT 1 FROM run_decision x
      WHERE x.school_id = school AND x.run_id = run AND x.kind = 'device_released' AND x.dev = d.dev
        AND x.second_user <> x.by_user
        AND x.upto_seq >= coalesce((
          SELECT max(e.seq) FROM run_event e
          WHERE e.school_id = school AND e.run_id = run AND e.dev = d.dev), 0))
    AND NOT EXISTS (
      SELECT 1 FROM run_event s
      WHERE s.school_id = school AND s.run_id = run AND s.dev = d.dev AND s.kind = 'seal'
        AND s.seq = (
          SELECT max(e.seq) FROM run_event e
          WHERE e.school_id = school AND e.run_id = run AND e.dev = d.dev)
        AND s.seq = (
          SELECT count(*) FROM (
            SELECT e.seq FROM run_event e WHERE e.school_id = school AND e.dev = d.dev AND e.seq <= s.seq
            UNION
            SELECT q.seq FROM quarantine q WHERE q.school_id = school AND q.dev = d.dev AND q.seq <= s.seq) held))
$$;

-- What fills a number of one of the run's devices and says nothing of any run we know: it may hide
-- a fact of this one. A second history of the device speaks against all its runs.
CREATE OR REPLACE FUNCTION guard_hidden_gaps(school text, run text) RETURNS SETOF text LANGUAGE sql STABLE AS $$
  SELECT q.quarantine_id FROM quarantine q
  WHERE q.school_id = school AND q.seq IS NOT NULL AND q.state = 'open'
    AND q.dev IN (
      SELECT dev FROM run_device WHERE school_id = school AND run_id = run
      UNION
      SELECT dev FROM run_event WHERE school_id = school AND run_id = run)
    AND (q.why = 'fork' OR NOT EXISTS (
      SELECT 1 FROM run u WHERE u.school_id = q.school_id AND u.run_id = q.run_id))
$$;

-- The counts at the terminal above zero with no later count there: the last one must find nobody.
CREATE OR REPLACE FUNCTION guard_open_counts(school text, run text) RETURNS SETOF text LANGUAGE sql STABLE AS $$
  WITH counts AS MATERIALIZED (
    SELECT c.event_id, c.n, c.dev, c.seq, c.lo_ms, c.hi_ms
    FROM run_event c JOIN run u ON u.school_id = c.school_id AND u.run_id = c.run_id
    WHERE c.school_id = school AND c.run_id = run AND c.kind = 'headcount' AND c.stop_id = u.terminal
      AND c.event_id NOT IN (SELECT v.event_id FROM guard_voided(school, run) v(event_id)))
  SELECT c.event_id FROM counts c
  WHERE c.n > 0
    AND NOT EXISTS (
      SELECT 1 FROM counts z WHERE guard_precedes(c.dev, c.seq, c.hi_ms, z.dev, z.seq, z.lo_ms))
$$;

-- The absences that stand.
CREATE OR REPLACE FUNCTION guard_absences(school text, run text) RETURNS SETOF run_event LANGUAGE sql STABLE AS $$
  SELECT e.* FROM run_event e
  WHERE e.school_id = school AND e.run_id = run AND e.kind = 'absent'
    AND e.event_id NOT IN (SELECT v.event_id FROM guard_voided(school, run) v(event_id))
$$;

-- What the log itself says must be looked into by two people: somebody on or off where nobody may,
-- a rider who is missing, a departure against papers. The domain knows more of them.
CREATE OR REPLACE FUNCTION guard_questions(school text, run text) RETURNS SETOF text LANGUAGE sql STABLE AS $$
  SELECT 'off_stop_' || m.kind || ':' || m.event_id
  FROM guard_marks(school, run) m JOIN run u ON u.school_id = m.school_id AND u.run_id = m.run_id
  WHERE m.kind IN ('board', 'alight')
    AND (m.stop_id IS NULL OR m.stop_id NOT IN (SELECT json_array_elements_text(u.designated)))
  UNION ALL
  SELECT 'rider_missing:' || a.rider_id
  FROM guard_absences(school, run) a
  WHERE a.reason = 'missing'
    AND a.rider_id NOT IN (SELECT m.rider_id FROM guard_marks(school, run) m)
    AND a.rider_id NOT IN (SELECT r.rider_id FROM guard_resolutions(school, run) r)
    AND NOT EXISTS (
      SELECT 1 FROM guard_absences(school, run) o WHERE o.rider_id = a.rider_id AND o.reason <> 'missing')
  UNION ALL
  SELECT 'departed_forbidden:' || (d.body ->> 'event_id')
  FROM run_decision d
  WHERE d.school_id = school AND d.run_id = run AND d.kind = 'departure_forbidden'
$$;

-- The questions that two people have not settled.
CREATE OR REPLACE FUNCTION guard_open_questions(school text, run text) RETURNS SETOF text LANGUAGE sql STABLE AS $$
  SELECT q.finding_key FROM guard_questions(school, run) q(finding_key)
  WHERE NOT EXISTS (
    SELECT 1 FROM run_decision s
    WHERE s.school_id = school AND s.run_id = run AND s.kind = 'finding_settled'
      AND s.body ->> 'finding_key' = q.finding_key)
$$;

CREATE OR REPLACE FUNCTION guard_unaccounted(school text, run text, v int)
RETURNS SETOF text LANGUAGE sql STABLE AS $$
  SELECT m.rider_id FROM manifest_rider m
  WHERE m.school_id = school AND m.run_id = run AND m.version = v
    AND m.rider_id NOT IN (SELECT e.rider_id FROM guard_marks(school, run) e)
    AND m.rider_id NOT IN (
      SELECT a.rider_id FROM guard_absences(school, run) a WHERE a.reason <> 'unspecified')
    AND m.rider_id NOT IN (SELECT r.rider_id FROM guard_resolutions(school, run) r)
$$;

CREATE OR REPLACE FUNCTION guard_refuse(why text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'guard: %', why USING ERRCODE = 'check_violation';
END $$;

CREATE OR REPLACE FUNCTION guard_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM guard_refuse('append_only');
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION guard_run_born() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF NEW.phase NOT IN ('planned', 'ready') OR NEW.closure_v IS NOT NULL OR NEW.aboard <> 0 THEN
    PERFORM guard_refuse('run_born_closed');
  END IF;
  RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION guard_run_change() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF (NEW.school_id, NEW.run_id, NEW.plate, NEW.terminal, NEW.run_on, NEW.direction, NEW.designated::text)
    IS DISTINCT FROM
    (OLD.school_id, OLD.run_id, OLD.plate, OLD.terminal, OLD.run_on, OLD.direction, OLD.designated::text) THEN
    PERFORM guard_refuse('run_identity_fixed');
  END IF;
  IF (NEW.plan_id, NEW.trip_no, NEW.wave, NEW.vehicle_rows, NEW.approved_students, NEW.approved_total,
      NEW.departs_at, NEW.arrives_at, NEW.distance_m, NEW.cost_fen)
    IS DISTINCT FROM
    (OLD.plan_id, OLD.trip_no, OLD.wave, OLD.vehicle_rows, OLD.approved_students, OLD.approved_total,
      OLD.departs_at, OLD.arrives_at, OLD.distance_m, OLD.cost_fen) THEN
    PERFORM guard_refuse('run_identity_fixed');
  END IF;
  IF OLD.reopened_ms IS NOT NULL AND (NEW.reopened_ms IS NULL OR NEW.reopened_ms < OLD.reopened_ms)
    OR (OLD.phase = 'closed' AND NEW.phase = 'reopened' AND NEW.reopened_ms IS NULL) THEN
    PERFORM guard_refuse('run_reopening_fixed');
  END IF;
  IF OLD.phase = 'closed' AND (NEW.phase NOT IN ('closed', 'reopened') OR (NEW.phase = 'closed'
    AND (NEW.closure_v, NEW.closed_at) IS DISTINCT FROM (OLD.closure_v, OLD.closed_at))) THEN
    PERFORM guard_refuse('run_closed');
  END IF;
  IF NEW.phase = 'cancelled' AND OLD.phase <> 'cancelled' AND EXISTS (
    SELECT 1 FROM run_event e
    WHERE e.school_id = NEW.school_id AND e.run_id = NEW.run_id
      AND e.kind IN ('board', 'alight', 'moved_in', 'moved_out')) THEN
    PERFORM guard_refuse('somebody_was_aboard');
  END IF;
  IF NEW.phase = 'cancelled' AND NOT EXISTS (
    SELECT 1 FROM run_decision d
    WHERE d.school_id = NEW.school_id AND d.run_id = NEW.run_id AND d.kind = 'cancelled') THEN
    PERFORM guard_refuse('nobody_cancelled');
  END IF;
  RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION guard_run_close() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF current_setting('transaction_isolation') = 'repeatable read' THEN
    PERFORM guard_refuse('isolation');  -- its snapshot may be older than the lock
  END IF;
  IF OLD.phase = 'cancelled' THEN
    PERFORM guard_refuse('run_over');
  END IF;
  IF EXISTS (SELECT guard_aboard(NEW.school_id, NEW.run_id)) THEN
    PERFORM guard_refuse('rider_aboard');
  END IF;
  -- The other runs first: an answer that is just being taken back must not be counted on.
  PERFORM 1 FROM run
  WHERE school_id = NEW.school_id AND run_id IN (
    SELECT e.other_run_id FROM run_event e
    WHERE e.school_id = NEW.school_id AND e.run_id = NEW.run_id AND e.kind = 'moved_out')
  ORDER BY run_id FOR NO KEY UPDATE;
  IF EXISTS (SELECT guard_open_moves(NEW.school_id, NEW.run_id)) THEN
    PERFORM guard_refuse('transfer_open');
  END IF;
  IF NEW.closure_v IS DISTINCT FROM (
      SELECT max(c.version) FROM closure c WHERE c.school_id = NEW.school_id AND c.run_id = NEW.run_id)
    OR NEW.closure_v IS NULL
    OR EXISTS (
      SELECT 1 FROM run_decision d
      WHERE d.school_id = NEW.school_id AND d.run_id = NEW.run_id AND d.kind = 'closed'
        AND (d.body ->> 'version')::int >= NEW.closure_v) THEN
    PERFORM guard_refuse('no_closure');
  END IF;
  IF NOT guard_has_checks(NEW.school_id, NEW.run_id, NEW.closure_v) THEN
    PERFORM guard_refuse('no_sound_check');
  END IF;
  IF EXISTS (SELECT guard_undone_devices(NEW.school_id, NEW.run_id)) THEN
    PERFORM guard_refuse('device_undone');
  END IF;
  IF EXISTS (
    SELECT 1 FROM quarantine q
    WHERE q.school_id = NEW.school_id AND q.run_id = NEW.run_id AND q.state = 'open')
    OR EXISTS (SELECT guard_hidden_gaps(NEW.school_id, NEW.run_id)) THEN
    PERFORM guard_refuse('quarantine_open');
  END IF;
  IF EXISTS (SELECT guard_open_counts(NEW.school_id, NEW.run_id)) THEN
    PERFORM guard_refuse('count_open');
  END IF;
  IF EXISTS (SELECT guard_open_questions(NEW.school_id, NEW.run_id)) THEN
    PERFORM guard_refuse('question_open');
  END IF;
  IF NEW.roster_v IS DISTINCT FROM (
    SELECT max(m.version) FROM manifest m WHERE m.school_id = NEW.school_id AND m.run_id = NEW.run_id) THEN
    PERFORM guard_refuse('manifest_version');
  END IF;
  IF EXISTS (SELECT guard_unaccounted(NEW.school_id, NEW.run_id, NEW.roster_v)) THEN
    PERFORM guard_refuse('rider_unaccounted');
  END IF;
  RETURN NEW;
END $$;

-- However a run comes to be closed or open again, it is written down; and somebody is called.
CREATE OR REPLACE FUNCTION guard_run_written() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  times int;
BEGIN
  IF NEW.phase = 'closed' AND OLD.phase <> 'closed' THEN
    INSERT INTO run_decision
      (school_id, decision_id, run_id, number, kind, made_ms, by_user, reason, covers, body)
    SELECT c.school_id, 'closed-' || c.run_id || '-' || c.version, c.run_id, 0, 'closed', c.closed_ms,
      c.closed_by, '', '[]', json_build_object('version', c.version)
    FROM closure c
    WHERE c.school_id = NEW.school_id AND c.run_id = NEW.run_id AND c.version = NEW.closure_v;
  ELSIF NEW.phase = 'reopened' AND OLD.phase IN ('closed', 'cancelled') THEN
    SELECT 1 + count(*) INTO times FROM run_decision
    WHERE school_id = NEW.school_id AND run_id = NEW.run_id AND kind = 'reopened';
    INSERT INTO run_decision
      (school_id, decision_id, run_id, number, kind, made_ms, by_user, reason, covers, body)
    VALUES (NEW.school_id, 'reopened-' || NEW.run_id || '-' || times, NEW.run_id, 0, 'reopened',
      NEW.reopened_ms, 'system', 'reopened', '[]', '{}');
    INSERT INTO alarm (school_id, alarm_id, run_id, kind, level, occasion, state, raised_at, evidence)
    VALUES (NEW.school_id, 'late-' || NEW.run_id || '-' || times, NEW.run_id, 'reopened', 4,
      'reopened-' || times, 'raised', to_timestamp(NEW.reopened_ms / 1000.0), '');
  END IF;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION guard_event_in() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM run WHERE school_id = NEW.school_id AND run_id = NEW.run_id FOR NO KEY UPDATE;
  IF NEW.kind IN ('moved_in', 'moved_out')
    AND (NEW.rider_id IS NULL OR NEW.other_run_id IS NULL OR NEW.other_run_id = NEW.run_id) THEN
    PERFORM guard_refuse('move_unnamed');
  END IF;
  IF NEW.run_id IS DISTINCT FROM NEW.raw::json ->> 'run'
    AND guard_admitted_ms(NEW.school_id, NEW.run_id, NEW.event_id) IS NULL THEN
    PERFORM guard_refuse('event_of_another_run');
  END IF;
  NEW.srv := nextval('run_event_srv');
  RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION guard_decision_in() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM run WHERE school_id = NEW.school_id AND run_id = NEW.run_id FOR NO KEY UPDATE;
  NEW.number := nextval('run_decision_number');
  RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION guard_lock_run() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM run WHERE school_id = NEW.school_id AND run_id = NEW.run_id FOR NO KEY UPDATE;
  RETURN NEW;
END $$;

-- A fact after the end. Under which somebody may be aboard, was found, or got off where nobody
-- may: the run is open again and its checks are void. Only about the record: an addendum.
CREATE OR REPLACE FUNCTION guard_event_taken() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  it run%ROWTYPE;
BEGIN
  SELECT * INTO it FROM run WHERE school_id = NEW.school_id AND run_id = NEW.run_id;
  IF it.phase = 'closed' THEN
    INSERT INTO closure_addendum (school_id, run_id, event_id, version, kind, received_ms)
    VALUES (NEW.school_id, NEW.run_id, NEW.event_id, it.closure_v, NEW.kind, NEW.received_ms);
    UPDATE run SET integrity = 'amended' WHERE school_id = NEW.school_id AND run_id = NEW.run_id;
  END IF;
  IF it.phase IN ('closed', 'cancelled') AND (
      EXISTS (SELECT guard_aboard(NEW.school_id, NEW.run_id))
      OR EXISTS (SELECT guard_open_moves(NEW.school_id, NEW.run_id))
      OR (NEW.kind = 'alight' AND (
        NEW.stop_id IS NULL OR NEW.stop_id NOT IN (SELECT json_array_elements_text(it.designated))))
      OR (NEW.kind IN ('check', 'headcount') AND NEW.n > 0)
      OR (it.phase = 'cancelled' AND NEW.kind IN ('board', 'alight', 'moved_in', 'moved_out'))) THEN
    UPDATE run SET phase = 'reopened', closure_v = NULL, closed_at = NULL, integrity = 'challenged',
      reopened_ms = greatest(reopened_ms, NEW.received_ms,
        guard_admitted_ms(NEW.school_id, NEW.run_id, NEW.event_id))
    WHERE school_id = NEW.school_id AND run_id = NEW.run_id;
  END IF;
  -- What is taken back may be the answer that another run was closed on.
  IF NEW.kind = 'void' THEN
    UPDATE run SET phase = 'reopened', closure_v = NULL, closed_at = NULL, integrity = 'challenged',
      reopened_ms = greatest(reopened_ms, NEW.received_ms)
    WHERE school_id = NEW.school_id AND phase = 'closed'
      AND run_id IN (
        SELECT e.other_run_id FROM run_event e
        WHERE e.school_id = NEW.school_id AND e.run_id = NEW.run_id AND e.kind = 'moved_in')
      AND EXISTS (SELECT guard_open_moves(run.school_id, run.run_id));
  END IF;
  RETURN NULL;
END $$;

-- How many may be aboard is shown of each run, counted once for all the facts that one statement brings.
CREATE OR REPLACE FUNCTION guard_events_counted() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE run u SET aboard = (SELECT count(*) FROM guard_aboard(u.school_id, u.run_id))
  FROM (SELECT DISTINCT school_id, run_id FROM taken
    WHERE kind IN ('board', 'alight', 'moved_in', 'moved_out', 'void')) t
  WHERE u.school_id = t.school_id AND u.run_id = t.run_id;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION guard_decision_taken() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  riders int;
BEGIN
  SELECT count(*) INTO riders FROM guard_aboard(NEW.school_id, NEW.run_id);
  IF riders > 0 THEN
    UPDATE run SET phase = 'reopened', closure_v = NULL, closed_at = NULL, integrity = 'challenged',
      reopened_ms = greatest(reopened_ms, NEW.made_ms)
    WHERE school_id = NEW.school_id AND run_id = NEW.run_id AND phase IN ('closed', 'cancelled');
  END IF;
  UPDATE run SET aboard = riders WHERE school_id = NEW.school_id AND run_id = NEW.run_id;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION guard_closure_in() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM run WHERE school_id = NEW.school_id AND run_id = NEW.run_id FOR NO KEY UPDATE;
  IF NEW.version <> 1 + coalesce((
      SELECT max(version) FROM closure WHERE school_id = NEW.school_id AND run_id = NEW.run_id), 0) THEN
    PERFORM guard_refuse('closure_version');
  END IF;
  RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION guard_manifest_in() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF NEW.version <= (
      SELECT max(version) FROM manifest WHERE school_id = NEW.school_id AND run_id = NEW.run_id) THEN
    PERFORM guard_refuse('manifest_version');
  END IF;
  RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION guard_manifest_rider_in() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF NEW.version < (SELECT roster_v FROM run WHERE school_id = NEW.school_id AND run_id = NEW.run_id) THEN
    PERFORM guard_refuse('manifest_version');
  END IF;
  RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION guard_crew_in() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM run WHERE school_id = NEW.school_id AND run_id = NEW.run_id FOR NO KEY UPDATE;
  IF EXISTS (
    SELECT 1 FROM run_crew
    WHERE school_id = NEW.school_id AND run_id = NEW.run_id AND crew_id = NEW.crew_id AND until_at IS NULL) THEN
    PERFORM guard_refuse('same_person');
  END IF;
  RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION guard_crew_change() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM run WHERE school_id = OLD.school_id AND run_id = OLD.run_id FOR NO KEY UPDATE;
  IF OLD.until_at IS NOT NULL OR NEW.until_at IS NULL
    OR (NEW.school_id, NEW.run_id, NEW.crew_id, NEW.role, NEW.since_at)
      IS DISTINCT FROM (OLD.school_id, OLD.run_id, OLD.crew_id, OLD.role, OLD.since_at) THEN
    PERFORM guard_refuse('append_only');
  END IF;
  RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION guard_alarm_moves() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF (NEW.school_id, NEW.alarm_id, NEW.run_id, NEW.kind, NEW.level, NEW.occasion, NEW.raised_at)
      IS DISTINCT FROM
      (OLD.school_id, OLD.alarm_id, OLD.run_id, OLD.kind, OLD.level, OLD.occasion, OLD.raised_at)
    OR OLD.state = 'resolved' OR NEW.state = 'raised'
    OR (NEW.state = 'resolved' AND (NEW.resolved_by IS NULL OR NEW.evidence = '')) THEN
    PERFORM guard_refuse('alarm_forward_only');
  END IF;
  RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION guard_alarm_born() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF NEW.state <> 'raised' THEN
    PERFORM guard_refuse('alarm_born_raised');
  END IF;
  RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION guard_quarantine() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    PERFORM 1 FROM run WHERE school_id = NEW.school_id AND run_id = NEW.run_id FOR NO KEY UPDATE;
    IF NEW.state <> 'open' THEN
      PERFORM guard_refuse('quarantine_exists');
    END IF;
  ELSIF OLD.state <> 'open'
    OR (NEW.school_id, NEW.quarantine_id, NEW.raw, NEW.digest, NEW.run_id, NEW.dev, NEW.seq, NEW.why,
      NEW.event_id, NEW.event_digest)
      IS DISTINCT FROM
      (OLD.school_id, OLD.quarantine_id, OLD.raw, OLD.digest, OLD.run_id, OLD.dev, OLD.seq, OLD.why,
      OLD.event_id, OLD.event_digest) THEN
    PERFORM guard_refuse('append_only');
  ELSIF NEW.state = 'admitted' AND NOT EXISTS (
    SELECT 1 FROM run_event e WHERE e.school_id = NEW.school_id AND e.event_id = NEW.event_id) THEN
    PERFORM guard_refuse('nothing_admitted');
  END IF;
  RETURN NEW;
END $$;

CREATE SEQUENCE IF NOT EXISTS run_event_srv;
CREATE SEQUENCE IF NOT EXISTS run_decision_number;

CREATE OR REPLACE TRIGGER run_born BEFORE INSERT ON run FOR EACH ROW EXECUTE FUNCTION guard_run_born();
CREATE OR REPLACE TRIGGER run_change BEFORE UPDATE ON run FOR EACH ROW EXECUTE FUNCTION guard_run_change();
CREATE OR REPLACE TRIGGER run_close BEFORE UPDATE ON run FOR EACH ROW
  WHEN (NEW.phase = 'closed' AND OLD.phase <> 'closed') EXECUTE FUNCTION guard_run_close();
CREATE OR REPLACE TRIGGER run_written AFTER UPDATE ON run FOR EACH ROW
  WHEN (NEW.phase <> OLD.phase) EXECUTE FUNCTION guard_run_written();
CREATE OR REPLACE TRIGGER run_kept BEFORE DELETE ON run FOR EACH ROW EXECUTE FUNCTION guard_append_only();
CREATE OR REPLACE TRIGGER event_in BEFORE INSERT ON run_event FOR EACH ROW EXECUTE FUNCTION guard_event_in();
CREATE OR REPLACE TRIGGER event_taken AFTER INSERT ON run_event FOR EACH ROW
  WHEN (NEW.kind NOT IN ('seal', 'ack', 'note', 'precheck', 'parked') AND NOT (NEW.kind = 'check' AND NEW.n = 0))
  EXECUTE FUNCTION guard_event_taken();
CREATE OR REPLACE TRIGGER events_counted AFTER INSERT ON run_event REFERENCING NEW TABLE AS taken
  FOR EACH STATEMENT EXECUTE FUNCTION guard_events_counted();
CREATE OR REPLACE TRIGGER decision_in BEFORE INSERT ON run_decision
  FOR EACH ROW EXECUTE FUNCTION guard_decision_in();
CREATE OR REPLACE TRIGGER decision_taken AFTER INSERT ON run_decision FOR EACH ROW
  WHEN (NEW.kind = 'resolved') EXECUTE FUNCTION guard_decision_taken();
CREATE OR REPLACE TRIGGER closure_in BEFORE INSERT ON closure FOR EACH ROW EXECUTE FUNCTION guard_closure_in();
CREATE OR REPLACE TRIGGER manifest_in BEFORE INSERT ON manifest FOR EACH ROW EXECUTE FUNCTION guard_manifest_in();
CREATE OR REPLACE TRIGGER manifest_rider_in BEFORE INSERT ON manifest_rider
  FOR EACH ROW EXECUTE FUNCTION guard_manifest_rider_in();
CREATE OR REPLACE TRIGGER crew_in BEFORE INSERT ON run_crew FOR EACH ROW EXECUTE FUNCTION guard_crew_in();
CREATE OR REPLACE TRIGGER crew_change BEFORE UPDATE ON run_crew FOR EACH ROW EXECUTE FUNCTION guard_crew_change();
CREATE OR REPLACE TRIGGER device_in BEFORE INSERT ON run_device FOR EACH ROW EXECUTE FUNCTION guard_lock_run();
CREATE OR REPLACE TRIGGER alarm_born BEFORE INSERT ON alarm FOR EACH ROW EXECUTE FUNCTION guard_alarm_born();
CREATE OR REPLACE TRIGGER alarm_moves BEFORE UPDATE ON alarm FOR EACH ROW EXECUTE FUNCTION guard_alarm_moves();
CREATE OR REPLACE TRIGGER quarantine_guarded BEFORE INSERT OR UPDATE ON quarantine
  FOR EACH ROW EXECUTE FUNCTION guard_quarantine();

-- History is never changed.
CREATE OR REPLACE TRIGGER run_event_kept BEFORE UPDATE OR DELETE ON run_event
  FOR EACH ROW EXECUTE FUNCTION guard_append_only();
CREATE OR REPLACE TRIGGER run_decision_kept BEFORE UPDATE OR DELETE ON run_decision
  FOR EACH ROW EXECUTE FUNCTION guard_append_only();
CREATE OR REPLACE TRIGGER closure_kept BEFORE UPDATE OR DELETE ON closure
  FOR EACH ROW EXECUTE FUNCTION guard_append_only();
CREATE OR REPLACE TRIGGER closure_addendum_kept BEFORE UPDATE OR DELETE ON closure_addendum
  FOR EACH ROW EXECUTE FUNCTION guard_append_only();
CREATE OR REPLACE TRIGGER manifest_kept BEFORE UPDATE OR DELETE ON manifest
  FOR EACH ROW EXECUTE FUNCTION guard_append_only();
CREATE OR REPLACE TRIGGER manifest_rider_kept BEFORE UPDATE OR DELETE ON manifest_rider
  FOR EACH ROW EXECUTE FUNCTION guard_append_only();
CREATE OR REPLACE TRIGGER run_stop_kept BEFORE UPDATE OR DELETE ON run_stop
  FOR EACH ROW EXECUTE FUNCTION guard_append_only();
CREATE OR REPLACE TRIGGER run_tag_kept BEFORE UPDATE OR DELETE ON run_tag
  FOR EACH ROW EXECUTE FUNCTION guard_append_only();
CREATE OR REPLACE TRIGGER run_device_kept BEFORE UPDATE OR DELETE ON run_device
  FOR EACH ROW EXECUTE FUNCTION guard_append_only();
CREATE OR REPLACE TRIGGER run_crew_kept BEFORE DELETE ON run_crew
  FOR EACH ROW EXECUTE FUNCTION guard_append_only();
CREATE OR REPLACE TRIGGER alarm_kept BEFORE DELETE ON alarm
  FOR EACH ROW EXECUTE FUNCTION guard_append_only();
CREATE OR REPLACE TRIGGER quarantine_kept BEFORE DELETE ON quarantine
  FOR EACH ROW EXECUTE FUNCTION guard_append_only();
CREATE OR REPLACE TRIGGER run_no_truncate BEFORE TRUNCATE ON run
  FOR EACH STATEMENT EXECUTE FUNCTION guard_append_only();
CREATE OR REPLACE TRIGGER run_event_no_truncate BEFORE TRUNCATE ON run_event
  FOR EACH STATEMENT EXECUTE FUNCTION guard_append_only();
CREATE OR REPLACE TRIGGER run_decision_no_truncate BEFORE TRUNCATE ON run_decision
  FOR EACH STATEMENT EXECUTE FUNCTION guard_append_only();
CREATE OR REPLACE TRIGGER closure_no_truncate BEFORE TRUNCATE ON closure
  FOR EACH STATEMENT EXECUTE FUNCTION guard_append_only();
CREATE OR REPLACE TRIGGER closure_addendum_no_truncate BEFORE TRUNCATE ON closure_addendum
  FOR EACH STATEMENT EXECUTE FUNCTION guard_append_only();
CREATE OR REPLACE TRIGGER manifest_no_truncate BEFORE TRUNCATE ON manifest
  FOR EACH STATEMENT EXECUTE FUNCTION guard_append_only();
CREATE OR REPLACE TRIGGER manifest_rider_no_truncate BEFORE TRUNCATE ON manifest_rider
  FOR EACH STATEMENT EXECUTE FUNCTION guard_append_only();
CREATE OR REPLACE TRIGGER run_stop_no_truncate BEFORE TRUNCATE ON run_stop
  FOR EACH STATEMENT EXECUTE FUNCTION guard_append_only();
CREATE OR REPLACE TRIGGER run_tag_no_truncate BEFORE TRUNCATE ON run_tag
  FOR EACH STATEMENT EXECUTE FUNCTION guard_append_only();
CREATE OR REPLACE TRIGGER run_device_no_truncate BEFORE TRUNCATE ON run_device
  FOR EACH STATEMENT EXECUTE FUNCTION guard_append_only();
CREATE OR REPLACE TRIGGER run_crew_no_truncate BEFORE TRUNCATE ON run_crew
  FOR EACH STATEMENT EXECUTE FUNCTION guard_append_only();
CREATE OR REPLACE TRIGGER alarm_no_truncate BEFORE TRUNCATE ON alarm
  FOR EACH STATEMENT EXECUTE FUNCTION guard_append_only();
CREATE OR REPLACE TRIGGER quarantine_no_truncate BEFORE TRUNCATE ON quarantine
  FOR EACH STATEMENT EXECUTE FUNCTION guard_append_only();
