// The runs whose lists are on this tablet, for the start without a network: the server's own page of
// today's runs cannot be had then.

import { STORE } from "./identity.js";
import { keepNewest } from "./newer.js";
import { keptPack } from "./pack.js";
import { chinese, drawOnce, h, icon, note, say, separator, timeOfDay } from "./screens/parts.js";
import { crewsHere, isVehicles, pathOf } from "./shelf.js";
import { openStore } from "./store.js";

/** @typedef {import("./model.js").Pack} Pack */
/** A run whose list is here, and whose it is; null: a vehicle's, of whoever shows a PIN.
 * @typedef {{crew: string|null, pack: Pack}} KeptRun */

/** @returns {Promise<KeptRun[]>} */
async function keptRuns() {
  /** @type {KeptRun[]} */
  const found = [];
  /** @param {string} name @param {string|null} crew @returns {Promise<void>} */
  const collect = async (name, crew) => {
    const store = await openStore(name);
    for (const key of await store.keys()) {
      const pack = key.startsWith("pack:") ? await keptPack(store, key.slice("pack:".length)) : null;
      if (pack) found.push({ crew, pack });
    }
  };
  for (const crew of crewsHere()) await collect(`busops-tablet-${crew}`, crew);
  if (isVehicles()) await collect(STORE, null);
  return found;
}

/** @param {HTMLElement} root @returns {Promise<void>} */
export async function listKeptRuns(root) {
  for (const each of root.querySelectorAll("[data-run-only]")) /** @type {HTMLElement} */ (each).hidden = true;
  const title = root.querySelector("[data-no]");
  if (title) title.textContent = say("kept_title");
  const runs = await keptRuns();
  drawRuns(root, runs, note("off", "offline", runs.length ? say("kept_text") : say("kept_none")));
  root.dataset.ready = "true";
  await keepNewest(); // a server that is only slow sends people here too
}

/** The runs by departure, under what is to be said first. @param {HTMLElement} root @param {KeptRun[]} runs
 * @param {import("./screens/parts.js").Child} said @returns {void} */
export function drawRuns(root, runs, said) {
  const place = /** @type {HTMLElement} */ (root.querySelector("[data-screen-place]"));
  const sorted = [...runs].sort((a, b) => a.pack.departs_ms - b.pack.departs_ms);
  const key = [sorted.map(({ crew, pack }) => [crew, pack.run, pack.roster_v, pack.crew]), said instanceof Node && said.textContent];
  drawOnce(place, key, () => [h("div", { class: "drv pick-run" }, said, ...sorted.map(card),
    h("p", {}, h("a", { class: "btn btn--touch", href: "" }, icon("sync"), say("look_again"))))]);
}

/** @param {KeptRun} kept @returns {HTMLElement} */
function card({ crew, pack }) {
  const outer = pack.stops[pack.direction === "homeward" ? pack.stops.length - 1 : 0];
  const own = pack.crew.filter((member) => crew === null || member.crew === crew);
  return h("section", { class: "card", "data-kept": pack.run },
    h("div", { class: "row" },
      h("h2", { class: "cab__run" }, say("run_no", { no: pack.name }), separator(), chinese(outer.name)),
      h("span", { class: "push strong nb" }, timeOfDay(pack.departs_ms))),
    h("p", { class: "muted" }, pack.plate, separator(), say(`way_${pack.direction}`), separator(),
      say("riders_expected", { n: pack.riders.length })),
    h("div", { class: "pick" }, ...own.map((member) => {
      const screen = member.role === "DRIVER" ? "driver" : "attendant";
      return h("a", { class: "btn btn--touch btn--do",
        href: pathOf({ run: pack.run, crew: member.crew, screen, isVehicles: crew === null }) },
      icon(screen === "driver" ? "bus" : "users"), h("span", {}, say(`other_${screen}`), " ", chinese(member.name, "name")));
    })));
}
