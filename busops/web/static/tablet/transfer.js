// Riders who change buses, as a screen needs them: where this bus's riders go, who comes over from which
// run. Pure; who changes is tapped by both attendants, and works from what the tablet has.

/** The other bus's run, as the office named it. @typedef {{run: string, name: string}} Other */
/** @typedef {import("./model.js").Pack} Pack */
/** @typedef {import("./model.js").News} News */
/** @typedef {import("./model.js").Shown} Shown */

/** Where this bus's riders go, when it goes no further; the server's word is newer than the list's.
 * @param {Pack} pack @param {News|null} news @returns {Other|null} */
export const goesTo = (pack, news) => news?.transfer ?? pack.transfer ?? null;

/** Whether the bus has ended where it stands: everybody went over or got off, nobody is awaited.
 * @param {Other|null} to @param {Shown[]} riders @returns {boolean} */
export const isStranded = (to, riders) =>
  to !== null && riders.every((rider) => rider.at === "alighted" || rider.at === "absent");

/** Who still comes over, by the run that each comes from. @param {Shown[]} riders @returns {{of: Other, riders: Shown[]}[]} */
export function comingOver(riders) {
  /** @type {Map<string, {of: Other, riders: Shown[]}>} */
  const found = new Map();
  for (const rider of riders) {
    if (!rider.from || rider.at !== "expected") continue;
    const group = found.get(rider.from.run) ?? { of: rider.from, riders: [] };
    group.riders.push(rider);
    found.set(rider.from.run, group);
  }
  return [...found.values()];
}
