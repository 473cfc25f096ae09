// Into whose hands riders are given on the way home. Pure: no page, no clock, no store. Getting off is not
// being handed over; who must be handed over is waited for until somebody has him, or he is back in the bus.

import { byMoment, isBefore, momentMs } from "./fold.js";

/** @typedef {import("./model.js").Pack} Pack */
/** @typedef {import("./model.js").Shown} Shown */
/** @typedef {import("./model.js").View} View */
/** @typedef {import("./fold.js").TapEvent} TapEvent */
/** Who may fetch a rider; the record names him by his number. @typedef {{no: number, name: string, relation: string}} Person */
/** How a one-time code is recognised, salt and proof in hex. @typedef {{salt: string, rounds: number, proof: string}} CodeProof */
/** @typedef {{persons: Person[], code: CodeProof|null}} Handover */
/** A rider who got off and whom nobody has yet; `isNobody`: it was recorded that nobody is there.
 * @typedef {{rider: Shown, sinceMs: number, isNobody: boolean}} Waiting */
/** @typedef {{by: "listed", no: number}|{by: "code"}|{by: "none"}} Given */

/** How a rider is handed over; null for those who go alone by written consent, and on the way to school.
 * @param {Pack} pack @param {string} rider @returns {Handover|null} */
export const handoverOf = (pack, rider) =>
  pack.direction === "homeward" ? pack.handover?.[rider] ?? null : null;

/** The riders whom somebody must still take, who waits longest first. @param {Pack} pack @param {View} shown
 * @returns {Waiting[]} */
export function waitingFor(pack, shown) {
  return shown.riders.flatMap((rider) => {
    if (rider.at !== "alighted" || !handoverOf(pack, rider.rider)) return [];
    const off = lastOf(shown.events, "alight", rider.rider);
    if (!off || off.stop === pack.stops[0].stop) return [];
    const since = shown.events.filter((each) =>
      each.kind === "handover" && each.rider === rider.rider && !isBefore(each, off));
    if (since.some((each) => !(each.codes ?? []).includes("none"))) return [];
    return [{ rider, sinceMs: momentMs(off), isNobody: since.length > 0 }];
  }).sort((a, b) => a.sinceMs - b.sinceMs);
}

/** What a hand-over says in its record. @param {Given} given @returns {string[]} */
export const codesOf = (given) => (given.by === "listed" ? ["listed", `person:${given.no}`] : [given.by]);

/** @param {TapEvent[]} events @param {TapEvent["kind"]} kind @param {string} rider @returns {TapEvent|undefined} */
const lastOf = (events, kind, rider) =>
  events.filter((event) => event.kind === kind && event.rider === rider).sort(byMoment).pop();
