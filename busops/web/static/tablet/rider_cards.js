// A card that a rider carries, read on this run: whose it is, and what reading it means here and now.
// The pack knows cards only as hashes bound to its run; another run's card is nobody here.

import { alightsAt, needsCount } from "./model.js";

/** @typedef {import("./model.js").Pack} Pack */
/** @typedef {import("./model.js").Shown} Shown */
/** @typedef {import("./model.js").View} View */
/** `there`: marked so before. @typedef {"board"|"alight"|"there"|"moving"} CardAct */

const HASH_CHARACTERS = 32;

/** The rider whose card it is; null for another run's, a void one and none of ours.
 * @param {Pack} pack @param {string} number @returns {Promise<string|null>} */
export async function riderOfCard(pack, number) {
  const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(`${pack.run}/${number}`));
  const hash = [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return pack.cards?.[hash.slice(0, HASH_CHARACTERS)] ?? null;
}

/** What a card says where the bus stands: on where riders get on, else off. A second reading takes nothing back.
 * @param {Pack} pack @param {View} shown @param {Shown} rider @returns {CardAct} */
export function meaningOfCard(pack, shown, rider) {
  if (shown.position.moving) return "moving";
  if (rider.at === "alighted") return "there";
  const boardsHere = needsCount(pack, shown) && !(shown.position.hasDeparted && alightsAt(pack, rider, shown.here.stop));
  if (boardsHere) return rider.at === "aboard" ? "there" : "board";
  return rider.at === "aboard" ? "alight" : "board";
}
