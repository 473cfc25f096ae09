// Who acts on a vehicle's tablet. The first time the server checks the PIN; from then on the tablet can do
// it alone: the PIN opens a box that was closed with it, slowly (PBKDF2), and only with this tablet's own
// key, which no script can read. Five wrong tries close the box until the server has been asked again.
// Six digits do not withstand somebody who has taken the tablet apart.

import { asking, isOurs } from "./answers.js";

/** @typedef {import("./outbox.js").Store} Store */
/** @typedef {import("./session.js").Identity} Identity */
/** What is kept of a person: the box with the token, and how often it was tried in vain.
 * @typedef {{name: string, role: "ATTENDANT"|"DRIVER", salt: Uint8Array<ArrayBuffer>, iv: Uint8Array<ArrayBuffer>, box: ArrayBuffer,
 *   tries: number}} PinBox */
/** Who acts, and whether the server said so just now.
 * @typedef {{crew: string, name: string, role: "ATTENDANT"|"DRIVER", token: string, isOnline: boolean}} Acting */
/** @typedef {"pin_wrong"|"pin_locked"|"pin_not_here"|"pin_online_first"|"pin_tablet_unknown"} PinFault */
/** @typedef {(path: string, options: RequestInit) => Promise<import("./answers.js").Reply>} Fetch */

export const MOST_TRIES = 5;
const ROUNDS = 600_000;
const PATIENCE_MS = 6000; // nobody waits at a bus door for a network that is not there

/** Whoever has this PIN acts from now on, or why not. @param {Store} store @param {string} crew @param {string} pin
 * @param {Fetch} [ask] @returns {Promise<Acting|PinFault>} */
export async function enterPin(store, crew, pin, ask = (path, options) => fetch(path, options)) {
  const identity = await store.get("identity");
  if (!identity) return "pin_tablet_unknown";
  let response;
  try {
    response = await ask("/api/v1/devices/pin", { ...asking(), signal: AbortSignal.timeout(PATIENCE_MS),
      method: "POST",
      headers: { "Content-Type": "application/json", Authorization: `Device ${identity.token}` },
      body: JSON.stringify({ crew, pin }),
    });
  } catch {
    return unlock(store, crew, pin);
  }
  if (!isOurs(response) || response.status >= 500) return unlock(store, crew, pin);
  if (response.status === 200) {
    const told = /** @type {Omit<Acting, "isOnline">} */ (await response.json());
    await close(store, identity, pin, told);
    return { ...told, isOnline: true };
  }
  if (response.status === 401 || response.status === 403) return "pin_tablet_unknown";
  const { code } = /** @type {{code?: string}} */ (await response.json());
  if (code === "pin_wrong" || response.status === 400) return "pin_wrong";
  await forget(store, identity, crew); // the office has ended it: alone it must not go on here
  return code === "pin_locked" ? "pin_locked" : "pin_not_here";
}

/** The tablet alone: the try is on disk before the box is touched. @param {Store} store @param {string} crew
 * @param {string} pin @returns {Promise<Acting|PinFault>} */
async function unlock(store, crew, pin) {
  const identity = await store.get("identity");
  const kept = identity?.pins?.[crew];
  if (!identity?.pinKey || !kept) return "pin_online_first";
  if (kept.tries >= MOST_TRIES) return "pin_locked";
  await keep(store, identity, crew, { ...kept, tries: kept.tries + 1 });
  const key = await boxKey(identity.pinKey, pin, kept.salt);
  let opened;
  try {
    opened = await crypto.subtle.decrypt({ name: "AES-GCM", iv: kept.iv }, key, kept.box);
  } catch {
    return kept.tries + 1 >= MOST_TRIES ? "pin_locked" : "pin_wrong";
  }
  await keep(store, identity, crew, { ...kept, tries: 0 });
  return { crew, name: kept.name, role: kept.role, token: new TextDecoder().decode(opened), isOnline: false };
}

/** @param {Store} store @param {Identity} identity @param {string} pin @param {Omit<Acting, "isOnline">} told
 * @returns {Promise<void>} */
async function close(store, identity, pin, told) {
  const pinKey = identity.pinKey
    ?? (await crypto.subtle.generateKey({ name: "HMAC", hash: "SHA-256" }, false, ["sign"]));
  const salt = crypto.getRandomValues(new Uint8Array(16));
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const key = await boxKey(pinKey, pin, salt);
  const box = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, new TextEncoder().encode(told.token));
  const kept = { name: told.name, role: told.role, salt, iv, box, tries: 0 };
  await keep(store, { ...identity, pinKey }, told.crew, kept);
}

/** The key of a person's box: from the PIN, slowly, and from the tablet's own key.
 * @param {CryptoKey} pinKey @param {string} pin @param {Uint8Array<ArrayBuffer>} salt @returns {Promise<CryptoKey>} */
async function boxKey(pinKey, pin, salt) {
  const typed = await crypto.subtle.importKey("raw", new TextEncoder().encode(pin), "PBKDF2", false, ["deriveBits"]);
  const slow = await crypto.subtle.deriveBits({ name: "PBKDF2", hash: "SHA-256", salt, iterations: ROUNDS }, typed, 256);
  const mixed = await crypto.subtle.sign("HMAC", pinKey, slow);
  return crypto.subtle.importKey("raw", mixed, "AES-GCM", false, ["encrypt", "decrypt"]);
}

/** @param {Store} store @param {Identity} identity @param {string} crew @param {PinBox} box @returns {Promise<void>} */
const keep = (store, identity, crew, box) =>
  store.put("identity", { ...identity, pins: { ...identity.pins, [crew]: box } });

/** @param {Store} store @param {Identity} identity @param {string} crew @returns {Promise<void>} */
async function forget(store, identity, crew) {
  const { [crew]: _, ...others } = identity.pins ?? {};
  await store.put("identity", { ...identity, pins: others });
}
