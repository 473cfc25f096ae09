// The tablet's key: it signs what it should, cannot be taken out, and both screens make the same digits.
import assert from "node:assert/strict";
import { test } from "node:test";
import { canonical } from "../../busops/web/static/tablet/canonical.js";
import { checkCode, newKey, publicText, sealer, unbase64 } from "../../busops/web/static/tablet/keys.js";
import { means, memoryStore, openOutbox, tap } from "./memory.mjs";

/** Three taps in an outbox, as they are sent. @returns {Promise<import("../../busops/web/static/tablet/outbox.js").Entry[]>} */
async function threeTaps() {
  const outbox = await openOutbox(memoryStore(), means());
  for (const kind of /** @type {const} */ (["board", "alight", "board"])) await outbox.append(tap(kind, { rider: "1" }));
  return outbox.batch();
}

test("a batch is signed over the hash of every event, and the public half verifies it", async () => {
  const key = await newKey();
  const entries = await threeTaps();
  const { events, signed, sig } = await sealer({ dev: 7, key }, "0.2.0")(entries);
  assert.deepEqual(events, entries.map((entry) => entry.event));
  assert.ok(signed && sig);
  assert.deepEqual([signed.v, signed.dev, signed.first, signed.last, signed.app], [1, 7, 1, 3, "0.2.0"]);
  assert.deepEqual(signed.hashes, entries.map((entry) => entry.hash));
  assert.equal(signed.head, entries[2].hash);
  const raw = unbase64(sig);
  assert.equal(raw.length, 64);
  const how = { name: "ECDSA", hash: "SHA-256" };
  const spoken = new TextEncoder().encode(canonical(signed));
  assert.ok(await crypto.subtle.verify(how, key.publicKey, raw, spoken));
  const other = new TextEncoder().encode(canonical({ ...signed, dev: 8 }));
  assert.ok(!(await crypto.subtle.verify(how, key.publicKey, raw, other)));
});

test("a tablet without a key sends the same batch unsigned, and nobody signs nothing", async () => {
  const entries = await threeTaps();
  assert.deepEqual(Object.keys(await sealer({ dev: 7 }, "0.1.0")(entries)), ["events"]);
  assert.deepEqual(await sealer({ dev: 7, key: await newKey() }, "0.1.0")([]), { events: [] });
});

test("the private half cannot be taken out", async () => {
  const { privateKey } = await newKey();
  assert.equal(privateKey.extractable, false);
  await assert.rejects(crypto.subtle.exportKey("pkcs8", privateKey));
});

test("the digits follow code and key, and are those that the server makes", async () => {
  // The same pair of texts stands in tests/unit/services/test_device_keys.py.
  const key = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==";
  assert.equal(await checkCode("AAAAAAAAAAAAAAAAAAAAAA", key), "512233");
  const own = await publicText(await newKey());
  assert.match(await checkCode("AAAAAAAAAAAAAAAAAAAAAA", own), /^\d{6}$/);
});
