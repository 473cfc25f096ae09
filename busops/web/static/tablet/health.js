// How the tablet itself is: the strip that always says what is known here and what of the whole bus, the
// violet bar of the network, and the red screen when a tap could not be written.

import { fold } from "./fold.js";
import { button, drawOnce, h, icon, say } from "./screens/parts.js";

/** @typedef {import("./sync.js").SyncState} SyncState */
/** @typedef {{here: number, bus: number|null, ageMs: number|null, waiting: number}} Known */
/** @typedef {Pick<import("./screens/sound.js").Alarm, "ring"|"silence">} Alarm */

const STALE_MS = 120_000;
const MINUTE_MS = 60_000;

/** What the strip says: the riders aboard by this tablet alone, by all there is, and how old that is.
 * @param {import("./model.js").TapEvent[]} own @param {number} merged
 * @param {import("./model.js").News|null} news @param {{nowMs: number, waiting: number}} state @returns {Known} */
export function known(own, merged, news, { nowMs, waiting }) {
  return {
    here: fold(own).aboard.size, bus: news ? merged : null,
    ageMs: news ? Math.max(0, nowMs - news.now) : null, waiting,
  };
}

/** @param {HTMLElement} place @param {Known} state @returns {void} */
export function drawStrip(place, { here, bus, ageMs, waiting }) {
  const isOld = ageMs === null || ageMs > STALE_MS;
  const age = ageMs === null ? say("strip_never") : ageMs < MINUTE_MS
    ? say("strip_seconds", { n: 10 * Math.floor(ageMs / 10_000) })
    : say("strip_minutes", { n: Math.floor(ageMs / MINUTE_MS) });
  place.dataset.old = String(isOld);
  drawOnce(place, [here, bus, age, waiting, isOld], () => [
    h("span", { "data-here": here }, say("strip_here"), h("b", {}, String(here))),
    h("span", { "data-bus": bus ?? "" }, say("strip_bus"), h("b", {}, bus === null ? "–" : String(bus))),
    h("span", { class: "strip__age" }, isOld && icon("alert"), age),
    h("span", { "data-unsent": waiting }, say("strip_waiting"), h("b", {}, String(waiting))),
  ]);
}

/** The violet bar: calm, and exact about what waits. @param {HTMLElement} root @param {SyncState} state
 * @param {string} way where to enrol again @returns {void} */
export function drawNetwork(root, state, way) {
  const bar = /** @type {HTMLElement} */ (root.querySelector("[data-network]"));
  const lost = !state.online || state.problem !== null;
  bar.hidden = !lost && state.waiting === 0 && state.refused === 0;
  root.classList.toggle("net-on", !bar.hidden);
  bar.dataset.waiting = String(state.waiting);
  bar.dataset.online = String(state.online);
  if (bar.hidden) return;
  const head = state.problem === "fork" ? "stopped_sending" : lost ? "offline_waiting" : state.waiting ? "sending" : "kept_apart";
  const text = state.problem ? `problem_${state.problem}` : lost ? "offline_calm" : state.waiting ? "sending_calm" : "kept_apart_text";
  bar.classList.toggle("cab__off--quiet", !lost && state.refused === 0);
  bar.classList.toggle("cab__off--bad", state.problem === "fork");
  drawOnce(bar, [head, text, state.waiting, state.refused], () => [
    icon(lost ? "offline" : "sync"), h("strong", {}, say(head, { n: state.waiting || state.refused })), h("span", {}, say(text)),
    state.problem === "enrol" && h("a", { class: "btn btn--s", href: way }, say("enrol_again")),
  ]);
}

/** Nothing was written: red, loud, and with the way out. It goes only when the tablet can write again.
 * @param {Alarm} alarm @param {() => Promise<void>} tryAgain writes something, or rejects @returns {Promise<void>} */
export function redScreen(alarm, tryAgain) {
  if (document.querySelector("[data-red]")) return Promise.resolve();
  return new Promise((resolve) => {
    const still = h("p", { class: "strong", role: "alert", hidden: true }, say("red_still"));
    const box = h("dialog", { class: "red", "data-red": true, "aria-labelledby": "red-title" },
      icon("alert"), h("h2", { id: "red-title" }, say("red_title")), h("p", {}, say("red_text")),
      h("p", { class: "strong" }, say("red_paper")), still,
      h("div", { class: "pick" },
        button({ word: say("red_retry"), icon: "undo", size: "now", act: async () => {
          try {
            await tryAgain();
          } catch {
            still.hidden = false;
            return;
          }
          alarm.ring("off", "");
          box.close();
          box.remove();
          resolve();
        } }),
        button({ word: say("i_know"), icon: "bell", act: () => alarm.silence() })));
    box.addEventListener("cancel", (event) => event.preventDefault());
    document.body.append(box);
    box.showModal();
    navigator.vibrate?.([400, 200, 400]);
    alarm.ring("siren", `${say("red_title")} ${say("red_paper")}`);
  });
}
