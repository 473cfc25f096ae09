// The number tags of a map: none covers another as long as there is room, and none goes far.
import assert from "node:assert/strict";
import { test } from "node:test";

import { placeTags } from "../../busops/web/static/office/declutter.js";

const SIZE = { width: 28, height: 22 };

/** @typedef {import("../../busops/web/static/office/declutter.js").Point} Point */

/** @param {Point} one @param {Point} other @returns {boolean} */
function covers(one, other) {
  return Math.abs(one.x - other.x) < SIZE.width && Math.abs(one.y - other.y) < SIZE.height;
}

test("tags with room stay where they are", () => {
  const points = [{ x: 0, y: 0 }, { x: 100, y: 0 }, { x: 0, y: 60 }];
  assert.deepEqual(placeTags(points, SIZE), points);
});

test("eight tags of one place spread out, none over another or over what is taken", () => {
  const campus = { x: 10, y: 10 };
  const placed = placeTags(Array.from({ length: 8 }, () => ({ x: 0, y: 0 })), SIZE, [campus]);
  const all = [campus, ...placed];
  for (const [at, one] of all.entries()) {
    assert.ok(all.slice(at + 1).every((other) => !covers(one, other)), `tag ${at}`);
    assert.ok(Math.hypot(one.x, one.y) <= 82);
  }
});

test("with no room left every tag still has a place", () => {
  assert.equal(placeTags(Array.from({ length: 200 }, () => ({ x: 5, y: 5 })), SIZE).length, 200);
});
