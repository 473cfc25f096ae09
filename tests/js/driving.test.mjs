// A tap at a stop: recorded at once where the satellites agree or are silent, asked about where they do not.

import assert from "node:assert/strict";
import { test } from "node:test";

import { tapSomewhere } from "../../busops/web/static/tablet/driving.js";
import { Whereabouts } from "../../busops/web/static/tablet/position.js";

const METRE = 0.000009;
const STOPS = [
  { stop: "@campus", name: "学校", arrive_ms: 0, leave_ms: 0, lat6: null, lon6: null, radius_m: null },
  { stop: "S1", name: "一号站", arrive_ms: 0, leave_ms: 0, lat6: 31_127_000, lon6: 104_398_000, radius_m: 60 },
];

/** A run's context of which only the stops matter, and a record of what was written. @param {number|null} north */
function aRun(north) {
  const where = new Whereabouts(() => 0);
  if (north !== null) where.heard({ lat: 31.127 + north * METRE, lon: 104.398, acc: 8, speed: 0 });
  const context = /** @type {any} */ ({ pack: { stops: STOPS } });
  /** @type {[string, any][]} */
  const written = [];
  const record = async (/** @type {any} */ kind, /** @type {any} */ fields) => written.push([kind, fields]) > 0;
  return { written, tap: (/** @type {any} */ kind, /** @type {any} */ fields) => tapSomewhere(context, where, record, kind, fields) };
}

test("at the stop, without satellites, and where no place is known, a tap is written at once", async () => {
  /** @type {[number|null, string][]} */
  const table = [[0, "S1"], [65, "S1"], [null, "S1"], [900, "@campus"]];
  for (const [north, stop] of table) {
    const { written, tap } = aRun(north);
    assert.equal(await tap("alight", { rider: "r1", stop }), true);
    assert.deepEqual(written, [["alight", { rider: "r1", stop }]]);
  }
});

test("an arrival at the stop is no question, nor is a tap that names no stop", async () => {
  const { written, tap } = aRun(0);
  await tap("arrive", { stop: "S1" });
  await tap("void", { refs: ["x"] });
  assert.deepEqual(written.map(([kind]) => kind), ["arrive", "void"]);
});
