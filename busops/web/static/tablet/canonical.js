// The one way an event becomes bytes, a hash and an identity. The server does the same in Python;
// data/vectors/chain.json holds both to it.

/** What may be observed. @typedef {"ack"|"precheck"|"board"|"alight"|"absent"|"void"|"headcount"|"depart"|"arrive"|"check"|
 *   "parked"|"seal"|"note"|"handover"|"moved_out"|"moved_in"} Kind */
/** An event as a tablet writes and sends it; busops/domain/envelope.py reads it.
 * @typedef {{v: 1, id: string, dev: number, seq: number, prev: string, run: string, roster_v: number, kind: Kind,
 *   rider: string|null, stop: string|null, n: number|null, refs: string[], reason: string|null, codes: string[],
 *   text: string|null, wall_ms: number, boot: string, mono_ms: number, off_ms: number|null, off_age_ms: number|null,
 *   lat6: number|null, lon6: number|null, acc: number|null, by: string, app: string}} Envelope */

/** JSON with sorted keys and no blanks, as the chain hashes it.
 * @param {unknown} value @returns {string} */
export function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, each]) => `${JSON.stringify(key)}:${canonical(each)}`).join(",")}}`;
}

/** SHA-256 of an event's canonical JSON, hex: the `prev` of the event after it.
 * @param {Envelope} envelope @returns {Promise<string>} */
export async function digest(envelope) {
  const bytes = new TextEncoder().encode(canonical(envelope));
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

let last = 0;

/** A UUIDv7: an identity, never an order. A clock that runs back does not run it back.
 * @param {number} wallMs @returns {string} */
export function uuid7(wallMs) {
  last = Math.max(last, wallMs);
  const time = last.toString(16).padStart(12, "0");
  const tail = crypto.getRandomValues(new Uint8Array(10));
  tail[0] = (tail[0] & 0x0f) | 0x70;
  tail[2] = (tail[2] & 0x3f) | 0x80;
  const hex = Array.from(tail, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [time.slice(0, 8), time.slice(8), hex.slice(0, 4), hex.slice(4, 8), hex.slice(8)].join("-");
}
