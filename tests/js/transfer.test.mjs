// Riders who change buses: who is left on either side, when the bus has ended, what a departure waits for.
import assert from "node:assert/strict";
import { test } from "node:test";

import { departureGaps, view } from "../../busops/web/static/tablet/model.js";
import { dueSince } from "../../busops/web/static/tablet/screens/alarm.js";
import { comingOver, goesTo, goingOver } from "../../busops/web/static/tablet/transfer.js";

/** @typedef {import("../../busops/web/static/tablet/model.js").Pack} Pack */
/** @typedef {import("../../busops/web/static/tablet/model.js").News} News */
/** @typedef {import("../../busops/web/static/tablet/fold.js").TapEvent} TapEvent */

const OTHER = { run: "run-2", name: "川F 16:00" };

/** @param {import("../../busops/web/static/tablet/transfer.js").Other|null} from @returns {Pack} */
const pack = (from = null) => ({
  run: "run-1", name: "01", roster_v: 1, direction: "homeward", plate: "川F", seats: 20, departs_ms: 0, crew: [],
  stops: ["@campus", "S1", "S2"].map((stop) => ({ stop, name: stop, arrive_ms: 0, leave_ms: 0 })),
  riders: ["R1", "R2"].map((rider) => ({ rider, name: rider, class: "", last4: rider, stop: "S2", twin: false, from })),
  challenge: { attendant: [2], driver: [3] },
});

/** @param {...[TapEvent["kind"], Partial<TapEvent>]} made @returns {TapEvent[]} */
const taps = (...made) => made.map(([kind, fields], at) => ({
  id: `e${at}`, dev: 1, seq: at + 1, kind, by: "A01", rider: null, stop: null, n: null, refs: [], reason: null, roster_v: 1,
  wall_ms: at * 1000, off_ms: 0, off_age_ms: 0, boot: "b", mono_ms: at * 1000, ...fields,
}));

test("where the riders go is known from the list, and the server's word is newer", () => {
  assert.equal(goesTo(pack(), null), null);
  assert.deepEqual(goesTo({ ...pack(), transfer: OTHER }, null), OTHER);
  const news = /** @type {News} */ ({ transfer: { run: "run-3", name: "x" } });
  assert.equal(goesTo({ ...pack(), transfer: OTHER }, news)?.run, "run-3");
});

test("the bus has ended where its last rider left it, and the clock of the check runs from there", () => {
  const out = /** @param {string} rider @returns {["moved_out", Partial<TapEvent>]} */ (rider) => ["moved_out", { rider }];
  const on = taps(["board", { rider: "R1" }], ["board", { rider: "R2" }], ["depart", { stop: "@campus" }], out("R1"));
  const stranded = { ...pack(), transfer: OTHER };
  assert.deepEqual(view(stranded, on, null).counts, { expected: 2, aboard: 1, waiting: 0, absent: 0, alighted: 1 });
  assert.equal(view(stranded, on, null).isTerminal, false, "one is still aboard");
  const all = [...on, ...taps(...Array(4).fill(["note", {}]), out("R2")).slice(-1)];
  assert.equal(view(stranded, all, null).isTerminal, true);
  assert.equal(view(pack(), all, null).isTerminal, false, "nobody in the office said that it goes no further");
  assert.equal(dueSince(view(stranded, all, null), null), 4000);
});

test("who comes over is awaited by his bus, and by no departure", () => {
  const mine = pack(OTHER);
  const before = view(mine, taps(["ack", {}]), null);
  assert.deepEqual(comingOver(before.riders).map(({ of, riders }) => [of.run, riders.length]), [["run-2", 2]]);
  assert.deepEqual(departureGaps(mine, before), ["count"]);
  const one = view(mine, taps(["ack", {}], ["moved_in", { rider: "R1" }]), null);
  assert.deepEqual(comingOver(one.riders)[0].riders.map(({ rider }) => rider), ["R2"]);
  assert.equal(one.counts.aboard, 1);
});

test("each rider goes to the bus that the office named for him, and who is on the wrong bus goes alone", () => {
  const third = { run: "run-3", name: "川F 16:10" };
  const on = taps(["board", { rider: "R1" }], ["board", { rider: "R2" }], ["board", { rider: "R9" }]);
  const shared = { ...pack(), transfer: OTHER, moves: { R1: OTHER, R2: third } };
  const told = (/** @type {Pack} */ list, /** @type {News|null} */ news) =>
    goingOver(list, news, view(list, on, news).riders).map(({ to, riders }) => [to.run, riders.map(({ rider }) => rider)]);
  assert.deepEqual(told(shared, null), [["run-2", ["R1", "R9"]], ["run-3", ["R2"]]]);
  const wrong = { ...pack(), moves: { R9: third } };
  assert.deepEqual(told(wrong, null), [["run-3", ["R9"]]]);
  assert.deepEqual(told(pack(), null), []);
  const news = /** @type {News} */ (/** @type {unknown} */ ({ events: [], moves: { R1: third } }));
  assert.deepEqual(told(wrong, news), [["run-3", ["R1"]]], "the server's word is newer");
  const gone = [...on, ...taps(...Array(3).fill(["note", {}]), ["moved_out", { rider: "R9" }]).slice(-1)];
  assert.equal(view(wrong, gone, null).isTerminal, false, "his bus goes on");
});
