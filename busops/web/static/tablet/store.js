// Where the outbox lives: one IndexedDB for each enrolled device, events append-only until prune.js.
// `strict` durability, because Chromium's default reports success before the bytes are on disk.
// Opening gives what a run needs, not everything: a tablet may hold ten thousand events.

import { openDB } from "../vendor/idb/build/index.js";
import { boxed } from "./boxed.js";

/** @typedef {import("./outbox.js").Store} Store */
/** @typedef {import("./outbox.js").Entry} Entry */
/** @typedef {import("./outbox.js").Kept} Kept */
/** @typedef {{events: {key: number, value: Entry, indexes: {run: string}},
 *   answers: {key: number, value: import("./outbox.js").Answer}, meta: {key: string, value: Kept[keyof Kept]}}} Schema */
/** @typedef {import("../vendor/idb/build/index.js").IDBPDatabase<Schema>} Database */
/** @typedef {import("../vendor/idb/build/index.js").StoreNames<Schema>} Place */

const VERSION = 2;
/** One connection a place: a page that asks every few seconds all day must not pile them up.
 * @type {Map<string, Promise<Store>>} */
const opened = new Map();

/** An outbox store in this browser's IndexedDB.
 * @param {string} name @returns {Promise<Store>} */
export function openStore(name) {
  const known = opened.get(name) ?? connect(name);
  opened.set(name, known);
  known.catch(() => opened.delete(name));
  return known;
}

/** @param {string} name @returns {Promise<Store>} */
async function connect(name) {
  /** @type {Database} */
  const db = await openDB(name, VERSION, {
    terminated: () => opened.delete(name), // the browser cleared it under the page
    upgrade(fresh, from, _to, writing) {
      if (from < 1) {
        fresh.createObjectStore("events", { keyPath: "seq" });
        fresh.createObjectStore("answers", { keyPath: "seq" });
        fresh.createObjectStore("meta");
      }
      if (from < VERSION) writing.objectStore("events").createIndex("run", "event.run");
    },
  });
  /** @template {Place[]} N @param {N} names
   * @returns {import("../vendor/idb/build/index.js").IDBPTransaction<Schema, N, "readwrite">} */
  const strictly = (...names) => db.transaction(names, "readwrite", { durability: "strict" });
  return boxed({
    load: (run) => load(db, run),
    add: async (record) => {
      const writing = strictly("events");
      await Promise.all([writing.objectStore("events").add(record), writing.done]);
    },
    answer: async (answers) => {
      const writing = strictly("answers");
      const store = writing.objectStore("answers");
      await Promise.all([...answers.map((each) => store.put(each)), writing.done]);
    },
    at: (seq) => db.get("events", seq),
    after: (seq) => db.getAll("events", IDBKeyRange.lowerBound(seq, true)),
    runs: () => runsOf(db),
    ofRun: (run) => db.getAllFromIndex("events", "run", run),
    remove: async (seqs, head) => {
      const writing = strictly("events", "answers", "meta");
      const [events, answers] = [writing.objectStore("events"), writing.objectStore("answers")];
      await Promise.all([
        writing.objectStore("meta").put(head, "head"),
        ...seqs.flatMap((seq) => [events.delete(seq), answers.delete(seq)]), writing.done,
      ]);
    },
    keys: () => db.getAllKeys("meta"),
    get: async (key) => /** @type {Kept[typeof key]|undefined} */ (await db.get("meta", key)),
    put: async (key, value) => {
      const writing = strictly("meta");
      await Promise.all([writing.objectStore("meta").put(value, key), writing.done]);
    },
    claim: async (key, value) => {
      const writing = strictly("meta");
      const store = writing.objectStore("meta");
      const stands = await store.get(key);
      await Promise.all([stands === undefined ? store.put(value, key) : null, writing.done]);
      return /** @type {Kept[typeof key]} */ (stands ?? value);
    },
    drop: async (key) => {
      const writing = strictly("meta");
      await Promise.all([writing.objectStore("meta").delete(key), writing.done]);
    },
  });
}

/** @param {Database} db @param {string|null} run
 * @returns {Promise<{records: Entry[], answers: import("./outbox.js").Answer[]}>} */
async function load(db, run) {
  const reading = db.transaction(["events", "answers"]);
  const events = reading.objectStore("events");
  const [numbers, answers] = await Promise.all([events.getAllKeys(), reading.objectStore("answers").getAll()]);
  if (run === null) return { records: await events.getAll(), answers };
  const answered = new Set(answers.map((answer) => answer.seq));
  const from = numbers.find((seq) => !answered.has(seq)) ?? numbers[numbers.length - 1] ?? 1;
  const [own, open] = await Promise.all([
    events.index("run").getAll(run), events.getAll(IDBKeyRange.lowerBound(from)),
  ]);
  const records = [...new Map([...own, ...open].map((entry) => [entry.seq, entry])).values()];
  return { records, answers };
}

/** @param {Database} db @returns {Promise<string[]>} the runs of which something is kept */
async function runsOf(db) {
  const runs = [];
  let cursor = await db.transaction("events").store.index("run").openKeyCursor(null, "nextunique");
  while (cursor) {
    runs.push(cursor.key);
    cursor = await cursor.continue();
  }
  return runs;
}
