// The page around a run, whether the server sent it or the worker's cache: the worker itself, the language,
// the way to the server where only that can help. What brings in a newer worker is newer.js.

import { ANSWER_MS, within } from "./answers.js";
import { rememberLanguage } from "./shelf.js";

/** An address that the worker never answers from its cache while the server can. */
export const FROM_SERVER = "from";

/** The worker keeps the shell for the next start without a network. @returns {Promise<ServiceWorkerRegistration|null>} */
export async function installWorker() {
  if (!("serviceWorker" in navigator)) return null;
  try {
    return await navigator.serviceWorker.register("/tablet/sw.js", { scope: "/tablet/", updateViaCache: "none" });
  } catch {
    return null; // a browser that keeps none, or no network: the page works as it is
  }
}

/** The language is this page's, for the worker too; the link to the other works without a network.
 * @returns {void} */
export function watchLanguage() {
  void rememberLanguage(document.documentElement.lang.replace("-", "_")); // as the shells are named
  const link = /** @type {HTMLAnchorElement|null} */ (document.querySelector("[data-language]"));
  link?.addEventListener("click", async (event) => {
    event.preventDefault();
    await rememberLanguage(link.dataset.language ?? "");
    const way = new URL(link.href);
    way.searchParams.set("next", "/tablet/");
    await within(fetch(way, { redirect: "manual" }).catch(() => null), 2000);
    location.reload();
  });
}

/** The same page from the server, which knows who is signed in. @returns {string} */
export function serverAddress() {
  const address = new URL(location.href);
  address.searchParams.set(FROM_SERVER, "server");
  return address.href;
}

/** A page from the cache holds no token for forms; a session that still stands gives one.
 * @returns {Promise<boolean>} whether the page has one now */
export async function borrowFormToken() {
  if (document.querySelector('meta[name="csrf-token"]')) return true;
  try {
    const reply = await fetch(serverAddress(), { redirect: "error", signal: AbortSignal.timeout(ANSWER_MS) });
    const token = /name="csrf-token" content="([^"]+)"/.exec(await reply.text())?.[1];
    if (!reply.ok || !token) return false;
    const meta = document.createElement("meta");
    meta.name = "csrf-token";
    meta.content = token;
    document.head.append(meta);
    return true;
  } catch {
    return false;
  }
}
