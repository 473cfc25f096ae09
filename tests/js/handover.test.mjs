// Hand-overs, other stops and cards on the tablet: who waits for somebody, what a record says, what a card means.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { codesOf, handoverOf, waitingFor } from "../../busops/web/static/tablet/handover.js";
import { departureGaps, meaningOfTap, view } from "../../busops/web/static/tablet/model.js";
import { MOST_TRIES, triesLeft, tryCode } from "../../busops/web/static/tablet/pickup_code.js";
import { meaningOfCard, riderOfCard } from "../../busops/web/static/tablet/rider_cards.js";
import { memoryStore } from "./memory.mjs";

/** @typedef {import("../../busops/web/static/tablet/model.js").Pack} Pack */
/** @typedef {import("../../busops/web/static/tablet/fold.js").TapEvent} TapEvent */
/** @typedef {import("../../busops/web/static/tablet/handover.js").CodeProof & {digits: string}} Kept */

/** What the server's own code makes of them. @type {{code: Kept, other: Kept, card: {run: string, number: string, hash: string}}} */
const VECTORS = JSON.parse(readFileSync(new URL("../../data/vectors/handover.json", import.meta.url), "utf8"));
const CARD = VECTORS.card.number;

/** R1 is handed over by list at S1, R2 goes alone from S2, R3 may use S1 instead of S2. @param {"homeward"|"return"} [direction] */
const pack = (direction = "homeward") => /** @type {Pack} */ (/** @type {unknown} */ ({
  run: "run-1", roster_v: 1, direction, plate: "川F00008", seats: 40, challenge: { attendant: [], driver: [] }, crew: [],
  stops: ["@campus", "S1", "S2"].map((stop) => ({ stop, name: stop, arrive_ms: 0, leave_ms: 0 })),
  riders: [["R1", "S1"], ["R2", "S2"], ["R3", "S2"]].map(([rider, stop]) =>
    ({ rider, name: rider, class: "", last4: "", stop, twin: false })),
  handover: { R1: { persons: [{ no: 2, name: "王某", relation: "祖母" }], code: null } },
  changes: [{ no: 3, rider: "R3", stop: "S1" }], cards: { [VECTORS.card.hash]: "R1" }, aside: "a",
}));

/** Events of one device, in their order, ten seconds apart. @param {...Partial<TapEvent>} some @returns {TapEvent[]} */
const made = (...some) => some.map((each, index) => /** @type {TapEvent} */ (/** @type {unknown} */ ({
  id: `e${index}`, dev: 1, seq: index + 1, rider: null, stop: null, refs: [], codes: [], n: null, by: "Z1", roster_v: 1,
  wall_ms: 10_000 * index, mono_ms: 10_000 * index, boot: "b", off_ms: 0, off_age_ms: 0, reason: null, ...each,
})));

/** Everybody aboard, the bus at S1. */
const AT_S1 = [
  ...["R1", "R2", "R3"].map((rider) => ({ kind: /** @type {const} */ ("board"), rider, stop: "@campus" })),
  { kind: /** @type {const} */ ("depart"), stop: "@campus" }, { kind: /** @type {const} */ ("arrive"), stop: "S1" },
];
const OFF = { kind: /** @type {const} */ ("alight"), rider: "R1", stop: "S1" };
const given = (/** @type {string[]} */ ...codes) => ({ kind: /** @type {const} */ ("handover"), rider: "R1", codes });

/** @param {...Partial<TapEvent>} more @returns {string[]} who waits, and "!" where nobody is there */
const waits = (...more) =>
  waitingFor(pack(), view(pack(), made(...AT_S1, ...more), null)).map(({ rider, isNobody }) => rider.rider + (isNobody ? "!" : ""));

test("who must be handed over waits from getting off until somebody has him, or he is back aboard", () => {
  assert.deepEqual(waits(), []);
  assert.deepEqual(waits(OFF), ["R1"]);
  assert.deepEqual(waits(OFF, given("listed", "person:2")), []);
  assert.deepEqual(waits(OFF, given("none")), ["R1!"], "nobody there is no hand-over");
  assert.deepEqual(waits(OFF, given("none"), { ...OFF, kind: "board" }), [], "back aboard");
  assert.deepEqual(waits(OFF, given("none"), given("code")), []);
  assert.deepEqual(waits(OFF, given("listed", "person:2"), { ...OFF, kind: "board" }, OFF), ["R1"], "each time anew");
  assert.deepEqual(waits(given("listed", "person:2"), OFF), ["R1"], "a record from before counts for nothing");
  assert.deepEqual(waits({ kind: "alight", rider: "R2", stop: "S1" }), [], "who goes alone waits for nobody");
  assert.deepEqual(waits({ kind: "alight", rider: "R1", stop: "@campus" }), [], "back at school the school has him");
  assert.equal(handoverOf(pack("return"), "R1"), null);
});

test("the bus is told not to leave while somebody waits; what is recorded names a number, never a person", () => {
  const shown = view(pack(), made(...AT_S1, OFF, { kind: "alight", rider: "R3", stop: "S1" }), null);
  assert.deepEqual(departureGaps(pack(), shown), ["ack", "handover"]);
  assert.deepEqual(codesOf({ by: "listed", no: 2 }), ["listed", "person:2"]);
  assert.deepEqual([codesOf({ by: "code" }), codesOf({ by: "none" })], [["code"], ["none"]]);
});

test("a change of stop moves where a rider gets off, and the record names it", () => {
  const events = made(...AT_S1);
  const shown = view(pack(), events, null);
  assert.deepEqual(shown.leaving.map(({ rider }) => rider), ["R1", "R3"]);
  const tap = (/** @type {number} */ index) => meaningOfTap(pack(), shown, shown.riders[index], events, 1e6, "b");
  assert.deepEqual(tap(2), { kind: "alight", stop: "S1", codes: ["change:3"] });
  assert.deepEqual(tap(1), { kind: "alight", stop: "S1" }, "elsewhere without a change: no number");
});

test("a one-time code is right once it is right, five times and no more, until the office gives another", async () => {
  const store = memoryStore();
  const kept = VECTORS.code;
  assert.deepEqual(await tryCode(store, "run-1", "R1", "482914", kept), { isRight: false, left: 4 });
  assert.deepEqual(await tryCode(store, "run-1", "R1", "482913", kept), { isRight: true, left: MOST_TRIES });
  for (let left = MOST_TRIES - 1; left >= 0; left -= 1) {
    assert.deepEqual(await tryCode(store, "run-1", "R1", "000000", kept), { isRight: false, left });
  }
  assert.deepEqual(await tryCode(store, "run-1", "R1", "482913", kept), { isRight: false, left: 0 }, "the right one comes too late");
  assert.equal(await triesLeft(store, "run-1", "R2", kept), MOST_TRIES, "each rider has his own");
  assert.equal((await tryCode(store, "run-1", "R1", "482913", VECTORS.other)).isRight, true);
});

test("a card is known on its own run only, and reading it twice takes nothing back", async () => {
  assert.equal(await riderOfCard(pack(), CARD), "R1");
  assert.equal(await riderOfCard({ ...pack(), run: "run-2" }, CARD), null);
  assert.equal(await riderOfCard(pack(), "FEDCBA9876543210"), null);
  const act = (/** @type {Partial<TapEvent>[]} */ events, direction = /** @type {"homeward"|"return"} */ ("homeward")) => {
    const shown = view(pack(direction), made(...events), null);
    return meaningOfCard(pack(direction), shown, shown.riders[0]);
  };
  assert.deepEqual([act([]), act(AT_S1.slice(0, 3)), act(AT_S1.slice(0, 4))], ["board", "there", "moving"]);
  assert.deepEqual([act(AT_S1), act([...AT_S1, OFF])], ["alight", "there"]);
  const there = [{ kind: /** @type {const} */ ("depart"), stop: "@campus" }, { kind: /** @type {const} */ ("arrive"), stop: "S1" }];
  assert.deepEqual([act(there, "return"), act([...there, { kind: "board", rider: "R1", stop: "S1" }], "return")], ["board", "there"]);
});
