// What a code says, whoever read it: a camera, a reader that types, a person. Pure: no page, no clock.

/** A tag of a vehicle; plate and place are known only where the whole text was read, not the digits alone.
 * @typedef {{kind: "tag", plate: string|null, place: string|null, code: string}} TagRead */
/** @typedef {TagRead|{kind: "card", number: string}|{kind: "unknown"}} Read */
/** How a code came in. @typedef {"typed"|"reader"|"camera"|"nfc"} Source */
/** What a code read during a check means. @typedef {{kind: "fill", place: string|null, code: string}|{kind: "vehicle", plate: string}|
 *   {kind: "place", place: string}|{kind: "card"}|{kind: "unknown"}} Meaning */

const TAG = /^busops:t\/([^/]+)\/([^/]+)\/(\d{6})$/i;
const CARD = /^([0-9A-HJKMNP-TV-Z]{16})$/; // as printed; the signs that are easily confused read as what they are
const DIGITS = /^\d{3} ?\d{3}$/;

/** @param {string} text @returns {Read} */
export function parse(text) {
  const said = text.trim();
  const tag = TAG.exec(said);
  if (tag) return { kind: "tag", plate: decoded(tag[1]), place: decoded(tag[2]).toLowerCase(), code: tag[3] };
  const card = CARD.exec(said.toUpperCase().replace(/^BUSOPS:R\//, "").replace(/[\s-]/g, "").replace(/O/g, "0").replace(/[IL]/g, "1"));
  if (card) return { kind: "card", number: card[1] };
  if (DIGITS.test(said)) return { kind: "tag", plate: null, place: null, code: said.replace(" ", "") };
  return { kind: "unknown" };
}

/** What was read, when these places of this vehicle are asked for.
 * @param {Read} read @param {string} plate @param {string[]} places @returns {Meaning} */
export function meaningOf(read, plate, places) {
  if (read.kind !== "tag") return { kind: read.kind };
  if (read.plate !== null && !isSamePlate(read.plate, plate)) return { kind: "vehicle", plate: read.plate };
  if (read.place !== null && !places.includes(read.place)) return { kind: "place", place: read.place };
  return { kind: "fill", place: read.place, code: read.code };
}

/** A reader that types knows no Chinese characters: what it made of the first one is not compared.
 * @param {string} read @param {string} plate @returns {boolean} */
export function isSamePlate(read, plate) {
  const [one, other] = [read.toUpperCase(), plate.toUpperCase()];
  const ascii = (/** @type {string} */ text) => text.replace(/[^0-9A-Z]/g, "");
  return one === other || (!/[\u3400-\u9fff]/.test(one) && ascii(one) !== "" && ascii(one) === ascii(other));
}

/** The places a check must read, in their order; a pack fetched before they were told names rows only.
 * @param {import("../model.js").Pack} pack @param {"attendant"|"driver"} role @returns {string[]} */
export function placesAsked(pack, role) {
  return pack.asks?.places[role] ?? ["rear", ...pack.challenge[role].map((row) => `row:${row}`)];
}

/** How a place was read, as a word of the check event: `@place:source:milliseconds before the check`.
 * @param {string} place @param {Source} source @param {number} agoMs @returns {string} */
export const trace = (place, source, agoMs) => `@${place}:${source}:${Math.max(0, Math.round(agoMs))}`;

/** @param {string} text @returns {string} */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
