// Where the outbox lives: one IndexedDB for each enrolled device, events append-only.
// `strict` durability, because Chromium's default reports success before the bytes are on disk.

import { openDB } from "../vendor/idb/build/index.js";

/** @typedef {import("./outbox.js").Store} Store */
/** @typedef {import("./outbox.js").Kept} Kept */
/** @typedef {{events: {key: number, value: import("./outbox.js").Entry},
 *   answers: {key: number, value: import("./outbox.js").Answer}, meta: {key: string, value: Kept[keyof Kept]}}} Schema */
/** @typedef {import("../vendor/idb/build/index.js").IDBPDatabase<Schema>} Database */
/** @typedef {import("../vendor/idb/build/index.js").StoreNames<Schema>} Place */

/** An outbox store in this browser's IndexedDB.
 * @param {string} name @returns {Promise<Store>} */
export async function openStore(name) {
  /** @type {Database} */
  const db = await openDB(name, 1, {
    upgrade(fresh) {
      fresh.createObjectStore("events", { keyPath: "seq" });
      fresh.createObjectStore("answers", { keyPath: "seq" });
      fresh.createObjectStore("meta");
    },
  });
  /** @template {Place} N @param {N} name
   * @returns {import("../vendor/idb/build/index.js").IDBPTransaction<Schema, [N], "readwrite">} */
  const strictly = (name) => db.transaction([name], "readwrite", { durability: "strict" });
  return {
    load: async () => ({
      records: await db.getAll("events"),
      answers: await db.getAll("answers"),
    }),
    add: async (record) => {
      const writing = strictly("events");
      await Promise.all([writing.store.add(record), writing.done]);
    },
    answer: async (answers) => {
      const writing = strictly("answers");
      await Promise.all([...answers.map((each) => writing.store.put(each)), writing.done]);
    },
    get: async (key) => /** @type {Kept[typeof key]|undefined} */ (await db.get("meta", key)),
    put: async (key, value) => {
      const writing = strictly("meta");
      await Promise.all([writing.store.put(value, key), writing.done]);
    },
  };
}
