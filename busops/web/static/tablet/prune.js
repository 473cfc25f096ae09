// What may leave the tablet, and when. An event only when the server's gap-free record names the hash of
// our own chain beyond it, its run is closed, and seven days have passed since. A list of names when its
// run has been closed for two hours, or was to end a day ago. The chain's head is kept for ever.

import { closeAll } from "./boxed.js";

/** @typedef {import("./outbox.js").Outbox} Outbox */
/** @typedef {import("./outbox.js").Store} Store */

const HOUR_MS = 3600 * 1000;
export const KEPT_MS = 7 * 24 * HOUR_MS;
const NAMES_AFTER_CLOSE_MS = 2 * HOUR_MS;
const NAMES_AFTER_END_MS = 24 * HOUR_MS;
const STORES = "busops-tablet-";

/** Deletes what may go; the numbers that went. @param {Outbox} outbox @param {number} nowMs the server's time
 * @returns {Promise<number[]>} */
export async function pruneEvents(outbox, nowMs) {
  const { store, acked } = outbox;
  /** @type {number[]} */
  const gone = [];
  if (!acked || outbox.isForked) return gone;
  for (const run of await store.runs()) {
    const closedMs = await store.get(`closed:${run}`);
    if (closedMs === undefined || nowMs - closedMs < KEPT_MS || run === outbox.run) continue;
    gone.push(...(await store.ofRun(run)).map((entry) => entry.seq).filter((seq) => mayGo(outbox, seq)));
  }
  if (gone.length === 0) return gone;
  await store.remove(gone, outbox.head());
  const lost = new Set(gone);
  outbox.entries = outbox.entries.filter((entry) => !lost.has(entry.seq));
  for (const seq of gone) outbox.answers.delete(seq);
  return gone;
}

/** @param {Outbox} outbox @param {number} seq @returns {boolean} */
const mayGo = ({ acked, answers }, seq) => acked !== null && seq <= acked.seq && answers.has(seq);

/** Lists of names whose time is over are gone from this tablet, and what hangs on them. @param {Store} store
 * @param {number} nowMs @param {string|null} shown the run on the screen, which keeps its list until two hours after its close
 * @returns {Promise<string[]>} the runs */
export async function pruneNames(store, nowMs, shown) {
  /** @type {string[]} */
  const gone = [];
  const keys = await store.keys();
  for (const key of keys) {
    const run = key.startsWith("pack:") ? key.slice("pack:".length) : null;
    if (run === null || !(await isOver(store, run, nowMs, run === shown))) continue;
    const tried = keys.filter((each) => each.startsWith(`tries:${run}:`));
    for (const each of [`pack:${run}`, `news:${run}`, ...tried]) {
      await store.drop(/** @type {keyof import("./outbox.js").Kept} */ (each));
    }
    gone.push(run);
  }
  return gone;
}

/** @param {Store} store @param {string} run @param {number} nowMs @param {boolean} isShown @returns {Promise<boolean>} */
async function isOver(store, run, nowMs, isShown) {
  const closedMs = await store.get(`closed:${run}`);
  if (closedMs !== undefined && nowMs - closedMs >= NAMES_AFTER_CLOSE_MS) return true;
  if (isShown) return false;
  const stops = (await store.get(`pack:${run}`))?.pack.stops ?? [];
  return nowMs - (stops[stops.length - 1]?.arrive_ms ?? 0) >= NAMES_AFTER_END_MS;
}

/** The same in every store of this browser, also of people who have signed out: lists lie open in none, and go in time.
 * @param {(name: string) => Promise<Store>} open @param {{databases?: () => Promise<{name?: string}[]>}} here
 * @param {number} wallMs @returns {Promise<void>} */
export async function pruneEverywhere(open, here, wallMs) {
  for (const { name = "" } of (await here.databases?.()) ?? []) {
    if (!name.startsWith(STORES)) continue;
    const store = await open(name);
    await closeAll(store);
    await pruneNames(store, wallMs + ((await store.get("offset"))?.off_ms ?? 0), null);
  }
}

/** The runs whose events are kept and of which nobody has said here that they are closed.
 * @param {Store} store @returns {Promise<string[]>} */
export async function runsNotKnownClosed(store) {
  const open = [];
  for (const run of await store.runs()) {
    if ((await store.get(`closed:${run}`)) === undefined) open.push(run);
  }
  return open;
}
