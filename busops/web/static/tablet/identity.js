// A vehicle's tablet: takes the offer of a scanned code with a key made here, and asks how it stands.

import { keepFormer } from "./former.js";
import { checkCode, newKey, publicText } from "./keys.js";

/** @typedef {import("./outbox.js").Store} Store */
/** @typedef {import("./session.js").Identity} Identity */
/** @typedef {"code_wrong"|"too_many"|"no_network"} Fault */
/** @typedef {"pending"|"active"|"frozen"|"unknown"|"unreachable"} Standing */

export const STORE = "busops-device";
const TOO_MANY = 429;

/** The tablet has its number and waits to be compared, or why it does not. The digits are made here,
 * never taken from the answer: they are what the other screen is held against.
 * @param {Store} store @param {string} code @returns {Promise<Identity|Fault>} */
export async function takeOffer(store, code) {
  const key = await newKey();
  const publicKey = await publicText(key);
  const csrf = document.querySelector('meta[name="csrf-token"]')?.getAttribute("content") ?? "";
  let response;
  try {
    response = await fetch("/api/v1/devices/enrol", {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": csrf },
      body: JSON.stringify({ hs: 1, code, key: publicKey, name: navigator.platform || "tablet" }),
    });
  } catch {
    return "no_network";
  }
  if (response.status === TOO_MANY) return "too_many";
  if (response.status !== 201) return response.status >= 500 ? "no_network" : "code_wrong";
  const { dev, token, plate, role } = await response.json();
  /** @type {Identity} */
  const identity = { dev, token, key, plate, role, check: await checkCode(code, publicKey) };
  await keepFormer(store);
  await store.put("identity", identity);
  return identity;
}

/** How the server sees this tablet. @param {Identity} identity @returns {Promise<Standing>} */
export async function standing(identity) {
  try {
    const response = await fetch("/api/v1/devices/me", { headers: { Authorization: `Device ${identity.token}` } });
    if (response.status === 401) return "unknown";
    if (response.status !== 200) return "unreachable";
    /** @type {{state: Standing}} */
    const { state } = await response.json();
    return state;
  } catch {
    return "unreachable";
  }
}
