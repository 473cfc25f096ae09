// Whose tablet this is when it is a person's own: enrolled for a signed-in crew member, the token and
// the key kept in the store. A vehicle's tablet is enrolled in identity.js.

import { newKey, publicText } from "./keys.js";

/** @typedef {import("./outbox.js").Store} Store */
/** `key` is missing on a tablet of before; the rest is there where it belongs to a vehicle.
 * @typedef {{dev: number, token: string, key?: CryptoKeyPair, plate?: string, role?: "ATTENDANT"|"DRIVER",
 *   check?: string, pinKey?: CryptoKey, pins?: {[crew: string]: import("./pin.js").PinBox}}} Identity */

/** The device's identity; a new token for the same device when the old one is no longer taken.
 * @param {Store} store @param {string} crew @returns {Promise<Identity|null>} */
export async function enrol(store, crew) {
  const known = await store.get("identity");
  if (known?.key && (await isTaken(known))) return known;
  const csrf = document.querySelector('meta[name="csrf-token"]')?.getAttribute("content") ?? "";
  const key = known?.key ?? (await newKey());
  const keyed = known ? { ...known, key } : null;
  // On disk before the server hears of it: a key that is told and then lost makes every batch a stranger's.
  if (keyed && !known?.key) await store.put("identity", keyed);
  try {
    const response = await fetch("/api/v1/devices", {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": csrf },
      body: JSON.stringify({ crew, dev: known?.dev ?? null, name: navigator.platform || "browser",
        key: await publicText(key) }),
    });
    if (response.status !== 201) return keyed;
    /** @type {Identity} */
    const { dev, token } = await response.json();
    await store.put("identity", { dev, token, key });
    return { dev, token, key };
  } catch {
    return keyed;
  }
}

/** @param {Identity} identity @returns {Promise<boolean>} false only when the server says no */
async function isTaken(identity) {
  try {
    const response = await fetch("/api/v1/runs", { headers: { Authorization: `Device ${identity.token}` } });
    return response.status !== 401 && response.status !== 403;
  } catch {
    return true;
  }
}
