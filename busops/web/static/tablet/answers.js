// What counts as an answer of our server: JSON of the right shape, reached without a redirect, in time.
// A captive portal's page, a proxy's error, a torn body are no answers: the tablet is offline then.

/** The part of a Response that is read here. @typedef {{status: number, redirected?: boolean,
 *   headers: {get: (name: string) => string|null}, json: () => Promise<unknown>}} Reply */
/** @typedef {{[name: string]: unknown}} Fields */

export const ANSWER_MS = 20_000;
const TOO_MANY = 429;
const SERVER_FAULT = 500;

/** How the server is asked: never past a redirect, never for ever. @param {RequestInit} [options]
 * @returns {RequestInit} */
export const asking = (options = {}) => ({
  ...options, redirect: "error", cache: "no-store", signal: AbortSignal.timeout(ANSWER_MS),
});

/** Whether our server speaks, and not somebody on the way to it. @param {Reply} reply @returns {boolean} */
export const isOurs = (reply) => !reply.redirected && /\bjson\b/i.test(reply.headers.get("Content-Type") ?? "");

/** Whether a refusal says something of the server: ours in its own words, or that it cannot now.
 * @param {Reply} reply @returns {boolean} */
export const isRefusal = (reply) => isOurs(reply) || reply.status === TOO_MANY || reply.status >= SERVER_FAULT;

/** The answer's JSON when it is ours and has this shape; null for everything else. Never throws.
 * @template T @param {Reply} reply @param {(value: unknown) => value is T} isIt @returns {Promise<T|null>} */
export async function readJson(reply, isIt) {
  if (!isOurs(reply)) return null;
  try {
    const value = await reply.json();
    return isIt(value) ? value : null;
  } catch {
    return null;
  }
}

/** @param {unknown} value @returns {value is Fields} */
export const isRecord = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

/** The value, or null when it takes longer. @template T @param {Promise<T>} promise @param {number} ms
 * @returns {Promise<T|null>} */
export function within(promise, ms) {
  return Promise.race([promise, new Promise((resolve) => setTimeout(() => resolve(null), ms))]);
}
