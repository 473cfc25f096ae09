// Starts a tablet page: who holds it, what run, which screen; then keeps outbox, server and screen together.
// One tap: write to the outbox → the screen turns green → send → the server's answer → a grey tick.

import { digest, uuid7 } from "./canonical.js";
import { deviceClock } from "./clock.js";
import { view } from "./model.js";
import { Outbox } from "./outbox.js";
import { loadPack } from "./pack.js";
import { attendantScreen } from "./screens/attendant.js";
import { driverScreen } from "./screens/driver.js";
import { equip, h, icon, say, timeOfDay } from "./screens/parts.js";
import { enrol } from "./session.js";
import { openStore } from "./store.js";
import { EVERY_MS, Sync, watchNetwork } from "./sync.js";

/** @typedef {import("./model.js").Pack} Pack */
/** @typedef {import("./model.js").News} News */
/** @typedef {import("./model.js").View} View */
/** What a kind of tap says beside itself. @typedef {Partial<Omit<import("./outbox.js").Tap, "kind"|"run"|"roster_v">>} Fields */
/** @typedef {{pack: Pack, outbox: Outbox, clock: import("./clock.js").DeviceClock, news: () => News|null,
 *   shown: () => View, sync: () => import("./sync.js").SyncState, serverMs: () => number,
 *   tap: (kind: import("./canonical.js").Kind, fields: Fields) => Promise<boolean>, seal: () => Promise<void>,
 *   close: () => Promise<"closed"|"refused"|"unreachable">, headers: {[name: string]: string}}} Context */

const APP = "0.1.0";
const NEWS_AFTER_MS = 600;
const root = /** @type {HTMLElement} */ (document.querySelector("[data-run]"));
/** @type {{[key: string]: string}} */
const spoken = JSON.parse(/** @type {HTMLElement} */ (document.getElementById("words")).textContent ?? "{}");
equip(spoken, root.dataset.icons ?? "");

/** @param {string} problem the key of a sentence @returns {void} */
function stopWith(problem) {
  const box = /** @type {HTMLElement} */ (root.querySelector("[data-failure]"));
  box.replaceChildren(icon("alert"), h("strong", {}, say(problem)));
  box.hidden = false;
}

/** The page lives: it knows who holds it and what run, or says why it does not. @returns {Promise<void>} */
async function start() {
  const run = root.dataset.run ?? "";
  const crew = root.dataset.crew ?? "";
  const clock = deviceClock(Date, performance, () => crypto.randomUUID());
  const store = await openStore(`busops-tablet-${crew}`);
  const identity = await enrol(store, crew);
  if (!identity) return stopWith("not_enrolled");
  const headers = { Authorization: `Device ${identity.token}` };
  const { pack: found, isFresh } = await loadPack(store, run, headers);
  if (!found) return stopWith("no_pack");
  /** @type {Pack} */
  const pack = found;

  const means = { wallMs: clock.wallMs, monoMs: clock.monoMs, uuid: uuid7, digest, hasParted: clock.hasParted,
    get boot() { return clock.boot; } };
  const outbox = await Outbox.open(store, means, { dev: identity.dev, by: crew, app: APP });
  /** @type {News|null} */
  let news = (await store.get(`news:${run}`)) ?? null;
  /** @type {{update: () => void}} */
  let screen = { update: () => undefined };

  const sync = new Sync(outbox, {
    fetch: (path, options) => fetch(path, options), wallMs: clock.wallMs, token: identity.token,
    later: (act, ms) => window.setTimeout(act, ms), onChange: () => draw(),
  });
  sync.state.online = isFresh;

  /** @returns {void} */
  function draw() {
    drawNetwork(sync.state);
    screen.update();
  }

  /** The list on the screen is the newest one; what was tapped stays. @returns {Promise<void>} */
  async function refreshPack() {
    const { pack: newest } = await loadPack(store, run, headers);
    if (newest && newest.roster_v > pack.roster_v) Object.assign(pack, newest);
  }

  /** @returns {Promise<void>} */
  async function refreshNews() {
    const askedMs = clock.wallMs();
    try {
      const response = await fetch(`/api/v1/runs/${encodeURIComponent(run)}/news`, { headers });
      if (response.status !== 200) return;
      /** @type {News} */
      const told = await response.json();
      // Before the first batch nobody has told this tablet the time.
      if (!outbox.offset) await outbox.setOffset(told.now - (askedMs + clock.wallMs()) / 2);
      news = told;
      sync.state.online = true;
      await store.put(`news:${run}`, told);
      if (told.roster_v > pack.roster_v) await refreshPack();
    } catch {
      sync.state.online = false;
    }
    draw();
  }

  let learning = 0;
  /** @returns {Promise<void>} */
  async function sendAndLearn() {
    await sync.nudge();
    // Taps come fast; what the others did is asked for once they pause.
    window.clearTimeout(learning);
    learning = window.setTimeout(() => void refreshNews(), NEWS_AFTER_MS);
  }

  /** @type {Context} */
  const context = {
    pack, outbox, clock, headers, news: () => news, shown: () => view(pack, outbox.eventsOf(run), news),
    sync: () => sync.state, serverMs: () => clock.wallMs() + (outbox.offset?.off_ms ?? 0),
    tap: async (kind, fields) => {
      try {
        await outbox.append({ kind, run, roster_v: pack.roster_v, ...fields });
      } catch {
        stopWith("not_written");
        return false;
      }
      navigator.vibrate?.(20);
      draw();
      void sendAndLearn();
      return true;
    },
    seal: async () => {
      await outbox.seal({ kind: "seal", run, roster_v: pack.roster_v });
      await sendAndLearn();
    },
    close: () => close(),
  };

  /** @returns {Promise<"closed"|"refused"|"unreachable">} */
  const close = async () => {
    const own = outbox.eventsOf(run);
    if (own.length > 0 && own[own.length - 1].kind !== "seal") {
      await outbox.seal({ kind: "seal", run, roster_v: pack.roster_v });
    }
    await sync.nudge();
    try {
      const response = await fetch(`/api/v1/runs/${encodeURIComponent(run)}/close`, {
        method: "POST", headers: { ...headers, "Content-Type": "application/json" }, body: "{}",
      });
      await refreshNews();
      if (response.status === 200) return "closed";
      return response.status === 409 ? "refused" : "unreachable";
    } catch {
      return "unreachable";
    }
  };

  screen = root.dataset.screen === "driver" ? driverScreen(root, context) : attendantScreen(root, context);
  draw();
  root.dataset.ready = "true";
  watchNetwork(sync, window);
  window.setInterval(() => void refreshNews(), root.dataset.screen === "driver" ? EVERY_MS / 3 : EVERY_MS);
  window.setInterval(() => {
    const clockFace = root.querySelector("[data-clock]");
    if (clockFace) clockFace.textContent = timeOfDay(context.serverMs());
    screen.update();
  }, 1000);
  void refreshNews(); // another tablet of this run may have marked riders already
  await sendAndLearn();
}

/** The violet bar: calm, and exact about what waits. @param {import("./sync.js").SyncState} state
 * @returns {void} */
function drawNetwork(state) {
  const bar = /** @type {HTMLElement} */ (root.querySelector("[data-network]"));
  const lost = !state.online || state.problem !== null;
  bar.hidden = !lost && state.waiting === 0 && state.refused === 0;
  root.classList.toggle("net-on", !bar.hidden);
  bar.dataset.waiting = String(state.waiting);
  bar.dataset.online = String(state.online);
  if (bar.hidden) return;
  const head = lost ? "offline_waiting" : state.waiting ? "sending" : "kept_apart";
  const text = state.problem ? `problem_${state.problem}` : lost ? "offline_calm" : state.waiting ? "sending_calm" : "kept_apart_text";
  bar.classList.toggle("cab__off--quiet", !lost && state.refused === 0);
  bar.replaceChildren(icon(lost ? "offline" : "sync"), h("strong", {}, say(head, { n: state.waiting || state.refused })),
    h("span", {}, say(text)));
}

start().catch((error) => {
  stopWith("start_failed");
  throw error;
});
