// A tablet says at the server that it is there: which device this browser is, and whether the browser keeps
// its store. What comes back: the device that a cleared store was, and whether the office lets it ride.

import { asking, isRecord, readJson } from "./answers.js";
import { dialog, h, say } from "./screens/parts.js";

/** @typedef {{lost: {dev: number, held_to: number}|null, ready: boolean}} Presence */

/** @param {{[name: string]: string}} headers @returns {Promise<Presence|null>} null: not heard */
export async function sayHere(headers) {
  const kept = (await navigator.storage?.persisted?.()) ?? false;
  try {
    const reply = await fetch("/api/v1/devices/here", asking({
      method: "POST", headers: { ...headers, "Content-Type": "application/json" }, body: JSON.stringify({ kept }),
    }));
    return reply.status === 200 ? await readJson(reply, isPresence) : null;
  } catch {
    return null; // without a network it is said at the next start
  }
}

/** A browser short of space clears a store without a word; a cookie and the server remember what it was.
 * @param {Presence|null} told @returns {Promise<void>} */
export async function tellLoss(told) {
  if (!told?.lost) return;
  const { dev, held_to: upTo } = told.lost;
  await dialog(say("lost_title"), () => [
    h("p", { class: "measure" }, say("lost_text", { dev, n: upTo })),
    h("p", { class: "strong measure" }, say("lost_tell")),
  ]);
}

/** @param {unknown} value @returns {value is Presence} */
const isPresence = (value) => isRecord(value) && typeof value.ready === "boolean" &&
  (value.lost === null || (isRecord(value.lost) && typeof value.lost.dev === "number" && typeof value.lost.held_to === "number"));
