// A newer version of the tablet's page comes in while nothing can be lost by it: on any page that shows no
// run, whether the server sent it or, slow or silent, left it to the worker.

import { STORE } from "./identity.js";
import { crewsHere, isVehicles } from "./shelf.js";
import { installWorker } from "./shell.js";
import { openStore } from "./store.js";

const ASK_EVERY_MS = 3000;
const COMES_WITHIN_MS = 5000;

/** The worker is there, and a newer one takes its place as soon as it may. @returns {Promise<void>} */
export async function keepNewest() {
  const registration = await installWorker();
  if (registration) takeOverWhenSafe(registration);
}

/** The worker refuses while any page shows a run, the page asks only when every outbox is empty.
 * @param {ServiceWorkerRegistration} registration @returns {void} */
function takeOverWhenSafe(registration) {
  const ask = async () => {
    if (registration.waiting && (await nothingWaits())) registration.waiting?.postMessage("take_over");
  };
  registration.addEventListener("updatefound", () => {
    registration.installing?.addEventListener("statechange", () => void ask());
  });
  const hadOne = navigator.serviceWorker.controller !== null;
  navigator.serviceWorker.addEventListener("controllerchange", () => hadOne && location.reload());
  // A browser may hold the newer worker back although the older one has nothing to do; a fresh load frees it.
  navigator.serviceWorker.addEventListener("message", ({ data }) => {
    if (data === "coming") window.setTimeout(() => location.reload(), COMES_WITHIN_MS);
  });
  window.setInterval(() => void ask(), ASK_EVERY_MS); // the page just left may still have been there the first time
  void ask();
}

/** @returns {Promise<boolean>} whether every outbox here is sent */
async function nothingWaits() {
  const names = [...crewsHere().map((crew) => `busops-tablet-${crew}`), ...(isVehicles() ? [STORE] : [])];
  for (const name of names) {
    const { records, answers } = await (await openStore(name)).load(null);
    const answered = new Set(answers.map((answer) => answer.seq));
    if (records.some((record) => !answered.has(record.seq))) return false;
  }
  return true;
}
