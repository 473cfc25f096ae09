// A one-time code, checked without a network: slowly, and five times at most. The try is on disk before the
// code is looked at. A new code of the office begins anew.

/** @typedef {import("./outbox.js").Store} Store */
/** @typedef {import("./handover.js").CodeProof} CodeProof */
/** @typedef {{isRight: boolean, left: number}} Tried */

export const MOST_TRIES = 5;

/** Whether it is the code of this rider on this run; without tries left it is not looked at.
 * @param {Store} store @param {string} run @param {string} rider @param {string} typed @param {CodeProof} kept
 * @returns {Promise<Tried>} */
export async function tryCode(store, run, rider, typed, kept) {
  const place = /** @type {`tries:${string}`} */ (`tries:${run}:${rider}`);
  const before = await store.get(place);
  const n = before?.salt === kept.salt ? before.n : 0;
  if (n >= MOST_TRIES) return { isRight: false, left: 0 };
  await store.put(place, { salt: kept.salt, n: n + 1 });
  const isRight = (await proofOf(typed, kept)) === kept.proof;
  if (isRight) await store.drop(place);
  return { isRight, left: isRight ? MOST_TRIES : MOST_TRIES - n - 1 };
}

/** How often it may still be tried. @param {Store} store @param {string} run @param {string} rider @param {CodeProof} kept
 * @returns {Promise<number>} */
export async function triesLeft(store, run, rider, kept) {
  const before = await store.get(/** @type {`tries:${string}`} */ (`tries:${run}:${rider}`));
  return before?.salt === kept.salt ? Math.max(0, MOST_TRIES - before.n) : MOST_TRIES;
}

/** @param {string} typed @param {CodeProof} kept @returns {Promise<string>} in hex */
async function proofOf(typed, { salt, rounds }) {
  const digits = await crypto.subtle.importKey("raw", new TextEncoder().encode(typed), "PBKDF2", false, ["deriveBits"]);
  const salted = Uint8Array.from(salt.match(/../g) ?? [], (pair) => parseInt(pair, 16));
  const bits = await crypto.subtle.deriveBits({ name: "PBKDF2", hash: "SHA-256", salt: salted, iterations: rounds }, digits, 256);
  return [...new Uint8Array(bits)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
