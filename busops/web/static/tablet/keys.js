// The tablet's own key: a P-256 pair whose private half no script can read, made here and never sent.
// One signature a batch, over a statement that names the hash of every event in it: an event that is
// spoilt on the way costs none of its neighbours. busops/services/device_keys.py reads it.

import { canonical } from "./canonical.js";

/** @typedef {import("./outbox.js").Entry} Entry */
/** What is signed of a batch. @typedef {{v: 1, dev: number, first: number, last: number, head: string, hashes: string[],
 *   app: string}} Statement */
/** @typedef {{events: import("./canonical.js").Envelope[], signed?: Statement, sig?: string}} BatchBody */
/** @typedef {(entries: Entry[]) => Promise<BatchBody>} Sealer */

const CURVE = { name: "ECDSA", namedCurve: "P-256" };
const CHECK_DIGITS = 6;

/** @param {ArrayBuffer|Uint8Array} bytes @returns {string} */
export const base64 = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes)));

/** @param {string} text @returns {Uint8Array<ArrayBuffer>} */
export const unbase64 = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

/** A new pair; its private half can sign and cannot be taken out. @returns {Promise<CryptoKeyPair>} */
export const newKey = () => crypto.subtle.generateKey(CURVE, false, ["sign", "verify"]);

/** The public half as it is sent: SPKI in base64. @param {CryptoKeyPair} pair @returns {Promise<string>} */
export const publicText = async (pair) => base64(await crypto.subtle.exportKey("spki", pair.publicKey));

/** The digits both screens show: from the code that was scanned and the key that was sent.
 * @param {string} code @param {string} publicKey @returns {Promise<string>} */
export async function checkCode(code, publicKey) {
  const spki = unbase64(publicKey);
  const bytes = new TextEncoder().encode(code);
  const whole = new Uint8Array(bytes.length + spki.length);
  whole.set(bytes);
  whole.set(spki, bytes.length);
  const hash = new DataView(await crypto.subtle.digest("SHA-256", whole));
  return String(hash.getBigUint64(0) % 10n ** BigInt(CHECK_DIGITS)).padStart(CHECK_DIGITS, "0");
}

/** Who makes a batch's body for this tablet: signed where it has a key.
 * @param {{dev: number, key?: CryptoKeyPair}} identity @param {string} app @returns {Sealer} */
export function sealer({ dev, key }, app) {
  return async (entries) => {
    const events = entries.map((entry) => entry.event);
    if (!key || entries.length === 0) return { events };
    const hashes = entries.map((entry) => entry.hash);
    /** @type {Statement} */
    const signed = { v: 1, dev, first: entries[0].seq, last: entries[entries.length - 1].seq,
      head: hashes[hashes.length - 1], hashes, app };
    const spoken = new TextEncoder().encode(canonical(signed));
    const sig = base64(await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, key.privateKey, spoken));
    return { events, signed, sig };
  };
}
