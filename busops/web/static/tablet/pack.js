// The run's pack: manifest, stops, rows to check. Kept in the store, so that a lost network leaves the list.

/** @typedef {import("./model.js").Pack} Pack */
/** @typedef {import("./outbox.js").Store} Store */
/** @typedef {{etag: string, pack: Pack}} KeptPack */

/** @param {Store} store @param {string} run @param {{[name: string]: string}} headers
 *  @returns {Promise<{pack: Pack|null, isFresh: boolean}>} */
export async function loadPack(store, run, headers) {
  const kept = (await store.get(`pack:${run}`)) ?? null;
  try {
    /** @type {{[name: string]: string}} */
    const asked = kept ? { ...headers, "If-None-Match": kept.etag } : headers;
    const response = await fetch(`/api/v1/runs/${encodeURIComponent(run)}/pack`, { headers: asked, cache: "no-store" });
    if (kept && response.status === 304) return { pack: kept.pack, isFresh: true };
    if (response.status !== 200) return { pack: kept?.pack ?? null, isFresh: true };
    /** @type {Pack} */
    const pack = await response.json();
    await store.put(`pack:${run}`, { etag: response.headers.get("ETag") ?? "", pack });
    return { pack, isFresh: true };
  } catch {
    return { pack: kept?.pack ?? null, isFresh: false };
  }
}
