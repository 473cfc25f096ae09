// The page of today's runs: the worker is kept ready, the lists of the next hours are fetched, a newer
// version comes in while nothing can be lost by it.

import { restAt } from "./at_rest.js";
import { keepNewest } from "./newer.js";
import { prefetch } from "./pack.js";
import { pruneEverywhere } from "./prune.js";
import { crewsHere, forgetSeats } from "./shelf.js";
import { watchLanguage } from "./shell.js";
import { openStore } from "./store.js";

const REST_MS = 60_000;

/** @returns {Promise<void>} */
async function rest() {
  for (const crew of crewsHere()) await restAt(`busops-tablet-${crew}`, crew, document.body.dataset.app ?? "");
}

/** @returns {Promise<void>} */
async function fetchLists() {
  for (const crew of crewsHere()) {
    const store = await openStore(`busops-tablet-${crew}`);
    const identity = await store.get("identity");
    const offset = await store.get("offset");
    if (identity) await prefetch(store, { Authorization: `Device ${identity.token}` }, Date.now() + (offset?.off_ms ?? 0));
  }
}

/** What the browser may throw away it says before the bus leaves, not after. @returns {Promise<void>} */
async function sayWhetherKept() {
  const place = /** @type {HTMLElement|null} */ (document.querySelector("[data-not-kept]"));
  const isKept = (await navigator.storage?.persist?.()) ?? false;
  if (place) place.hidden = isKept;
}

document.querySelector('form[action="/signout"]')?.addEventListener("submit", forgetSeats);
watchLanguage();
await sayWhetherKept();
await keepNewest();
await pruneEverywhere(openStore, indexedDB, Date.now()).catch(() => undefined);
await fetchLists();
await rest();
window.setInterval(() => void rest(), REST_MS);
