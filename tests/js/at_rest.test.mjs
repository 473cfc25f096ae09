// A tablet that others made unneeded says so by itself; one that recorded, or might still be needed, never does.
import assert from "node:assert/strict";
import { test } from "node:test";

import { letGo } from "../../busops/web/static/tablet/at_rest.js";
import { means, memoryStore, openOutbox, tap } from "./memory.mjs";

/** @typedef {import("../../busops/web/static/tablet/at_rest.js").Standing} Standing */

/** A tablet with the lists of these runs. @param {string[]} runs */
async function withLists(runs) {
  const store = memoryStore();
  const outbox = await openOutbox(store, means());
  for (const run of runs) await store.put(`pack:${run}`, /** @type {import("../../busops/web/static/tablet/pack.js").KeptPack} */ ({ etag: "", pack: {} }));
  return { store, outbox };
}

/** The run waits for this tablet, or for another one. @param {string} phase @param {string} [place] */
const says = (phase, place = "7") => async () => ({ phase, roster_v: 3, reasons: [{ code: "device_unsealed", place }] });

test("a list that nobody used goes once the bus was checked, and then the seal is written", async () => {
  const { store, outbox } = await withLists(["run-1"]);
  const add = store.add;
  store.add = async (entry) => {
    assert.equal(await store.get("pack:run-1"), undefined, "the list is gone before anything is promised");
    return add(entry);
  };
  assert.deepEqual(await letGo(store, outbox, null, says("checked")), ["run-1"]);
  const [{ event }] = outbox.entries;
  assert.deepEqual([event.kind, event.run, event.n, event.roster_v], ["seal", "run-1", 1, 3]);
  assert.deepEqual(await letGo(store, outbox, null, says("checked")), [], "once");
});

test("not before the bus was checked, not without the server, not the run on the screen", async () => {
  for (const phase of ["ready", "underway", "arrived", "reopened", "closed"]) {
    const { store, outbox } = await withLists(["run-1"]);
    assert.deepEqual(await letGo(store, outbox, null, says(phase)), [], phase);
    assert.ok(await store.get("pack:run-1"));
  }
  const { store, outbox } = await withLists(["run-1"]);
  assert.deepEqual(await letGo(store, outbox, null, async () => null), []);
  assert.deepEqual(await letGo(store, outbox, "run-1", says("checked")), []);
  assert.deepEqual(await letGo(store, outbox, null, says("checked", "8")), [], "the run waits for another tablet only");
});

test("a tablet that recorded anything of the run promises nothing by itself", async () => {
  const { store, outbox } = await withLists(["run-1", "run-2"]);
  await outbox.append(tap("ack"));
  assert.deepEqual(await letGo(store, outbox, null, says("checked")), ["run-2"]);
});
