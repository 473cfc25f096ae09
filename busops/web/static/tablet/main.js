// Starts a tablet page on a run: who sits here, what is on disk, which screen; the network comes after.
// One tap: write to the outbox → the screen turns green → send → the server's answer → a grey tick.

import { ANSWER_MS, within } from "./answers.js";
import { openOutbox } from "./at_rest.js";
import { deviceClock } from "./clock.js";
import { installDriving } from "./driving.js";
import { drawNetwork, drawStrip, known } from "./health.js";
import { listKeptRuns } from "./kept_runs.js";
import { sealer } from "./keys.js";
import { STORE } from "./identity.js";
import { LiveRun } from "./live.js";
import { keptPack, loadPack } from "./pack.js";
import { pruneEverywhere } from "./prune.js";
import { attendantScreen } from "./screens/attendant.js";
import { driverScreen } from "./screens/driver.js";
import { installLock } from "./screens/lock.js";
import { equip, h, icon, say, timeOfDay } from "./screens/parts.js";
import { alarmSound } from "./screens/sound.js";
import { enrol } from "./session.js";
import { FROM_SERVER, borrowFormToken, installWorker, serverAddress, watchLanguage } from "./shell.js";
import { VEHICLE_PATH, pathOf, remember, seatOf } from "./shelf.js";
import { claim } from "./single.js";
import { openStore } from "./store.js";
import { EVERY_MS, Sync, watchNetwork } from "./sync.js";
import { vehiclePage } from "./vehicle.js";

/** @typedef {import("./model.js").Pack} Pack */
/** @typedef {import("./model.js").News} News */
/** @typedef {import("./shelf.js").Seat} Seat */
/** What a kind of tap says beside itself. @typedef {Partial<Omit<import("./outbox.js").Tap, "kind"|"run"|"roster_v">>} Fields */
/** @typedef {{pack: Pack, outbox: import("./outbox.js").Outbox, clock: import("./clock.js").DeviceClock, news: () => News|null,
 *   shown: () => import("./model.js").View, sync: () => import("./sync.js").SyncState, serverMs: () => number,
 *   tap: (kind: import("./canonical.js").Kind, fields: Fields) => Promise<boolean>, seal: () => Promise<void>,
 *   close: () => Promise<"closed"|"refused"|"unreachable"|"locked">, headers: {[name: string]: string}}} Context */

const WIPE_EVERY_MS = 60_000;
const LOOK_EVERY_MS = 3000; // how often a page that may not write looks what the writing one has written
const root = document.body;
const isVehicles = location.pathname === VEHICLE_PATH || location.pathname.startsWith(`${VEHICLE_PATH}/`);
const spoken = ["words", "shell-words", "words-pin", "vehicle-words"].map((id) => JSON.parse(document.getElementById(id)?.textContent ?? "{}"));
equip(Object.assign({}, ...spoken), root.dataset.icons ?? "");

if (isVehicles) equip({ problem_enrol: say("vehicle_problem_enrol") }, root.dataset.icons ?? "");

/** @param {string} problem the key of a sentence @returns {void} */
function stopWith(problem) {
  const box = /** @type {HTMLElement} */ (root.querySelector("[data-failure]"));
  box.replaceChildren(icon("alert"), h("strong", {}, say(problem)));
  box.hidden = false;
}

/** Who sits here: as the server has written into its page, else as this browser remembers. @returns {Seat|null} */
function seatHere() {
  const { run, crew, screen } = root.dataset;
  if (!run || !crew || (screen !== "attendant" && screen !== "driver")) return seatOf(new URL(location.href));
  /** @type {Seat} */
  const seat = { run, crew, screen, other: root.dataset.other ?? null };
  remember(seat);
  history.replaceState(null, "", pathOf(seat));
  return seat;
}

/** Only the server can say it; where it has been asked already, the page says what is missing.
 * @param {string} problem @returns {void} */
function askServer(problem) {
  if (isVehicles) return location.replace(VEHICLE_PATH);
  const isAsked = new URL(location.href).searchParams.has(FROM_SERVER) || root.dataset.run !== undefined;
  if (isAsked) return stopWith(problem);
  location.replace(serverAddress());
}

/** @returns {Promise<void>} */
async function start() {
  if (!window.isSecureContext || !window.crypto?.subtle) return stopWith("needs_https");
  const isFromServer = root.dataset.run !== undefined;
  const seat = seatHere();
  if (!seat) return askServer("no_pack");
  const clock = deviceClock(Date, performance, () => crypto.randomUUID());
  const alarm = alarmSound();
  const name = isVehicles ? STORE : `busops-tablet-${seat.crew}`;
  const store = await openStore(name);
  const held = (await store.get("identity")) ?? null;
  // One of before has no key: it gets one as soon as its page comes from the server.
  const identity = !held?.key && isFromServer ? (await within(enrol(store, seat.crew), ANSWER_MS)) ?? held : held;
  if (!identity) return askServer("not_enrolled");
  const headers = { Authorization: `Device ${identity.token}` };
  const kept = await keptPack(store, seat.run);
  const pack = kept ?? (await loadPack(store, seat.run, headers)).pack;
  if (!pack) return askServer("no_pack");
  const { mayWrite, turn } = await claim(name);
  const who = { dev: identity.dev, by: seat.crew, app: root.dataset.app ?? "" };
  const outbox = await openOutbox(name, who, clock, seat.run);
  const news = (await store.get(`news:${seat.run}`)) ?? null;
  const renew = async () => {
    if (isVehicles) return identity.token; // a person's token lives sixteen hours, the vehicle's a term
    return (await borrowFormToken()) ? (await within(enrol(store, seat.crew), ANSWER_MS))?.token ?? null : null;
  };
  const live = new LiveRun(
    { pack, news, store, outbox, clock, alarm, token: identity.token, mayWrite, renew, onChange: () => draw() },
    (made) => new Sync(outbox, {
      fetch: (path, options) => fetch(path, options), wallMs: clock.wallMs, monoMs: clock.monoMs, token: identity.token,
      seal: sealer(identity, root.dataset.app ?? ""), later: (act, ms) => window.setTimeout(act, ms), onChange: () => made.onChange(),
    }),
  );
  live.sync.state.online = kept === null; // a list from the disk: nobody has been heard yet
  const screen = showScreen(seat, live);
  const strip = /** @type {HTMLElement} */ (root.querySelector("[data-strip]"));
  /** @returns {void} */
  function draw() {
    drawNetwork(root, live.sync.state, isVehicles ? "/tablet/enrol" : serverAddress());
    drawStrip(strip, known(outbox.eventsOf(seat?.run ?? ""), live.shown().counts.aboard, live.news,
      { nowMs: live.serverMs(), waiting: outbox.waiting().length }));
    screen.update();
  }
  if (isVehicles) installLock(root, seat, live);
  live.sync.tell({});
  root.dataset.ready = "true";
  performance.mark("tablet-ready");
  lookOn(live);
  void turn.then(() => takeOver(live));
  keepUp(live, seat, draw);
}

/** @param {Seat} seat @param {LiveRun} live @returns {import("./screens/parts.js").Screen} */
function showScreen(seat, live) {
  const { pack } = live;
  const frame = /** @type {HTMLTemplateElement} */ (document.getElementById(`screen-${seat.screen}`));
  const place = /** @type {HTMLElement} */ (root.querySelector("[data-screen-place]"));
  place.replaceChildren(frame.content.cloneNode(true));
  Object.assign(root.dataset, { run: seat.run, crew: seat.crew, screen: seat.screen });
  for (const own of root.querySelectorAll("[data-attendant-only]")) {
    /** @type {HTMLElement} */ (own).hidden = seat.screen !== "attendant";
  }
  nameRun(seat, pack);
  /** @type {Context} */
  const context = {
    pack, outbox: live.outbox, clock: live.clock, get headers() { return live.headers; }, news: () => live.news, shown: () => live.shown(),
    sync: () => live.sync.state, serverMs: () => live.serverMs(), tap: (kind, fields) => live.tap(kind, fields),
    seal: () => live.seal(), close: () => live.close(),
  };
  const screen = seat.screen === "driver" ? driverScreen(root, context) : attendantScreen(root, context);
  installDriving(context, seat.screen === "driver");
  return screen;
}

/** The bar says which run this is. @param {Seat} seat @param {Pack} pack @returns {void} */
function nameRun(seat, pack) {
  const fill = (/** @type {string} */ name, /** @type {string} */ text) => {
    const place = root.querySelector(`[data-${name}]`);
    if (place) place.textContent = text;
  };
  const outer = pack.stops[pack.direction === "homeward" ? pack.stops.length - 1 : 0];
  const other = seat.screen === "attendant" ? "driver" : "attendant";
  document.title = `${say(`title_${seat.screen}`)} – busops`;
  fill("no", say("run_no", { no: pack.name }));
  fill("towards", outer.name);
  fill("way", say(`way_${pack.direction}`));
  fill("version", say("list_version", { v: pack.roster_v }));
  fill("departs", timeOfDay(pack.departs_ms));
  fill("other-word", say(`other_${other}`));
  const link = /** @type {HTMLAnchorElement|null} */ (root.querySelector("[data-other]"));
  if (!link) return;
  link.href = seat.other ?? pathOf({ ...seat, screen: other });
  if (!seat.isVehicles) return link.prepend(icon(other === "driver" ? "user" : "users"));
  link.nextElementSibling?.setAttribute("href", VEHICLE_PATH); // today's runs of the bus, not of a person
  link.prepend(icon(other === "driver" ? "user" : "users"));
}

/** A page that may not write says so and looks on. @param {LiveRun} live @returns {void} */
function lookOn(live) {
  const bar = /** @type {HTMLElement} */ (root.querySelector("[data-elsewhere]"));
  bar.hidden = live.mayWrite;
  if (live.mayWrite) return;
  bar.replaceChildren(icon("info"), h("strong", {}, say("elsewhere_title")), h("span", {}, say("elsewhere_calm")));
  const looking = window.setInterval(async () => {
    if (live.mayWrite) return window.clearInterval(looking);
    await live.outbox.reload();
    live.onChange();
  }, LOOK_EVERY_MS);
}

/** The page that wrote is gone: this one goes on from the disk. @param {LiveRun} live @returns {Promise<void>} */
async function takeOver(live) {
  await live.outbox.reload();
  live.mayWrite = true;
  lookOn(live);
  live.onChange();
  await live.sendAndLearn();
}

/** Server and clock from now on. @param {LiveRun} live @param {Seat} seat @param {() => void} draw @returns {void} */
function keepUp(live, seat, draw) {
  watchNetwork({ nudge: () => (live.mayWrite ? live.sync.nudge() : Promise.resolve()) }, window);
  window.setInterval(() => void live.refreshNews(), seat.screen === "driver" ? EVERY_MS / 3 : EVERY_MS);
  window.setInterval(() => {
    const clockFace = root.querySelector("[data-clock]");
    if (clockFace) clockFace.textContent = timeOfDay(live.serverMs());
    draw();
  }, 1000);
  window.setInterval(() => void live.wipe().then((isGone) => isGone && location.replace("/tablet/")), WIPE_EVERY_MS);
  void live.refreshNews().then(() => live.tidy()); // another tablet of this run may have marked riders already
  void live.sendAndLearn();
  void installWorker();
  void navigator.storage?.persist?.();
}

watchLanguage();
const isRun = location.pathname.startsWith("/tablet/runs/") || location.pathname.startsWith(`${VEHICLE_PATH}/`);
(isRun ? start() : isVehicles ? vehiclePage(root) : listKeptRuns(root))
  .then(() => pruneWhenIdle())
  .catch((error) => {
    stopWith("start_failed");
    throw error;
  });

/** Other people's lists on this tablet: after the start, which must not wait for them. @returns {void} */
function pruneWhenIdle() {
  window.setTimeout(() => {
    const shown = isVehicles ? STORE : `busops-tablet-${root.dataset.crew ?? ""}`;
    const others = async () => ((await indexedDB.databases?.()) ?? []).filter(({ name }) => name !== shown);
    void pruneEverywhere(openStore, { databases: others }, Date.now()).catch(() => undefined); // the next start tries again
  }, LOOK_EVERY_MS);
}
