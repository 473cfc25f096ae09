// The page a new tablet opens from its code: takes the offer, shows the digits, waits for the office. Once
// in use it lets people show their PIN before departure, so that the tablet can check it alone later.

import { STORE, standing, takeOffer } from "../identity.js";
import { openStore } from "../store.js";
import { VEHICLE_PATH } from "../shelf.js";
import { button, chinese, equip, h, icon, learn, say } from "./parts.js";
import { enteredNote, pinForm } from "./pin.js";

/** @typedef {import("../session.js").Identity} Identity */
/** @typedef {import("../outbox.js").Store} Store */

const ASKED_MS = 2000;
const CODE = /^[A-Za-z0-9_-]{22,64}$/;
const root = /** @type {HTMLElement} */ (document.querySelector("[data-enrol]"));
const place = /** @type {HTMLElement} */ (root.querySelector("[data-place]"));
/** @type {{[key: string]: string}} */
const spoken = JSON.parse(/** @type {HTMLElement} */ (document.getElementById("words")).textContent ?? "{}");
equip(spoken, root.dataset.icons ?? "");
learn("words-pin");

/** @param {string} title @param {...import("./parts.js").Child} rest @returns {void} */
function show(title, ...rest) {
  place.replaceChildren(h("h2", {}, title), .../** @type {(Node|string)[]} */ (rest.filter(Boolean)));
}

/** @param {string} key @returns {HTMLElement} */
const trouble = (key) => h("div", { class: "note note--bad", role: "alert" }, icon("alert"), h("div", {}, say(key)));

/** @param {Identity} identity @returns {HTMLElement} */
function whose(identity) {
  const role = say(identity.role === "DRIVER" ? "role_DRIVER" : "role_ATTENDANT");
  return h("p", { class: "strong" }, chinese(identity.plate ?? ""), " · ", role);
}

/** Whoever has no camera types the code. @param {Store} store @param {string} [fault] @returns {void} */
function ask(store, fault) {
  const field = h("input", { class: "input", id: "code", autocomplete: "off", autocapitalize: "off", spellcheck: "false" });
  const form = h("form", { class: "stack stack--3", onsubmit: (event) => {
    event.preventDefault();
    void take(store, field.value.trim());
  } }, h("div", { class: "field" }, h("label", { for: "code" }, say("code_label")), field),
  h("button", { class: "btn btn--do btn--touch", type: "submit" }, say("take")));
  show(say("scan_title"), fault && trouble(fault), h("p", {}, say("scan_text")), form);
}

/** @param {Store} store @param {string} code @returns {Promise<void>} */
async function take(store, code) {
  if (!CODE.test(code)) return ask(store, "code_wrong");
  show(say("working"));
  const taken = await takeOffer(store, code);
  if (taken === "no_network") {
    const again = button({ word: say("again"), icon: "sync", kind: "do", act: () => void take(store, code) });
    return show(say("scan_title"), trouble(taken), again);
  }
  return typeof taken === "string" ? ask(store, taken) : wait(store, taken);
}

/** The digits stand until somebody has compared them. @param {Store} store @param {Identity} identity
 * @returns {Promise<void>} */
async function wait(store, identity) {
  const told = await standing(identity);
  const state = told === "unreachable" && root.dataset.state !== "pending" && identity.pins ? "active" : told;
  if (state === "active") {
    root.dataset.state = state;
    return ready(store, identity);
  }
  if (state === "frozen" || state === "unknown") {
    root.dataset.state = state;
    return show(say("frozen_title"), h("p", { role: "alert" }, say("frozen_text")),
      button({ word: say("scan_title"), icon: "qr", act: () => ask(store) }));
  }
  if (root.dataset.state !== "pending") {
    const digits = identity.check ?? "";
    root.dataset.state = "pending";
    show(say("compare_title"), whose(identity),
      h("p", { class: "digits", "data-check": digits }, `${digits.slice(0, 3)} ${digits.slice(3)}`),
      h("p", {}, say("compare_text")));
  }
  window.setTimeout(() => void wait(store, identity), ASKED_MS);
}

/** In use: whoever rides shows the PIN here once, online. @param {Store} store @param {Identity} identity
 * @param {import("../pin.js").Acting} [acting] @returns {void} */
function ready(store, identity, acting) {
  show(say("ready_title"), whose(identity), h("p", {}, say("ready_text", { plate: identity.plate ?? "", dev: identity.dev })),
    acting && enteredNote(acting), h("h3", {}, say("pin_title")), h("p", {}, say("pin_text")),
    pinForm(store, (entered) => ready(store, identity, entered)),
    h("p", {}, h("a", { class: "btn btn--touch", href: VEHICLE_PATH }, icon("list"), say("vehicle_open"))));
}

/** @returns {Promise<void>} */
async function start() {
  const code = location.hash.slice(1);
  history.replaceState(null, "", location.pathname); // the code must not stay in the address
  if (!window.isSecureContext) return show(say("needs_https"));
  const store = await openStore(STORE);
  if (code) return take(store, code);
  const known = await store.get("identity");
  return known?.plate ? wait(store, known) : ask(store);
}

start().catch((error) => {
  show(say("not_kept"));
  throw error;
});
