// Names at rest: what lies in the store tells nobody's name, and goes when its time is over.
import assert from "node:assert/strict";
import { test } from "node:test";

import { boxed } from "../../busops/web/static/tablet/boxed.js";
import { loadPack } from "../../busops/web/static/tablet/pack.js";
import { pruneEverywhere, pruneNames } from "../../busops/web/static/tablet/prune.js";
import { memoryStore, reply } from "./memory.mjs";

const END_MS = 1_710_489_600_000;
const HOUR_MS = 3600 * 1000;
const PACK = /** @type {import("../../busops/web/static/tablet/model.js").Pack} */ (/** @type {unknown} */ ({
  run: "run-1", roster_v: 1, challenge: {}, stops: [{ stop: "S1", arrive_ms: END_MS }],
  riders: [{ rider: "20240001", name: "甲某某", class: "初一1班", stop: "S1" }],
}));
const NEWS = /** @type {import("../../busops/web/static/tablet/model.js").News} */ (/** @type {unknown} */ ({ faults: ["甲某某"] }));

/** Everything that lies in a store, as somebody who copied its files would read it. @param {import("../../busops/web/static/tablet/outbox.js").Store} plain */
async function dump(plain) {
  const text = [];
  for (const key of await plain.keys()) {
    const value = /** @type {any} */ (await plain.get(/** @type {any} */ (key)));
    const bytes = value?.box ? new TextDecoder().decode(value.box) + new TextDecoder("latin1").decode(value.box) : "";
    text.push(key, JSON.stringify(value), bytes);
  }
  return text.join("\n");
}

test("a list that was fetched is read again, and its names lie nowhere in the store", async () => {
  const plain = memoryStore();
  const store = boxed(plain);
  const before = globalThis.fetch;
  globalThis.fetch = /** @type {typeof fetch} */ (/** @type {unknown} */ (async () => reply(200, PACK, { ETag: "e" })));
  try {
    assert.deepEqual((await loadPack(store, "run-1", {})).pack, PACK);
  } finally {
    globalThis.fetch = before;
  }
  await store.put("news:run-1", NEWS);
  assert.deepEqual((await boxed(plain).get("pack:run-1"))?.pack, PACK, "another life of the page opens it");
  assert.deepEqual(await boxed(plain).get("news:run-1"), NEWS);
  assert.ok(!/甲某某|20240001|初一/.test(await dump(plain)));
  await plain.put("news:open", NEWS);
  assert.ok(/甲某某/.test(await dump(plain)), "the dump does see what lies open");
});

test("the key is the tablet's own: no script reads it, and two pages that ask at once have the same", async () => {
  const plain = memoryStore();
  const [one, other] = [boxed(plain), boxed(plain)];
  await Promise.all([one.put("news:a", NEWS), other.put("news:b", NEWS)]);
  assert.deepEqual([await other.get("news:a"), await one.get("news:b")], [NEWS, NEWS]);
  const key = /** @type {CryptoKey} */ (await plain.get("names_key"));
  await assert.rejects(crypto.subtle.exportKey("raw", key));
});

test("a list that an older version left open is closed at the next look", async () => {
  const plain = memoryStore();
  await plain.put("pack:run-1", { etag: "e", pack: PACK });
  await pruneEverywhere(async () => boxed(plain), { databases: async () => [{ name: "busops-tablet-A01" }] }, END_MS);
  assert.ok(!/甲某某|20240001/.test(await dump(plain)));
  assert.deepEqual((await boxed(plain).get("pack:run-1"))?.pack, PACK);
});

test("a box that was changed, or of another run, opens as nothing and is gone", async () => {
  const plain = memoryStore();
  const store = boxed(plain);
  await store.put("pack:run-1", { etag: "e", pack: PACK });
  await plain.put("pack:run-2", /** @type {any} */ (await plain.get("pack:run-1")));
  assert.equal(await store.get("pack:run-2"), undefined);
  assert.deepEqual((await plain.keys()).filter((key) => key.startsWith("pack:")), ["pack:run-1"]);
});

test("the list on the screen goes too, two hours after the close; an open run keeps it", async () => {
  const store = boxed(memoryStore());
  await store.put("pack:run-1", { etag: "e", pack: PACK });
  await store.put("tries:run-1:20240001", { salt: "s", n: 2 });
  assert.deepEqual(await pruneNames(store, END_MS + 30 * HOUR_MS, "run-1"), []);
  await store.put("closed:run-1", END_MS);
  assert.deepEqual(await pruneNames(store, END_MS + 2 * HOUR_MS - 1, "run-1"), []);
  assert.deepEqual(await pruneNames(store, END_MS + 2 * HOUR_MS, "run-1"), ["run-1"]);
  assert.deepEqual(await store.keys(), ["names_key", "closed:run-1"]);
});

test("the stores of people who signed out are looked through too", async () => {
  const store = boxed(memoryStore());
  await store.put("pack:run-1", { etag: "e", pack: PACK });
  /** @type {string[]} */
  const opened = [];
  const open = async (/** @type {string} */ name) => {
    opened.push(name);
    return store;
  };
  const here = { databases: async () => [{ name: "busops-tablet-A01" }, { name: "busops-photos" }, {}] };
  await pruneEverywhere(open, here, END_MS + 24 * HOUR_MS);
  assert.deepEqual([opened, await store.keys()], [["busops-tablet-A01"], ["names_key"]]);
});
