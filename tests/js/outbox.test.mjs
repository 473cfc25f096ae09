// The outbox loses nothing and its chain has no hole, whatever happens to the page and the network.
import assert from "node:assert/strict";
import { test } from "node:test";

import { digest } from "../../busops/web/static/tablet/canonical.js";
import { sealer } from "../../busops/web/static/tablet/keys.js";
import { Sync } from "../../busops/web/static/tablet/sync.js";
import { means, memoryServer, memoryStore, openOutbox, reply, tap } from "./memory.mjs";

/** @typedef {import("../../busops/web/static/tablet/sync.js").SyncState} SyncState */

/** One tablet and its server. */
async function setUp() {
  const how = means();
  const store = memoryStore();
  const outbox = await openOutbox(store, how);
  const server = memoryServer(how.time);
  /** @type {SyncState[]} */
  const states = [];
  const sync = new Sync(outbox, {
    fetch: server.fetch, wallMs: how.wallMs, monoMs: how.monoMs, token: "t", seal: sealer({ dev: 7 }, "0.1.0"),
    onChange: (state) => states.push(state), later: () => {},
  });
  return { how, store, outbox, server, sync, states };
}

test("taps made at the same instant get numbers without a gap and a chain without a break", async () => {
  const { outbox } = await setUp();
  await Promise.all(["R1", "R2", "R3", "R4"].map((rider) => outbox.append(tap("board", { rider }))));
  assert.deepEqual(outbox.entries.map(({ seq }) => seq), [1, 2, 3, 4]);
  let prev = "0".repeat(64);
  for (const { event, hash } of outbox.entries) {
    assert.equal(event.prev, prev);
    assert.equal(await digest(event), hash);
    prev = hash;
  }
});

test("a new life of the page goes on where the old one ended", async () => {
  const { outbox, store, how } = await setUp();
  await outbox.append(tap("board", { rider: "R1" }));
  const again = await openOutbox(store, how);
  const second = await again.append(tap("alight", { rider: "R1" }));
  assert.equal(second.seq, 2);
  assert.equal(second.event.prev, outbox.entries[0].hash);
  assert.equal(again.waiting().length, 2);
});

test("a tap that is not on disk is an error the page must show, and leaves no hole", async () => {
  const { outbox, store } = await setUp();
  await outbox.append(tap("board", { rider: "R1" }));
  store.full = true;
  await assert.rejects(outbox.append(tap("board", { rider: "R2" })));
  store.full = false;
  assert.equal((await outbox.append(tap("board", { rider: "R3" }))).seq, 2);
});

test("a seal carries its own number", async () => {
  const { outbox } = await setUp();
  await outbox.append(tap("parked"));
  assert.equal((await outbox.seal(tap("seal"))).event.n, 2);
});

test("what was tapped without a network arrives, once, when it is back", async () => {
  const { outbox, server, sync, how } = await setUp();
  server.mode = "lost";
  await outbox.append(tap("board", { rider: "R1" }));
  await outbox.append(tap("board", { rider: "R2" }));
  await sync.flush();
  assert.equal(sync.state.online, false);
  assert.equal(sync.state.waiting, 2);
  how.time.ms += 60_000;
  server.mode = "up";
  await sync.flush();
  assert.equal(server.kept.size, 2);
  assert.deepEqual([sync.state.online, sync.state.waiting], [true, 0]);
});

test("an answer lost on the way back makes no second event", async () => {
  const { outbox, server, sync } = await setUp();
  server.swallowsAnswer = true;
  await outbox.append(tap("board", { rider: "R1" }));
  await sync.flush();
  assert.equal(outbox.waiting().length, 1);
  await sync.nudge();
  assert.equal(server.kept.size, 1);
  assert.equal(outbox.answers.get(1)?.r, "duplicate");
});

test("a poisoned event does not block those behind it, and is shown", async () => {
  const { outbox, server, sync } = await setUp();
  server.poisoned.add(2);
  for (const rider of ["R1", "R2", "R3"]) await outbox.append(tap("board", { rider }));
  await sync.flush();
  assert.equal(server.kept.size, 2);
  assert.deepEqual([sync.state.waiting, sync.state.refused], [0, 1]);
});

for (const status of [400, 401, 404, 429, 500, 503]) {
  test(`HTTP ${status} deletes nothing and is tried again later`, async () => {
    const { outbox, server, sync, how } = await setUp();
    await outbox.append(tap("board", { rider: "R1" }));
    server.mode = status;
    await sync.flush();
    assert.equal(sync.state.problem, status === 401 ? "enrol" : "server");
    await sync.flush();
    assert.equal(server.calls, 1, "not before the server's Retry-After");
    how.time.ms += 7001;
    server.mode = "up";
    await sync.flush();
    assert.equal(server.kept.size, 1);
    assert.equal(outbox.entries.length, 1, "the outbox keeps what it sent");
  });
}

test("a batch the server finds too large is halved until it fits", async () => {
  const { outbox, server, sync } = await setUp();
  server.tooMany = 3;
  for (let n = 0; n < 10; n += 1) await outbox.append(tap("note", { text: String(n) }));
  await sync.flush();
  assert.equal(server.kept.size, 10);
});

test("250 taps go in batches of at most 200", async () => {
  const { outbox, server, sync } = await setUp();
  for (let n = 0; n < 250; n += 1) await outbox.append(tap("note", { text: String(n) }));
  assert.equal(outbox.batch().length, 200);
  await sync.flush();
  assert.deepEqual([server.kept.size, server.calls], [250, 2]);
});

test("the clock's distance to the server is learnt from the answer and written into later taps", async () => {
  const { outbox, sync, how } = await setUp();
  await outbox.append(tap("board", { rider: "R1" }));
  assert.equal(outbox.entries[0].event.off_ms, null);
  await sync.flush();
  how.time.ms += 30_000;
  const { event } = await outbox.append(tap("board", { rider: "R2" }));
  assert.deepEqual([event.off_ms, event.off_age_ms], [5000, 30_000]);
});

test("a server restored from a backup gets back what it lost", async () => {
  const { outbox, server, sync } = await setUp();
  for (const rider of ["R1", "R2", "R3"]) await outbox.append(tap("board", { rider }));
  await sync.flush();
  for (const [id, event] of server.kept) if (event.seq > 1) server.kept.delete(id);
  await outbox.append(tap("board", { rider: "R4" }));
  await sync.flush();
  await sync.flush();
  assert.equal(server.kept.size, 4);
});

test("a captive portal's page is no answer: offline, nothing lost, nothing thrown", async () => {
  const { outbox, server, sync, how } = await setUp();
  await outbox.append(tap("board", { rider: "R1" }));
  server.isPortal = true;
  await sync.flush();
  assert.deepEqual([sync.state.online, sync.state.waiting, sync.state.problem], [false, 1, null]);
  server.isPortal = false;
  how.time.ms += 60_000;
  await sync.flush();
  assert.deepEqual([sync.state.online, server.kept.size], [true, 1]);
});

test("JSON of another shape, and an answer from elsewhere, are no answers", async () => {
  const { outbox, sync } = await setUp();
  await outbox.append(tap("board", { rider: "R1" }));
  const wrong = [reply(200, { ok: true }), reply(200, { results: [{}], ack: 1, now: 5 }), reply(403, {}, { "Content-Type": "text/html" }),
    { ...reply(200, { results: [], ack: 0, now: 5 }), redirected: true }];
  for (const answer of wrong) {
    sync.wires.fetch = async () => answer;
    await sync.nudge();
    assert.deepEqual([sync.state.online, sync.state.problem, sync.state.waiting], [false, null, 1]);
  }
});

test("a tap does not hurry a server that asked for patience, and does try a network that was lost", async () => {
  const { outbox, server, sync } = await setUp();
  await outbox.append(tap("board", { rider: "R1" }));
  server.mode = 503;
  await sync.flush();
  await sync.nudge();
  await sync.nudge();
  assert.equal(server.calls, 1);
  sync.heldUntilMs = 0;
  server.mode = "lost";
  await sync.nudge();
  await sync.nudge();
  assert.equal(server.calls, 3);
});

test("a device with two histories stops sending, says so, and still does in its next life", async () => {
  const { outbox, server, sync, store, how } = await setUp();
  server.forksAt = 2;
  for (const rider of ["R1", "R2"]) await outbox.append(tap("board", { rider }));
  await sync.flush();
  assert.equal(sync.state.problem, "fork");
  await outbox.append(tap("board", { rider: "R3" }));
  await sync.nudge();
  assert.deepEqual([server.calls, sync.state.problem, sync.state.waiting], [1, "fork", 1]);
  const again = await openOutbox(store, how);
  assert.equal(again.isForked, true);
});
