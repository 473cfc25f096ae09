// Where the outbox lives: one IndexedDB for each enrolled device, events append-only.
// `strict` durability, because Chromium's default reports success before the bytes are on disk.

import { openDB } from "../vendor/idb/build/index.js";

/** @typedef {import("./outbox.js").Store} Store */

/** An outbox store in this browser's IndexedDB.
 * @param {string} name @returns {Promise<Store>} */
export async function openStore(name) {
  const db = await openDB(name, 1, {
    upgrade(fresh) {
      fresh.createObjectStore("events", { keyPath: "seq" });
      fresh.createObjectStore("answers", { keyPath: "seq" });
      fresh.createObjectStore("meta");
    },
  });
  /** @param {string[]} names */
  const strictly = (names) => db.transaction(names, "readwrite", { durability: "strict" });
  return {
    load: async () => ({
      records: await db.getAll("events"),
      answers: await db.getAll("answers"),
    }),
    add: async (record) => {
      const writing = strictly(["events"]);
      await Promise.all([writing.store.add(record), writing.done]);
    },
    answer: async (answers) => {
      const writing = strictly(["answers"]);
      await Promise.all([...answers.map((each) => writing.store.put(each)), writing.done]);
    },
    get: (key) => db.get("meta", key),
    put: async (key, value) => {
      const writing = strictly(["meta"]);
      await Promise.all([writing.store.put(value, key), writing.done]);
    },
  };
}
