// A quietened siren waits on the tablet's disk until the office has heard of it.

import assert from "node:assert/strict";
import { test } from "node:test";

import { keepQuietened, tellQuietened } from "../../busops/web/static/tablet/quietened.js";
import { memoryStore } from "./memory.mjs";

test("what nobody hears is kept, told oldest first with its age, and then kept no longer", async () => {
  const store = memoryStore();
  await keepQuietened(store, "run-1", 1_000);
  await keepQuietened(store, "run-2", 61_000);
  /** @type {[string, number][]} */
  const told = [];
  let status = 0;
  /** @param {string} run @param {number} agoS */
  const tell = async (run, agoS) => {
    told.push([run, agoS]);
    if (status === 0) throw new TypeError("no network");
    return status;
  };
  await tellQuietened(store, tell, () => 121_000);
  assert.deepEqual(told.splice(0), [["run-1", 120]]);
  for (status of [503, 401, 200]) await tellQuietened(store, tell, () => 181_000);
  assert.deepEqual(told.splice(0), [["run-1", 180], ["run-1", 180], ["run-1", 180], ["run-2", 120]]);
  await tellQuietened(store, tell, () => 181_000);
  assert.deepEqual(told, []);
});

test("a run that is this tablet's no more holds up no other", async () => {
  const store = memoryStore();
  await keepQuietened(store, "run-1", 0);
  await keepQuietened(store, "run-2", 0);
  /** @type {string[]} */
  const told = [];
  await tellQuietened(store, async (run) => (told.push(run), run === "run-1" ? 404 : 200), () => 0);
  assert.deepEqual(told, ["run-1", "run-2"]);
  assert.deepEqual(await store.get("quietened"), []);
});
