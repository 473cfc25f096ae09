// What a screen shows follows from pack and events alone: places, counts, gaps, what a tap means.
import assert from "node:assert/strict";
import { test } from "node:test";

import { departureGaps, meaningOfTap, view } from "../../busops/web/static/tablet/model.js";

/** @typedef {import("../../busops/web/static/tablet/model.js").Pack} Pack */
/** @typedef {import("../../busops/web/static/tablet/model.js").News} News */
/** @typedef {import("../../busops/web/static/tablet/model.js").View} View */
/** @typedef {import("../../busops/web/static/tablet/fold.js").TapEvent} TapEvent */
/** @typedef {{events: TapEvent[], add: (kind: TapEvent["kind"], fields?: Partial<TapEvent>) => Made}} Made */

/** @param {Pack["direction"]} [direction] @returns {Pack} */
const pack = (direction = "homeward") => {
  const outer = [{ stop: "S1", name: "罗江" }, { stop: "S2", name: "略坪" }];
  const campus = { stop: "@campus", name: "学校" };
  return {
    run: "run-1", name: "01", roster_v: 1, direction, plate: "川F", seats: 20, departs_ms: 0, crew: [],
    stops: (direction === "homeward" ? [campus, ...outer] : [...outer, campus]).map((s) => ({ ...s, arrive_ms: 0, leave_ms: 0 })),
    riders: [["R1", "S1"], ["R2", "S1"], ["R3", "S2"]].map(([rider, stop]) => ({ rider, name: rider, class: "", last4: rider, stop, twin: false })),
    challenge: { attendant: [2, 7], driver: [4, 6] },
  };
};

/** Events of one tablet, a second apart. @returns {Made} */
function tablet() {
  /** @type {TapEvent[]} */
  const events = [];
  return {
    events,
    add(kind, fields = {}) {
      const seq = events.length + 1;
      events.push({
        id: `e${seq}`, dev: 1, seq, kind, by: "A01", rider: null, stop: null, n: null, refs: [], reason: null, roster_v: 1,
        wall_ms: seq * 1000, off_ms: 0, off_age_ms: 0, boot: "b", mono_ms: seq * 1000, ...fields,
      });
      return this;
    },
  };
}

/** @param {Pack["direction"]} way @param {Made} made @param {News|null} [news] @returns {View} */
const shown = (way, made, news = null) => view(pack(way), made.events, news);

test("before any event the bus stands at its first stop and everybody is expected", () => {
  for (const way of /** @type {const} */ (["homeward", "return"])) {
    const now = shown(way, tablet());
    assert.deepEqual(now.position, { index: 0, moving: false, hasDeparted: false });
    assert.deepEqual(now.counts, { expected: 3, aboard: 0, waiting: 3, absent: 0, alighted: 0 });
    assert.equal(now.boarding.length, way === "homeward" ? 3 : 2, "homeward all, on the way back those of the stop");
  }
});

test("a departure waits for list, riders and count, and tells all of it at once", () => {
  const made = tablet();
  assert.deepEqual(departureGaps(pack(), shown("homeward", made)), ["ack", "waiting", "count"]);
  assert.deepEqual(departureGaps(pack(), shown("homeward", made), ["expired"]), ["papers", "ack", "waiting", "count"]);
  made.add("ack").add("board", { rider: "R1" }).add("board", { rider: "R2" }).add("absent", { rider: "R3", reason: "ill" });
  assert.deepEqual(departureGaps(pack(), shown("homeward", made)), ["count"]);
  made.add("headcount", { n: 1, stop: "@campus" });
  assert.deepEqual(departureGaps(pack(), shown("homeward", made)), ["mismatch"]);
  made.add("headcount", { n: 2, stop: "@campus" });
  assert.deepEqual(departureGaps(pack(), shown("homeward", made)), []);
});

test("a count is overtaken by the next rider on or off", () => {
  const made = tablet().add("ack").add("board", { rider: "R1" }).add("headcount", { n: 1, stop: "@campus" });
  made.add("board", { rider: "R2" });
  assert.ok(departureGaps(pack(), shown("homeward", made)).includes("count"));
});

test("at a stop of the way home those who belong there should get off before the bus leaves", () => {
  const made = tablet().add("ack").add("board", { rider: "R1" }).add("depart", { stop: "@campus" }).add("arrive", { stop: "S1" });
  assert.deepEqual(departureGaps(pack(), shown("homeward", made)), ["leaving"]);
  made.add("alight", { rider: "R1", stop: "S1" });
  assert.deepEqual(departureGaps(pack(), shown("homeward", made)), []);
});

test("the terminal is the last stop, reached and not only headed for", () => {
  const made = tablet().add("depart", { stop: "@campus" }).add("arrive", { stop: "S1" }).add("depart", { stop: "S1" });
  assert.equal(shown("homeward", made).isTerminal, false);
  assert.equal(shown("homeward", made).next?.stop, "S2");
  assert.equal(shown("homeward", made.add("arrive", { stop: "S2" })).isTerminal, true);
});

test("a tap takes back a fresh boarding where it was made, and is an alighting anywhere else", () => {
  const made = tablet().add("board", { rider: "R1", stop: "@campus" });
  const meaning = (/** @type {number} */ monoMs) => {
    const now = shown("homeward", made);
    const rider = now.riders.find((each) => each.rider === "R1");
    assert.ok(rider);
    return meaningOfTap(pack(), now, rider, made.events, monoMs, "b");
  };
  assert.deepEqual(meaning(5000), { kind: "void", refs: ["e1"] });
  assert.deepEqual(meaning(500_000), { kind: "alight", stop: "@campus" });
  made.add("depart", { stop: "@campus" });
  assert.deepEqual(meaning(5000), { kind: "alight", stop: null }, "between stops there is no stop");
  made.add("arrive", { stop: "S1" });
  assert.deepEqual(meaning(5000), { kind: "alight", stop: "S1" });
});

test("the other tablet's events and the office's word count as well", () => {
  const made = tablet().add("board", { rider: "R1", stop: "@campus" });
  const other = { ...made.events[0], id: "x1", dev: 2, seq: 1, rider: "R2", by: "D01" };
  /** @type {News} */
  const news = {
    now: 0, roster_v: 1, phase: "underway", events: [other], resolved: { R1: "alighted" }, reasons: [], faults: [], departure: [],
    checks: { attendant: null, driver: null, parked: null }, closed: null, t0_ms: null,
  };
  const now = shown("homeward", made, news);
  assert.deepEqual(now.riders.map(({ at }) => at), ["alighted", "aboard", "expected"]);
});

test("a rider who is on no list is shown by his number", () => {
  const now = shown("homeward", tablet().add("board", { rider: "20239999", stop: "@campus" }));
  const guest = now.riders.find((rider) => rider.walkOn);
  assert.deepEqual([guest?.name, guest?.last4, now.counts.aboard], ["20239999", "9999", 1]);
});
