// A siren that somebody quietened on a locked tablet: on disk first, told to the office as soon as it can be heard.
// It is no event of the run, because nobody had shown a PIN: it is nobody's.

/** @typedef {import("./outbox.js").Store} Store */

/** It is kept until the office has heard of it. Rejects where the disk takes nothing more.
 * @param {Store} store @param {string} run @param {number} wallMs @returns {Promise<void>} */
export async function keepQuietened(store, run, wallMs) {
  const kept = (await store.get("quietened")) ?? [];
  await store.put("quietened", [...kept, { run, wall_ms: wallMs }]);
}

/** All that is kept is told, the oldest first, and kept no longer once it was answered; the rest waits.
 * @param {Store} store @param {(run: string, agoS: number) => Promise<number>} tell answers with the status; rejects where
 * nobody is heard @param {() => number} wallMs @returns {Promise<void>} */
export async function tellQuietened(store, tell, wallMs) {
  for (let first = (await store.get("quietened"))?.[0]; first;) {
    const status = await tell(first.run, Math.max(0, Math.round((wallMs() - first.wall_ms) / 1000))).catch(() => 0);
    if (status !== 200 && status !== 404) return; // 404: none of this tablet's runs any more
    const rest = ((await store.get("quietened")) ?? []).slice(1);
    await store.put("quietened", rest);
    first = rest[0];
  }
}
