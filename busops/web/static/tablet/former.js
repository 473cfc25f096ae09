// What a vehicle's tablet still holds of an earlier enrolment: a new code makes it another device, but what
// it tapped before is sent under its old number and key. Where the office had given that device up, the
// server keeps it apart; nothing is thrown away here.

import { uuid7, digest } from "./canonical.js";
import { sealer } from "./keys.js";
import { Outbox } from "./outbox.js";
import { Sync } from "./sync.js";

/** @typedef {import("./outbox.js").Store} Store */
/** @typedef {Pick<import("./sync.js").Wires, "fetch"|"wallMs"|"monoMs">} Line */

/** The tablet is about to be another device. @param {Store} store @returns {Promise<void>} */
export async function keepFormer(store) {
  const known = await store.get("identity");
  if (known) await store.put(`former:${known.dev}`, known);
}

/** Sends what the earlier devices left; one that has nothing left is forgotten. How much still waits.
 * @param {Store} store @param {(dev: number) => Promise<Store[]>} placesOf where its events may lie @param {Line} line
 * @returns {Promise<number>} */
export async function sendFormer(store, placesOf, line) {
  let waiting = 0;
  for (const key of await store.keys()) {
    const identity = key.startsWith("former:") ? await store.get(/** @type {`former:${number}`} */ (key)) : undefined;
    if (!identity) continue;
    let left = 0;
    for (const place of await placesOf(identity.dev)) left += await sendFrom(place, identity, line);
    if (left === 0) await store.drop(/** @type {`former:${number}`} */ (key));
    waiting += left;
  }
  return waiting;
}

/** @param {Store} place @param {import("./session.js").Identity} identity @param {Line} line @returns {Promise<number>} */
async function sendFrom(place, identity, line) {
  const means = { wallMs: line.wallMs, monoMs: line.monoMs, boot: "", uuid: uuid7, digest };
  const outbox = await Outbox.open(place, means, { dev: identity.dev, by: "", app: "" });
  if (outbox.entries[outbox.entries.length - 1]?.event.dev !== identity.dev) return 0;
  const sync = new Sync(outbox, { ...line, token: identity.token, seal: sealer(identity, outbox.entries[0].event.app),
    onChange: () => undefined, later: () => undefined });
  await sync.flush();
  return outbox.waiting().length;
}
