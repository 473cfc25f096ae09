// The screen stays on during a run. A browser takes the lock away whenever the page is hidden, so it is
// asked for again when the page comes back; where it cannot be had, the screen may sleep and nothing breaks.

/** @typedef {{release: () => Promise<void>, addEventListener: (what: "release", act: () => void) => void}} Lock */
/** @typedef {{request: (kind: "screen") => Promise<Lock>}} WakeLocks */
/** @typedef {{visibilityState: string, addEventListener: (what: "visibilitychange", act: () => void) => void}} Sight */

/** Keeps the screen on while it is wanted; call the answer when that may have changed.
 * @param {WakeLocks|undefined} locks @param {Sight} sight @param {() => boolean} isWanted
 * @returns {() => Promise<void>} */
export function keepAwake(locks, sight, isWanted) {
  /** @type {Lock|null} */
  let held = null;
  let isAsking = false;

  /** @returns {Promise<void>} */
  async function settle() {
    const wanted = isWanted() && sight.visibilityState === "visible";
    if (!wanted && held) {
      const given = held;
      held = null;
      await given.release();
    }
    if (!wanted || held || isAsking || !locks) return;
    isAsking = true;
    try {
      const lock = await locks.request("screen");
      held = lock;
      lock.addEventListener("release", () => {
        if (held === lock) held = null;
      });
    } catch {
      held = null; // a low battery refuses it
    } finally {
      isAsking = false;
    }
  }

  sight.addEventListener("visibilitychange", () => void settle());
  return settle;
}
