// Riders who change buses, as a screen needs them: where this bus's riders go, who comes over from which
// run. Pure; who changes is tapped by both attendants, and works from what the tablet has.

/** The other bus's run, as the office named it. @typedef {{run: string, name: string}} Other */
/** @typedef {import("./model.js").Pack} Pack */
/** @typedef {import("./model.js").News} News */
/** @typedef {import("./model.js").Shown} Shown */

/** Where this bus's riders go, when it goes no further; the server's word is newer than the list's.
 * @param {Pack} pack @param {News|null} news @returns {Other|null} */
export const goesTo = (pack, news) => news?.transfer ?? pack.transfer ?? null;

/** Where one rider goes: the bus that the office named for him, else where all of this one's go.
 * @param {Pack} pack @param {News|null} news @param {string} rider @returns {Other|null} */
export const goesAlone = (pack, news, rider) => (news?.moves ?? pack.moves)?.[rider] ?? goesTo(pack, news);

/** Who still goes over, by the bus that takes each. @param {Pack} pack @param {News|null} news @param {Shown[]} riders
 * @returns {{to: Other, riders: Shown[]}[]} */
export function goingOver(pack, news, riders) {
  /** @type {Map<string, {to: Other, riders: Shown[]}>} */
  const found = new Map();
  for (const rider of riders) {
    const to = rider.at === "aboard" ? goesAlone(pack, news, rider.rider) : null;
    if (!to) continue;
    const group = found.get(to.run) ?? { to, riders: [] };
    group.riders.push(rider);
    found.set(to.run, group);
  }
  return [...found.values()].sort((a, b) => (a.to.run < b.to.run ? -1 : 1));
}

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
