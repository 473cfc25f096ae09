// A PIN on a shared tablet: first with the server, then alone, five times and no more.
import assert from "node:assert/strict";
import { test } from "node:test";
import { MOST_TRIES, enterPin } from "../../busops/web/static/tablet/pin.js";
import { memoryStore, portal, reply } from "./memory.mjs";

const TOLD = { crew: "Z1", name: "乙", role: "ATTENDANT", token: "secret-token" };

/** @param {number} status @param {unknown} body @returns {import("../../busops/web/static/tablet/pin.js").Fetch} */
const answers = (status, body) => async () => reply(status, body);
const offline = async () => {
  throw new TypeError("network");
};

/** A vehicle's tablet on which this PIN was shown once, online. */
async function prepared() {
  const store = memoryStore();
  await store.put("identity", { dev: 7, token: "t", plate: "川F00001" });
  const entered = await enterPin(store, "Z1", "123456", answers(200, TOLD));
  assert.deepEqual(entered, { ...TOLD, isOnline: true });
  return store;
}

test("after the first time online the tablet checks the PIN alone, and only the right one", async () => {
  const store = await prepared();
  assert.deepEqual(await enterPin(store, "Z1", "123456", offline), { ...TOLD, isOnline: false });
  assert.equal(await enterPin(store, "Z1", "654321", offline), "pin_wrong");
  assert.deepEqual(await enterPin(store, "Z1", "123456", answers(503, {})), { ...TOLD, isOnline: false });
  assert.deepEqual(await enterPin(store, "Z1", "123456", async () => portal()), { ...TOLD, isOnline: false });
  assert.equal(await enterPin(store, "D2", "123456", offline), "pin_online_first");
});

test("neither PIN nor token is on the tablet in the clear, and its key cannot be taken out", async () => {
  const store = await prepared();
  const identity = await store.get("identity");
  assert.ok(identity?.pinKey && identity.pins);
  assert.equal(identity.pinKey.extractable, false);
  const text = JSON.stringify(identity, (_, value) => (value instanceof ArrayBuffer || ArrayBuffer.isView(value)
    ? new TextDecoder("latin1").decode(value) : value));
  assert.ok(!text.includes("123456") && !text.includes(TOLD.token));
});

test("five wrong tries lock it, even for the right one, until the server was asked", async () => {
  const store = await prepared();
  const told = [];
  for (let n = 0; n < MOST_TRIES; n += 1) told.push(await enterPin(store, "Z1", "000000", offline));
  assert.deepEqual(told, ["pin_wrong", "pin_wrong", "pin_wrong", "pin_wrong", "pin_locked"]);
  assert.equal(await enterPin(store, "Z1", "123456", offline), "pin_locked");
  await enterPin(store, "Z1", "123456", answers(200, TOLD));
  assert.deepEqual(await enterPin(store, "Z1", "123456", offline), { ...TOLD, isOnline: false });
});

test("a right PIN forgets the wrong tries before it", async () => {
  const store = await prepared();
  for (let n = 0; n < MOST_TRIES - 1; n += 1) await enterPin(store, "Z1", "000000", offline);
  await enterPin(store, "Z1", "123456", offline);
  assert.equal((await store.get("identity"))?.pins?.Z1.tries, 0);
});

test("what the office has ended does not go on alone", async () => {
  for (const [status, code, fault] of /** @type {const} */ ([
    [409, "pin_locked", "pin_locked"], [409, "pin_not_here", "pin_not_here"]])) {
    const store = await prepared();
    assert.equal(await enterPin(store, "Z1", "123456", answers(status, { code })), fault);
    assert.equal(await enterPin(store, "Z1", "123456", offline), "pin_online_first");
  }
  const store = await prepared();
  assert.equal(await enterPin(store, "Z1", "000000", answers(409, { code: "pin_wrong" })), "pin_wrong");
  assert.equal(await enterPin(store, "Z1", "123456", answers(401, {})), "pin_tablet_unknown");
  assert.equal(await enterPin(memoryStore(), "Z1", "123456", offline), "pin_tablet_unknown");
  assert.deepEqual(await enterPin(store, "Z1", "123456", offline), { ...TOLD, isOnline: false });
});
