// A critical defect keeps the bus standing, and the reports of earlier drivers are read before a look-over counts.
import assert from "node:assert/strict";
import { test } from "node:test";

import { recordOf, standsStill, toRead } from "../../busops/web/static/tablet/screens/precheck.js";

const ALL = new Set(["brakes", "steering", "lights", "tyres", "emergency_door", "seats", "belts"]);
/** @param {string} id @param {string} run @param {string|null} how */
const report = (id, run, how) => ({ id, run, text: "灯", items: [], critical: true, at_ms: 1, how, read: false });
/** @param {ReturnType<typeof report>[]} defects */
const news = (defects) => /** @type {import("../../busops/web/static/tablet/model.js").News} */ (
  /** @type {unknown} */ ({ defects }));
/** @param {string[]} codes */
const lookedOver = (codes) => [/** @type {import("../../busops/web/static/tablet/fold.js").TapEvent} */ (
  /** @type {unknown} */ ({ id: "p1", kind: "precheck", codes }))];

test("what is in order is recorded as it was, with the reports that were read", () => {
  assert.deepEqual(recordOf(ALL, "", false, new Set(["d1"])), { codes: [...ALL, "read:d1"], reason: null });
  assert.deepEqual(recordOf(ALL, "雨刮异响", false, new Set()), { codes: [...ALL], reason: "雨刮异响" });
});

test("a defect is critical when the driver says so, or when a legal item is not in order", () => {
  assert.ok(recordOf(ALL, "漏油", true, new Set()).codes.includes("critical"));
  assert.ok(recordOf(new Set([...ALL].slice(1)), "刹车偏软", false, new Set()).codes.includes("critical"));
});

test("the bus stands until the server says that this very report was cleared", () => {
  const own = lookedOver([...ALL, "critical"]);
  assert.equal(standsStill(own, null), true);
  assert.equal(standsStill(own, news([report("p1", "run-1", null)])), true);
  assert.equal(standsStill(own, news([report("p0", "run-1", "换灯")])), true);
  assert.equal(standsStill(own, news([report("p1", "run-1", "换灯")])), false);
  assert.equal(standsStill(lookedOver([...ALL]), null), false);
});

test("only the reports of earlier runs are to be read", () => {
  const told = news([report("p0", "run-0", null), report("p1", "run-1", null)]);
  assert.deepEqual(toRead(told, "run-1").map((each) => each.id), ["p0"]);
  assert.deepEqual(toRead(null, "run-1"), []);
});
