// Who acts on a vehicle's tablet: one person at a time, locked when it is left alone, never over waiting riders.
import assert from "node:assert/strict";
import { test } from "node:test";

import { LOCK_MS, act, actingAs, forgetActing, isLeftAlone, mustStayOpen, touched } from "../../busops/web/static/tablet/acting.js";
import { pathOf, seatOf } from "../../busops/web/static/tablet/shelf.js";

/** @typedef {import("../../busops/web/static/tablet/model.js").View} View */
/** @typedef {import("../../busops/web/static/tablet/model.js").News} News */

const PERSON = { crew: "Z1", name: "乙", role: /** @type {const} */ ("ATTENDANT"), token: "t1" };
const NOW = 1_710_489_600_000;

/** @returns {import("../../busops/web/static/tablet/acting.js").Shelf} */
function shelf() {
  /** @type {Map<string, string>} */
  const kept = new Map();
  return { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key) };
}

/** @param {{aboard?: number, boarding?: number, isAcked?: boolean}} how @returns {View} */
const shown = ({ aboard = 0, boarding = 0, isAcked = true }) => /** @type {View} */ (/** @type {unknown} */ (
  { counts: { aboard }, boarding: Array.from({ length: boarding }), isAcked }));

test("whoever showed a PIN acts until somebody else does or the tablet is locked", () => {
  const kept = shelf();
  assert.equal(actingAs("Z1", kept), null);
  act({ ...PERSON, ...{ isOnline: true } }, NOW, kept);
  assert.deepEqual(actingAs("Z1", kept), PERSON);
  assert.equal(actingAs("D1", kept), null, "the address alone makes nobody somebody else");
  forgetActing(kept);
  assert.equal(actingAs("Z1", kept), null);
  kept.setItem("busops-acting", "{");
  assert.equal(actingAs("Z1", kept), null);
});

test("a screen that nobody touches locks after its time; a clock set far back locks it too", () => {
  const kept = shelf();
  assert.equal(isLeftAlone(NOW, kept), true);
  act(PERSON, NOW, kept);
  assert.equal(isLeftAlone(NOW + LOCK_MS - 1, kept), false);
  assert.equal(isLeftAlone(NOW + LOCK_MS, kept), true);
  touched(NOW + LOCK_MS, kept);
  assert.equal(isLeftAlone(NOW + LOCK_MS, kept), false);
  assert.equal(isLeftAlone(NOW - LOCK_MS, kept), true);
});

test("no screen locks while riders are aboard or are to get on; a closed run holds nothing open", () => {
  const closed = /** @type {News} */ (/** @type {unknown} */ ({ closed: { version: 1, at_ms: NOW } }));
  assert.equal(mustStayOpen(shown({ aboard: 1 }), null), true);
  assert.equal(mustStayOpen(shown({ boarding: 1 }), null), true);
  assert.equal(mustStayOpen(shown({ boarding: 1, isAcked: false }), null), false, "nobody has begun yet");
  assert.equal(mustStayOpen(shown({}), null), false);
  assert.equal(mustStayOpen(shown({ aboard: 1 }), closed), false);
});

test("an address of a vehicle's tablet names run, person and screen; half of one names nobody", () => {
  const seat = { run: "run/1", crew: "Z1", screen: /** @type {const} */ ("driver"), isVehicles: true };
  assert.deepEqual(seatOf(new URL(pathOf(seat), "https://b.test")), { ...seat, other: null });
  assert.equal(seatOf(new URL("https://b.test/tablet/vehicle/run-1?crew=Z1")), null);
  assert.equal(seatOf(new URL("https://b.test/tablet/vehicle/run-1?screen=driver")), null);
});
