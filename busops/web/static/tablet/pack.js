// The run's pack: manifest, stops, rows to check. Kept in the store, so that a lost network leaves the list;
// packs of the next hours are fetched before anybody needs them.

import { asking, isRecord, isRefusal, readJson } from "./answers.js";

/** @typedef {import("./model.js").Pack} Pack */
/** @typedef {import("./outbox.js").Store} Store */
/** @typedef {{etag: string, pack: Pack}} KeptPack */
/** @typedef {{run: string, departs_ms: number, phase?: string}} Listed */
/** How the server answered when it was asked for the runs, and which they are, if it said so; 0 = not heard.
 * @typedef {{status: number, runs: Listed[]|null}} Told */

const HOUR_MS = 3600 * 1000;
const BEFORE_MS = 2 * HOUR_MS;
const AHEAD_MS = 12 * HOUR_MS;
const OVER = new Set(["checked", "closed", "cancelled"]); // a list fetched now would only make the run wait for this tablet

/** @param {Store} store @param {string} run @returns {Promise<Pack|null>} */
export const keptPack = async (store, run) => (await store.get(`pack:${run}`))?.pack ?? null;

/** The newest list there is: the server's if it answers, else the one kept.
 * @param {Store} store @param {string} run @param {{[name: string]: string}} headers
 *  @returns {Promise<{pack: Pack|null, isFresh: boolean}>} */
export async function loadPack(store, run, headers) {
  const kept = (await store.get(`pack:${run}`)) ?? null;
  /** @type {{[name: string]: string}} */
  const asked = kept ? { ...headers, "If-None-Match": kept.etag } : headers;
  try {
    const reply = await fetch(`/api/v1/runs/${encodeURIComponent(run)}/pack`, asking({ headers: asked }));
    if (kept && reply.status === 304) return { pack: kept.pack, isFresh: true };
    const pack = reply.status === 200 ? await readJson(reply, isPack) : null;
    if (!pack || pack.run !== run) return { pack: kept?.pack ?? null, isFresh: false };
    await store.put(`pack:${run}`, { etag: reply.headers.get("ETag") ?? "", pack });
    return { pack, isFresh: true };
  } catch {
    return { pack: kept?.pack ?? null, isFresh: false };
  }
}

/** The lists of the runs of the next hours are on this tablet, if the server answers.
 * @param {Store} store @param {{[name: string]: string}} headers @param {number} nowMs the server's time
 * @returns {Promise<Told>} */
export async function prefetch(store, headers, nowMs) {
  try {
    const reply = await fetch("/api/v1/runs", asking({ headers }));
    const listed = reply.status === 200 ? await readJson(reply, isList) : null;
    for (const { run, departs_ms: departsMs, phase } of listed?.runs ?? []) {
      const isNear = departsMs >= nowMs - BEFORE_MS && departsMs <= nowMs + AHEAD_MS;
      if (isNear && !OVER.has(phase ?? "")) await loadPack(store, run, headers);
    }
    return { status: isRefusal(reply) || listed ? reply.status : 0, runs: listed?.runs ?? null };
  } catch {
    return { status: 0, runs: null }; // without a network the lists that are here stay
  }
}

/** @param {unknown} value @returns {value is Pack} */
const isPack = (value) =>
  isRecord(value) && typeof value.run === "string" && typeof value.roster_v === "number" &&
  Array.isArray(value.stops) && value.stops.length > 0 && Array.isArray(value.riders) && isRecord(value.challenge);

/** @param {unknown} value @returns {value is {runs: Listed[]}} */
const isList = (value) =>
  isRecord(value) && Array.isArray(value.runs) &&
  value.runs.every((each) => isRecord(each) && typeof each.run === "string" && typeof each.departs_ms === "number");
