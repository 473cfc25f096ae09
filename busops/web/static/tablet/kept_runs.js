// The runs whose lists are on this tablet, for the start without a network: the server's own page of
// today's runs cannot be had then.

import { keepNewest } from "./newer.js";
import { keptPack } from "./pack.js";
import { chinese, h, icon, note, say, separator, timeOfDay } from "./screens/parts.js";
import { crewsHere, pathOf } from "./shelf.js";
import { openStore } from "./store.js";

/** @typedef {import("./model.js").Pack} Pack */
/** @typedef {{crew: string, pack: Pack}} KeptRun */

/** @returns {Promise<KeptRun[]>} by departure */
async function keptRuns() {
  /** @type {KeptRun[]} */
  const found = [];
  for (const crew of crewsHere()) {
    const store = await openStore(`busops-tablet-${crew}`);
    for (const key of await store.keys()) {
      const pack = key.startsWith("pack:") ? await keptPack(store, key.slice("pack:".length)) : null;
      if (pack) found.push({ crew, pack });
    }
  }
  return found.sort((a, b) => a.pack.departs_ms - b.pack.departs_ms);
}

/** @param {HTMLElement} root @returns {Promise<void>} */
export async function listKeptRuns(root) {
  const place = /** @type {HTMLElement} */ (root.querySelector("[data-screen-place]"));
  for (const each of root.querySelectorAll("[data-run-only]")) /** @type {HTMLElement} */ (each).hidden = true;
  const title = root.querySelector("[data-no]");
  if (title) title.textContent = say("kept_title");
  const runs = await keptRuns();
  place.replaceChildren(h("div", { class: "drv pick-run" },
    note("off", "offline", runs.length ? say("kept_text") : say("kept_none")),
    ...runs.map(card),
    h("p", {}, h("a", { class: "btn btn--touch", href: "/tablet/" }, icon("sync"), say("look_again")))));
  root.dataset.ready = "true";
  await keepNewest(); // a server that is only slow sends people here too
}

/** @param {KeptRun} kept @returns {HTMLElement} */
function card({ crew, pack }) {
  const outer = pack.stops[pack.direction === "homeward" ? pack.stops.length - 1 : 0];
  const own = pack.crew.filter((member) => member.crew === crew);
  return h("section", { class: "card", "data-kept": pack.run },
    h("div", { class: "row" },
      h("h2", { class: "cab__run" }, say("run_no", { no: pack.name }), separator(), chinese(outer.name)),
      h("span", { class: "push strong nb" }, timeOfDay(pack.departs_ms))),
    h("p", { class: "muted" }, pack.plate, separator(), say(`way_${pack.direction}`), separator(),
      say("riders_expected", { n: pack.riders.length })),
    h("div", { class: "pick" }, ...own.map((member) => {
      const screen = member.role === "DRIVER" ? "driver" : "attendant";
      return h("a", { class: "btn btn--touch btn--do", href: pathOf({ run: pack.run, crew, screen }) },
        icon(screen === "driver" ? "bus" : "users"), h("span", {}, say(`other_${screen}`), " ", chinese(member.name, "name")));
    })));
}
