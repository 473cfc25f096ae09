// What leaves the tablet, and that nothing leaves it too early.
import assert from "node:assert/strict";
import { test } from "node:test";

import { Outbox } from "../../busops/web/static/tablet/outbox.js";
import { KEPT_MS, pruneEvents, pruneNames, runsNotKnownClosed } from "../../busops/web/static/tablet/prune.js";
import { sealer } from "../../busops/web/static/tablet/keys.js";
import { Sync } from "../../busops/web/static/tablet/sync.js";
import { means, memoryServer, memoryStore, openOutbox, tap } from "./memory.mjs";

/** @typedef {import("../../busops/web/static/tablet/model.js").Pack} Pack */

const CLOSED_MS = 1_710_489_600_000;

/** Three events that the server has, their run closed. @param {{ackHash?: string}} [given] */
async function sent({ ackHash } = {}) {
  const how = means();
  const store = memoryStore();
  const outbox = await openOutbox(store, how);
  const server = memoryServer(how.time);
  server.ackHash = ackHash ?? null;
  for (const rider of ["R1", "R2", "R3"]) await outbox.append(tap("board", { rider }));
  const sync = new Sync(outbox, {
    fetch: server.fetch, wallMs: how.wallMs, monoMs: how.monoMs, token: "t", seal: sealer({ dev: 7 }, "0.1.0"),
    onChange: () => {}, later: () => {},
  });
  await sync.flush();
  return { how, store, outbox, server, sync };
}

test("an event goes only when the server's hash is ours, its run is closed and seven days have passed", async () => {
  const { outbox, store } = await sent();
  assert.deepEqual(await pruneEvents(outbox, CLOSED_MS + 10 * KEPT_MS), [], "not before its run is known to be closed");
  await store.put("closed:run-1", CLOSED_MS);
  assert.deepEqual(await pruneEvents(outbox, CLOSED_MS + KEPT_MS - 1), [], "not before seven days");
  assert.deepEqual(await pruneEvents(outbox, CLOSED_MS + KEPT_MS), [1, 2, 3]);
  assert.equal((await store.load(null)).records.length, 0);
});

test("an outbox that was emptied goes on in its chain", async () => {
  const { outbox, store, how } = await sent();
  const hash = outbox.entries[2].hash;
  await store.put("closed:run-1", CLOSED_MS);
  await pruneEvents(outbox, CLOSED_MS + KEPT_MS);
  const here = await outbox.append(tap("board", { rider: "R4" }));
  assert.deepEqual([here.seq, here.event.prev], [4, hash]);
  const again = await openOutbox(store, how);
  assert.equal((await again.append(tap("board", { rider: "R5" }))).event.prev, here.hash);
});

test("a server with another history of the device prunes nothing", async () => {
  const { outbox, store } = await sent({ ackHash: "f".repeat(64) });
  await store.put("closed:run-1", CLOSED_MS);
  assert.equal(outbox.acked, null);
  assert.deepEqual(await pruneEvents(outbox, CLOSED_MS + 10 * KEPT_MS), []);
});

test("what the server has not acknowledged stays, and so does the run on the screen", async () => {
  const { outbox, store, how } = await sent();
  await outbox.append(tap("note", { text: "late" }));
  await store.put("closed:run-1", CLOSED_MS);
  assert.deepEqual(await pruneEvents(outbox, CLOSED_MS + KEPT_MS), [1, 2, 3]);
  assert.equal((await store.load(null)).records.length, 1);
  outbox.run = "run-1";
  how.time.ms += 1;
  assert.deepEqual(await pruneEvents(outbox, CLOSED_MS + KEPT_MS), []);
});

test("a server restored from a backup takes its word back: nothing beyond it may go", async () => {
  const { outbox, server, sync } = await sent();
  assert.equal(outbox.acked?.seq, 3);
  for (const [id, event] of server.kept) if (event.seq > 1) server.kept.delete(id);
  server.poisoned.add(9);
  await outbox.append(tap("board", { rider: "R4" }));
  await sync.sendOne();
  assert.equal(outbox.acked?.seq, 1);
});

test("opening one run loads it, what waits and the last, not everything", async () => {
  const { store, how, outbox } = await sent();
  await outbox.append(tap("note", { text: "x", run: "run-2" }));
  const other = await Outbox.open(store, how, outbox.identity, "run-3");
  assert.deepEqual(other.entries.map(({ seq }) => seq), [4]);
  assert.equal((await other.append(tap("note", { run: "run-3" }))).seq, 5);
});

test("a list of names goes two hours after its run was closed, or a day after it was to end", async () => {
  const store = memoryStore();
  const pack = (/** @type {string} */ run) => /** @type {Pack} */ (/** @type {unknown} */ (
    { run, stops: [{ arrive_ms: CLOSED_MS }] }));
  for (const run of ["closed", "open", "shown"]) await store.put(`pack:${run}`, { etag: "", pack: pack(run) });
  await store.put("closed:closed", CLOSED_MS);
  const twoHours = 2 * 3600 * 1000;
  assert.deepEqual(await pruneNames(store, CLOSED_MS + twoHours - 1, "shown"), []);
  assert.deepEqual(await pruneNames(store, CLOSED_MS + twoHours, "shown"), ["closed"]);
  assert.deepEqual(await pruneNames(store, CLOSED_MS + 12 * twoHours, "shown"), ["open"]);
  assert.deepEqual((await store.keys()).filter((key) => key.startsWith("pack:")), ["pack:shown"]);
});

test("a run is asked after until the server has said that it is closed", async () => {
  const { store } = await sent();
  assert.deepEqual(await runsNotKnownClosed(store), ["run-1"]);
  await store.put("closed:run-1", CLOSED_MS);
  assert.deepEqual(await runsNotKnownClosed(store), []);
});
