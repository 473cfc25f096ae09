// A vehicle's tablet that was enrolled anew still hands in what it held, once, as the device that it was.
import assert from "node:assert/strict";
import { test } from "node:test";

import { keepFormer, sendFormer } from "../../busops/web/static/tablet/former.js";
import { means, memoryServer, memoryStore, openOutbox, tap } from "./memory.mjs";

test("what was tapped before the new enrolment arrives under the old number and token, then is forgotten", async () => {
  const [how, store, empty] = [means(), memoryStore(), memoryStore()];
  const outbox = await openOutbox(store, how);
  for (const rider of ["R1", "R2"]) await outbox.append(tap("board", { rider }));
  await store.put("identity", { dev: 7, token: "old", plate: "P1" });
  await keepFormer(store);
  await store.put("identity", { dev: 9, token: "new", plate: "P1" });
  const server = memoryServer(how.time);
  /** @type {string[]} */
  const tokens = [];
  const line = { wallMs: how.wallMs, monoMs: how.monoMs,
    fetch: (/** @type {string} */ path, /** @type {RequestInit} */ options) => {
      tokens.push(/** @type {{Authorization: string}} */ (options.headers).Authorization);
      return server.fetch(path, options);
    } };
  const places = async () => [store, empty];
  server.mode = "lost";
  assert.equal(await sendFormer(store, places, line), 2);
  assert.ok(await store.get("former:7"));
  server.mode = "up";
  assert.equal(await sendFormer(store, places, line), 0);
  assert.deepEqual([server.kept.size, await store.get("former:7")], [2, undefined]);
  assert.deepEqual(new Set(tokens), new Set(["Device old"]));
  assert.equal(await sendFormer(store, places, line), 0);
  assert.equal(server.kept.size, 2);
});
