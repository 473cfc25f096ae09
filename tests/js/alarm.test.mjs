// The tablet's own ladder: it starts without a network, a check of this tablet quietens it, a movement wakes it.
import assert from "node:assert/strict";
import { test } from "node:test";

import { climbed, dueSince, isCheckedHere, nextRung, rungsOf } from "../../busops/web/static/tablet/screens/alarm.js";
import { loudest } from "../../busops/web/static/tablet/screens/sound.js";

/** @typedef {import("../../busops/web/static/tablet/model.js").News} News */
/** @typedef {import("../../busops/web/static/tablet/model.js").View} View */
/** @typedef {import("../../busops/web/static/tablet/fold.js").TapEvent} TapEvent */

/** @param {number} seq @param {TapEvent["kind"]} kind @param {Partial<TapEvent>} [fields] @returns {TapEvent} */
const event = (seq, kind, fields = {}) => ({
  id: `e${seq}`, dev: 1, seq, kind, by: "A01", rider: null, stop: null, n: null, refs: [], reason: null, roster_v: 1,
  wall_ms: seq * 1000, off_ms: 0, off_age_ms: 0, boot: "b", mono_ms: seq * 1000, ...fields,
});

/** @param {TapEvent[]} events @param {boolean} [isTerminal] @returns {View} */
const shown = (events, isTerminal = true) => ({
  riders: [], position: { index: 1, moving: false, hasDeparted: true }, boarding: [], leaving: [], events, next: null,
  here: { stop: "S2", name: "略坪", arrive_ms: 0, leave_ms: 0 }, isTerminal, isAcked: true, count: null,
  counts: { expected: 0, aboard: 0, waiting: 0, absent: 0, alighted: 0 },
});

/** @param {Partial<News>} said @returns {News} */
const news = (said) => ({
  now: 0, phase: "arrived", roster_v: 1, events: [], resolved: {}, reasons: [], closed: null,
  checks: { attendant: null, driver: null, parked: null }, faults: [], departure: [], t0_ms: null, ...said,
});

test("without a network the ladder starts at the last alighting at the terminal, else at the arrival", () => {
  const arrival = event(5, "arrive", { stop: "S2" });
  assert.equal(dueSince(shown([arrival]), null), 5000);
  const off = [event(2, "alight", { stop: "S1" }), arrival, event(7, "alight", { stop: "S2" }), event(9, "alight", { stop: "S2" })];
  assert.equal(dueSince(shown(off), null), 9000);
  assert.equal(dueSince(shown(off), news({ t0_ms: null })), 9000, "news from before the arrival knows no start");
  assert.equal(dueSince(shown(off, false), null), null, "under way nothing is due");
});

test("a tablet's clock that is off counts by the server's time", () => {
  assert.equal(dueSince(shown([event(5, "arrive", { stop: "S2", off_ms: -2000 })]), null), 3000);
});

test("what the server says wins: it knows reopenings, voided proofs and the ceiling", () => {
  assert.equal(dueSince(shown([event(5, "arrive", { stop: "S2" })]), news({ t0_ms: 42 })), 42);
  assert.equal(dueSince(shown([], false), news({ t0_ms: 42 })), 42);
});

test("a check of this tablet quietens it until something moves or the server finds fault", () => {
  const check = event(6, "check", { n: 0 });
  assert.equal(isCheckedHere([event(5, "arrive")], null), false);
  assert.equal(isCheckedHere([event(5, "arrive"), check], null), true);
  assert.equal(isCheckedHere([event(5, "arrive"), check, event(7, "seal")], null), true);
  assert.equal(isCheckedHere([event(5, "arrive"), check, event(7, "board")], null), false);
  assert.equal(isCheckedHere([event(5, "arrive"), event(6, "check", { n: 1 })], null), false);
  assert.equal(isCheckedHere([event(5, "arrive"), check], news({ faults: ["too early"] })), false);
});

test("on a hot day every minute counts for two, and no minute is negative", () => {
  assert.equal(climbed(0, 90_000, null), 1.5);
  assert.equal(climbed(0, 90_000, news({ is_short: true })), 3);
  assert.equal(climbed(10_000, 0, null), 0);
});

test("the next rung is named, the last one stays", () => {
  const rungs = rungsOf(null, null);
  assert.deepEqual([0, 4.9, 5, 10, 15, 30, 99].map((minutes) => rungs[nextRung(minutes, rungs)]), [5, 5, 10, 15, 30, 30, 30]);
});

test("the school's own ladder holds: the server's newest word, else the list's", () => {
  const own = [0, 2, 4, 6, 8, 9];
  assert.deepEqual(rungsOf({ ladder_min: own }, null), own);
  assert.deepEqual(rungsOf({ ladder_min: own }, news({ ladder_min: [0, 1, 2, 3, 4, 5] })), [0, 1, 2, 3, 4, 5]);
  assert.equal(nextRung(8, own), 5);
  assert.equal(climbed(0, 60_000, news({ is_short: true, short_pct: 25 })), 4);
});

test("one page has one voice: the loudest wish is heard, and who falls quiet quietens nobody else", () => {
  const [off, prompt, siren] = /** @type {const} */ (["off", "prompt", "siren"]).map((loudness) => ({ loudness, text: loudness }));
  assert.equal(loudest([]).loudness, "off");
  assert.equal(loudest([off, siren]).text, "siren");
  assert.equal(loudest([siren, prompt]).text, "siren");
  assert.equal(loudest([off, prompt, off]).text, "prompt");
  assert.equal(loudest([siren, { loudness: "siren", text: "later" }]).text, "siren");
});

test("an event that knows no server's time is taken at what the wall clock is believed to be off", () => {
  const arrival = event(5, "arrive", { stop: "S2", off_ms: null });
  assert.equal(dueSince(shown([arrival]), null, 7000), 12_000);
});
