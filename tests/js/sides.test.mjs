// Two plans on one map: what the three switches show.
import assert from "node:assert/strict";
import { test } from "node:test";

import { isShown, pressed } from "../../busops/web/static/office/sides.js";

/** @type {import("../../busops/web/static/office/sides.js").Sides} */
const BOTH = { a: true, b: true, onlyDifferent: false };
/** @type {{side: "a"|"b", is_same: boolean}[]} */
const TRIPS = [
  { side: "a", is_same: true },
  { side: "a", is_same: false },
  { side: "b", is_same: true },
  { side: "b", is_same: false },
];

/** @param {typeof BOTH} sides @returns {boolean[]} */
const shown = (sides) => TRIPS.map((trip) => isShown(trip, sides));

test("at first both plans are there", () => {
  assert.deepEqual(shown(BOTH), [true, true, true, true]);
});

test("each plan can be taken off the map, and comes back", () => {
  assert.deepEqual(shown(pressed(BOTH, "a")), [false, false, true, true]);
  assert.deepEqual(shown(pressed(BOTH, "b")), [true, true, false, false]);
  assert.deepEqual(pressed(pressed(BOTH, "a"), "a"), BOTH);
});

test("only what differs: trips of both are hidden, those of one plan stay", () => {
  assert.deepEqual(shown(pressed(BOTH, "onlyDifferent")), [false, true, false, true]);
  assert.deepEqual(shown({ a: false, b: true, onlyDifferent: true }), [false, false, false, true]);
});
