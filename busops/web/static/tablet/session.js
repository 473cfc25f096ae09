// Whose tablet this is: enrolled once for a signed-in crew member, the token kept in the store.

/** @typedef {import("./outbox.js").Store} Store */
/** @typedef {{dev: number, token: string}} Identity */

/** The device's identity; a new token for the same device when the old one is no longer taken.
 * @param {Store} store @param {string} crew @returns {Promise<Identity|null>} */
export async function enrol(store, crew) {
  const known = await store.get("identity");
  if (known && (await isTaken(known))) return known;
  const csrf = document.querySelector('meta[name="csrf-token"]')?.getAttribute("content") ?? "";
  try {
    const response = await fetch("/api/v1/devices", {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": csrf },
      body: JSON.stringify({ crew, dev: known?.dev ?? null, name: navigator.platform || "browser" }),
    });
    if (response.status !== 201) return known ?? null;
    /** @type {Identity} */
    const { dev, token } = await response.json();
    await store.put("identity", { dev, token });
    return { dev, token };
  } catch {
    return known ?? null;
  }
}

/** @param {Identity} identity @returns {Promise<boolean>} false only when the server says no */
async function isTaken(identity) {
  try {
    const response = await fetch("/api/v1/runs", { headers: { Authorization: `Device ${identity.token}` } });
    return response.status !== 401 && response.status !== 403;
  } catch {
    return true;
  }
}
