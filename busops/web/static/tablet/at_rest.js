// What a tablet does while no run is on its screen: it sends what waits, and lets go of runs that others have
// driven. A run waits for every tablet that has its list, because such a tablet can record without a network.
// One that recorded nothing, and hears that the bus has been checked empty, gives the list away and says that
// nothing of this run comes from it: then nobody has to give the tablet up.

import { asking, isRecord, readJson } from "./answers.js";
import { digest, uuid7 } from "./canonical.js";
import { deviceClock } from "./clock.js";
import { sealer } from "./keys.js";
import { Outbox } from "./outbox.js";
import { openStore } from "./store.js";
import { Sync } from "./sync.js";

/** @typedef {import("./outbox.js").Store} Store */
/** @typedef {import("./session.js").Identity} Identity */
/** @typedef {{phase: string, roster_v: number, reasons: {code: string, place: string}[]}} Standing */
/** @typedef {(run: string) => Promise<Standing|null>} Ask */

/** The events of this device. One that got another number begins another chain, in a place of its own.
 * @param {string} name @param {{dev: number, by: string, app: string}} who @param {import("./clock.js").DeviceClock} clock
 * @param {string|null} run @returns {Promise<Outbox>} */
export async function openOutbox(name, who, clock, run) {
  const means = { wallMs: clock.wallMs, monoMs: clock.monoMs, uuid: uuid7, digest, hasParted: clock.hasParted, settle: clock.settle,
    get boot() { return clock.boot; } };
  const outbox = await Outbox.open(await openStore(name), means, who, run);
  const newest = outbox.entries[outbox.entries.length - 1];
  if (!newest || newest.event.dev === who.dev) return outbox;
  return Outbox.open(await openStore(`${name}-${who.dev}`), means, who, run);
}

/** The runs whose list came here beforehand, of which nothing was recorded here, and which others have brought to
 * their end. First the list goes, so that nobody can record here any more, then the seal is written.
 * @param {Store} store where the lists are @param {Outbox} outbox @param {string|null} shown the run on the screen
 * @param {Ask} ask @returns {Promise<string[]>} the runs */
export async function letGo(store, outbox, shown, ask) {
  /** @type {string[]} */
  const gone = [];
  for (const key of await store.keys()) {
    const run = key.startsWith("pack:") ? key.slice("pack:".length) : null;
    if (run === null || run === shown || (await outbox.store.ofRun(run)).length > 0) continue;
    const told = await ask(run);
    if (told?.phase !== "checked" || !told.reasons.some((reason) => waitsFor(reason, outbox.identity.dev))) continue;
    await store.drop(`pack:${run}`);
    await store.drop(`news:${run}`);
    await outbox.seal({ kind: "seal", run, roster_v: told.roster_v });
    gone.push(run);
  }
  return gone;
}

/** @param {{code: string, place: string}} reason @param {number} dev @returns {boolean} whether it is this tablet's seal */
const waitsFor = ({ code, place }, dev) => code === "device_unsealed" && place === String(dev);

/** Sends and lets go, unless another page writes here; without a network nothing happens.
 * @param {string} name @param {string|null} by in whose name a seal is written; null: nobody has used this tablet yet
 * @param {string} app @returns {Promise<void>} */
export async function restAt(name, by, app) {
  const store = await openStore(name);
  const identity = await store.get("identity");
  if (!identity || !navigator.locks) return;
  await navigator.locks.request(name, { ifAvailable: true }, async (lock) => {
    if (lock) await rest(name, store, identity, by, app).catch(() => undefined); // tried again a minute later
  });
}

/** @param {string} name @param {Store} store @param {Identity} identity @param {string|null} by @param {string} app
 * @returns {Promise<void>} */
async function rest(name, store, identity, by, app) {
  const clock = deviceClock(Date, performance, () => crypto.randomUUID());
  const outbox = await openOutbox(name, { dev: identity.dev, by: by ?? "", app }, clock, null);
  const headers = { Authorization: `Device ${identity.token}` };
  if (by !== null) await letGo(store, outbox, null, (run) => standingOf(run, headers, outbox));
  const sync = new Sync(outbox, { fetch: (path, options) => fetch(path, options), wallMs: clock.wallMs, monoMs: clock.monoMs,
    token: identity.token, seal: sealer(identity, app), onChange: () => undefined, later: () => undefined });
  await sync.flush();
}

/** @param {string} run @param {{[name: string]: string}} headers @param {Outbox} outbox @returns {Promise<Standing|null>} */
async function standingOf(run, headers, outbox) {
  const sent = outbox.moment();
  const reply = await fetch(`/api/v1/runs/${encodeURIComponent(run)}/news`, asking({ headers }));
  const told = reply.status === 200 ? await readJson(reply, isStanding) : null;
  if (told) await outbox.hear(told.now, sent);
  return told;
}

/** @param {unknown} value @returns {value is Standing & {now: number}} */
const isStanding = (value) => isRecord(value) && typeof value.phase === "string" && typeof value.roster_v === "number"
  && typeof value.now === "number" && Array.isArray(value.reasons);
