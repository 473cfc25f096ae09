// The first page of a vehicle's tablet: today's runs of the bus, without anybody's session. Whoever opens one
// shows a PIN there. The lists are fetched while the server can be heard; without it those on the tablet stand.

import { act } from "./acting.js";
import { restAt } from "./at_rest.js";
import { sendFormer } from "./former.js";
import { STORE } from "./identity.js";
import { drawRuns } from "./kept_runs.js";
import { keepNewest } from "./newer.js";
import { keptPack, prefetch } from "./pack.js";
import { sayHere, tellLoss } from "./presence.js";
import { h, icon, note, say } from "./screens/parts.js";
import { pinForm } from "./screens/pin.js";
import { rememberVehicle } from "./shelf.js";
import { openStore } from "./store.js";

/** @typedef {import("./outbox.js").Store} Store */

const AGAIN_MS = 60_000;
const LINE = {
  fetch: (/** @type {string} */ path, /** @type {RequestInit} */ options) => fetch(path, options),
  wallMs: () => Date.now(), monoMs: () => Math.round(performance.now()),
};

/** The first device of this tablet wrote in the place of all, the later ones each in its own.
 * @param {number} dev @returns {Promise<Store[]>} */
const placesOf = (dev) => Promise.all([openStore(STORE), openStore(`${STORE}-${dev}`)]);

/** @param {HTMLElement} root @returns {Promise<void>} */
export async function vehiclePage(root) {
  for (const each of root.querySelectorAll("[data-run-only]")) /** @type {HTMLElement} */ (each).hidden = true;
  const store = await openStore(STORE);
  const identity = await store.get("identity");
  const title = root.querySelector("[data-no]");
  if (title) title.textContent = identity?.plate ?? say("kept_title");
  if (!identity?.plate) {
    drawRuns(root, [], note("warn", "alert", say("vehicle_not_enrolled"), enrolLink()));
    root.dataset.ready = "true";
    return;
  }
  await rememberVehicle();
  const look = async () => {
    const offset = await store.get("offset");
    const headers = { Authorization: `Device ${identity.token}` };
    const told = await prefetch(store, headers, Date.now() + (offset?.off_ms ?? 0));
    await show(root, store, told);
    if (!told.runs) return;
    const [by = null] = Object.keys((await store.get("identity"))?.pins ?? {});
    await restAt(STORE, by, root.dataset.app ?? "");
    await show(root, store, told); // what it let go is no longer offered
    await sendFormer(store, placesOf, LINE);
  };
  if (!identity.pins) return firstPerson(root, store);
  await show(root, store, null);
  root.dataset.ready = "true";
  void sayWhetherReady(root, identity.token);
  await look();
  window.setInterval(() => void look(), AGAIN_MS);
  window.addEventListener("online", () => void look());
  await keepNewest();
}

/** Before the bus leaves, not after: whether the browser keeps what is recorded, or the office lets it ride so.
 * @param {HTMLElement} root @param {string} token @returns {Promise<void>} */
async function sayWhetherReady(root, token) {
  await navigator.storage?.persist?.();
  const told = await sayHere({ Authorization: `Device ${token}` });
  const bar = root.querySelector("[data-screen-place]");
  root.querySelector("[data-not-ready]")?.remove();
  if (told && !told.ready) {
    const warning = note("warn", "alert", say("vehicle_not_ready"));
    warning.dataset.notReady = "";
    bar?.before(warning);
  }
  await tellLoss(told);
}

/** Nobody can record here before a PIN was shown once: until then the tablet has no list, and no run waits for it.
 * @param {HTMLElement} root @param {Store} store @returns {void} */
function firstPerson(root, store) {
  const form = pinForm(store, (entered) => {
    act(entered, Date.now());
    location.reload();
  });
  drawRuns(root, [], h("section", { class: "card stack" }, h("h2", {}, say("pin_title")), h("p", {}, say("pin_text")), form));
  root.dataset.ready = "true";
  void navigator.storage?.persist?.();
  void keepNewest();
}

/** The runs whose lists are here; where the server was heard, only those that it still gives to this bus.
 * @param {HTMLElement} root @param {Store} store @param {import("./pack.js").Told|null} told @returns {Promise<void>} */
async function show(root, store, told) {
  const packs = [];
  for (const key of await store.keys()) {
    const pack = key.startsWith("pack:") ? await keptPack(store, key.slice("pack:".length)) : null;
    if (pack && (!told?.runs || told.runs.some(({ run }) => run === pack.run))) packs.push({ crew: null, pack });
  }
  const said = told === null ? null
    : told.status === 401 || told.status === 403 ? note("bad", "alert", say("vehicle_refused"), enrolLink())
    : !told.runs ? note("off", "offline", say("kept_text"))
    : packs.length === 0 ? note("info", "info", say("vehicle_no_runs")) : null;
  drawRuns(root, packs, said);
}

/** @returns {HTMLElement} */
const enrolLink = () => h("p", {}, h("a", { class: "btn btn--touch", href: "/tablet/enrol" }, icon("qr"), say("vehicle_enrol")));
