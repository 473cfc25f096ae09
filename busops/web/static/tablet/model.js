// What a screen shows, worked out from the pack, the events of all devices and the server's news.
// Pure: no page, no clock, no network. It tells what is missing before a departure; it forbids nothing
// that has already happened.

import { byMoment, fold } from "./fold.js";
import { waitingFor } from "./handover.js";
import { goesTo, isStranded } from "./transfer.js";

/** @typedef {import("./fold.js").TapEvent} TapEvent */
/** @typedef {{rider: string, name: string, class: string, last4: string, stop: string, twin: boolean,
 *   from?: import("./transfer.js").Other|null}} PackRider */
/** @typedef {{stop: string, name: string, arrive_ms: number, leave_ms: number,
 *   lat6?: number|null, lon6?: number|null, radius_m?: number|null}} PackStop */
/** A run as a tablet carries it. @typedef {{run: string, name: string, roster_v: number, direction: "homeward"|"return",
 *   plate: string, seats: number, departs_ms: number, stops: PackStop[], riders: PackRider[],
 *   crew: {crew: string, role: "ATTENDANT"|"DRIVER", name: string}[],
 *   challenge: {attendant: number[], driver: number[]}, asks?: Asks, handover?: {[rider: string]: import("./handover.js").Handover},
 *   changes?: Change[], cards?: {[hash: string]: string}, aside?: string, transfer?: import("./transfer.js").Other|null,
 *   moves?: {[rider: string]: import("./transfer.js").Other}, ladder_min?: number[]}} Pack */
/** Another stop that the office allows a rider on this run. @typedef {{no: number, rider: string, stop: string}} Change */
/** What a check of the run must show; absent in a pack fetched before it was told.
 * @typedef {{level: string, places: {attendant: string[], driver: string[]}, photo: boolean, sensor: boolean}} Asks */
/** @typedef {"aboard"|"alighted"|"absent"|"expected"} Place */
/** A check that stands. @typedef {{at_ms: number, by: string, n: number|null}} Check */
/** What the server knows of the run. @typedef {{now: number, phase: string, roster_v: number, events: TapEvent[], resolved: {[rider: string]: Place},
 *   reasons: {code: string, detail: string, place: string}[], closed: {version: number, at_ms: number}|null,
 *   checks: {[who in "attendant"|"driver"|"parked"]: Check|null}, faults: string[], departure: string[],
 *   t0_ms: number|null, is_short?: boolean, defects?: Defect[], aside?: string, transfer?: import("./transfer.js").Other|null,
 *   moves?: {[rider: string]: import("./transfer.js").Other}, ladder_min?: number[], short_pct?: number}} News */
/** A defect of the vehicle as a driver reported it; `how` is null while nobody has cleared it. @typedef {{id: string,
 *   run: string, text: string, items: string[], critical: boolean, at_ms: number, how: string|null, read: boolean}} Defect */
/** @typedef {PackRider & {at: Place, disputed: boolean, reason: string|null,
 *   walkOn: boolean}} Shown */

/** @typedef {{index: number, moving: boolean, hasDeparted: boolean}} Position */
/** @typedef {{riders: Shown[], position: Position, here: PackStop, boarding: Shown[], leaving: Shown[], events: TapEvent[],
 *   next: PackStop|null, counts: {[what in "expected"|"aboard"|"waiting"|"absent"|"alighted"]: number},
 *   isTerminal: boolean, isAcked: boolean, count: TapEvent|null}} View */

/** @param {Pack} pack @param {TapEvent[]} own @param {News|null} news @returns {View} */
export function view(pack, own, news) {
  const events = [...new Map([...own, ...(news?.events ?? [])].map((event) => [event.id, event])).values()];
  const folded = fold(events);
  const riders = shownRiders(pack, folded, news?.resolved ?? {});
  const position = whereabouts(pack, folded.valid);
  const here = pack.stops[position.index];
  const boarding = boardingHere(pack, riders, position);
  const leaving = riders.filter((rider) => rider.at === "aboard" && alightsAt(pack, rider, here.stop));
  return {
    riders, position, here, boarding, leaving, events: folded.valid,
    next: pack.stops[position.index + 1] ?? null,
    counts: {
      expected: pack.riders.length,
      aboard: riders.filter((rider) => rider.at === "aboard").length,
      waiting: riders.filter((rider) => rider.at === "expected").length,
      absent: riders.filter((rider) => rider.at === "absent").length,
      alighted: riders.filter((rider) => rider.at === "alighted").length,
    },
    isTerminal: isStranded(goesTo(pack, news), riders) || (!position.moving && position.index === pack.stops.length - 1),
    isAcked: folded.valid.some((event) => event.kind === "ack" && event.roster_v >= pack.roster_v),
    count: lastCount(folded.valid, here.stop),
  };
}

/** @param {Pack} pack @param {import("./fold.js").Riders} folded @param {{[rider: string]: Place}} resolved
 *  @returns {Shown[]} */
function shownRiders(pack, folded, resolved) {
  const listed = new Set(pack.riders.map((rider) => rider.rider));
  const walkOns = [...folded.aboard, ...folded.alighted]
    .filter((rider) => !listed.has(rider))
    .map((rider) => ({ rider, name: rider, class: "", last4: rider.slice(-4), stop: "", twin: false }));
  return [...pack.riders, ...walkOns].map((rider) => {
    const at = resolved[rider.rider] ?? placeOf(folded, rider.rider);
    return {
      ...rider,
      at,
      disputed: folded.disputed.has(rider.rider) && !(rider.rider in resolved),
      reason: folded.absent.get(rider.rider) ?? null,
      walkOn: !listed.has(rider.rider),
    };
  });
}

/** @param {import("./fold.js").Riders} folded @param {string} rider @returns {Place} */
function placeOf(folded, rider) {
  if (folded.aboard.has(rider)) return "aboard";
  if (folded.alighted.has(rider)) return "alighted";
  return folded.absent.has(rider) ? "absent" : "expected";
}

/** Where the bus is by its last arrival or departure; before any, at its first stop.
 * @param {Pack} pack @param {TapEvent[]} events @returns {Position} */
function whereabouts(pack, events) {
  const moves = events.filter((event) => event.kind === "arrive" || event.kind === "depart").sort(byMoment);
  const last = moves[moves.length - 1];
  const index = last ? pack.stops.findIndex((stop) => stop.stop === last.stop) : 0;
  return { index: Math.max(index, 0), moving: last?.kind === "depart", hasDeparted: moves.length > 0 };
}

/** Those who are to get on where the bus stands and of whom nothing is known.
 * @param {Pack} pack @param {Shown[]} riders @param {Position} position @returns {Shown[]} */
function boardingHere(pack, riders, position) {
  const stop = pack.stops[position.index].stop;
  const boards = pack.direction === "homeward" ? position.index === 0 : position.index < pack.stops.length - 1;
  if (!boards || position.moving) return [];
  return riders.filter((rider) => rider.at === "expected" && !rider.from && (pack.direction === "homeward" || rider.stop === stop));
}

/** @param {Pack} pack @param {PackRider} rider @param {string} stop @returns {boolean} */
export const alightsAt = (pack, rider, stop) =>
  pack.direction === "homeward" ? (changeOf(pack, rider.rider)?.stop ?? rider.stop) === stop
    : stop === pack.stops[pack.stops.length - 1].stop;

/** @param {Pack} pack @param {string} rider @returns {Change|null} */
export const changeOf = (pack, rider) => pack.changes?.find((change) => change.rider === rider) ?? null;

/** The last head count here that nothing has overtaken. @param {TapEvent[]} events @param {string} stop
 *  @returns {TapEvent|null} */
function lastCount(events, stop) {
  const ordered = [...events].sort(byMoment);
  const at = ordered.findLastIndex((event) => event.kind === "headcount" && event.stop === stop);
  if (at < 0) return null;
  const moved = ordered.slice(at + 1).some((event) => ["board", "alight", "moved_in", "moved_out", "void"].includes(event.kind));
  return moved ? null : ordered[at];
}

/** @typedef {"papers"|"ack"|"waiting"|"count"|"mismatch"|"leaving"|"handover"} Gap */

/** What is missing before the bus may leave this stop, all at once.
 * @param {Pack} pack @param {View} shown @param {string[]} [papers] what the office says forbids the run
 * @returns {Gap[]} */
export function departureGaps(pack, shown, papers = []) {
  /** @type {Gap[]} */
  const gaps = [];
  if (shown.position.index === 0 && papers.length > 0) gaps.push("papers");
  if (!shown.isAcked) gaps.push("ack");
  if (shown.boarding.length > 0) gaps.push("waiting");
  if (needsCount(pack, shown)) {
    if (!shown.count) gaps.push("count");
    else if (shown.count.n !== shown.counts.aboard) gaps.push("mismatch");
  }
  if (shown.position.index > 0 && shown.leaving.length > 0) gaps.push("leaving");
  if (waitingFor(pack, shown).length > 0) gaps.push("handover");
  return gaps;
}

/** Riders are counted wherever some get on. @param {Pack} pack @param {View} shown @returns {boolean} */
export const needsCount = (pack, shown) =>
  pack.direction === "homeward" ? shown.position.index === 0 : !shown.isTerminal;

/** What a tap on a rider's card means here and now.
 * @param {Pack} pack @param {View} shown @param {Shown} rider @param {TapEvent[]} own
 * @param {number} monoMs @param {string} boot @returns {{kind: "board"|"alight"|"void"|"none", stop?: string|null, refs?: string[], codes?: string[]}} */
export function meaningOfTap(pack, shown, rider, own, monoMs, boot) {
  const stop = shown.position.moving ? null : shown.here.stop;
  if (rider.at !== "aboard") {
    return rider.at === "absent" || rider.at === "expected" || !shown.isTerminal
      ? { kind: "board", stop }
      : { kind: "none" };
  }
  const last = own.filter((event) => event.rider === rider.rider).sort((a, b) => b.seq - a.seq)[0];
  const isFresh = last && last.kind === "board" && last.boot === boot && monoMs - last.mono_ms < UNDO_MS;
  const boardsHere = needsCount(pack, shown) && !shown.position.moving;
  if (isFresh && boardsHere && last.stop === stop) return { kind: "void", refs: [last.id] };
  const change = changeOf(pack, rider.rider);
  return change && change.stop === stop ? { kind: "alight", stop, codes: [`change:${change.no}`] } : { kind: "alight", stop };
}

export const UNDO_MS = 110 * 1000; // a little less than the server's two minutes, for the way there
