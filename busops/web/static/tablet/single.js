// One page writes an outbox, whatever number of pages show it: the one that holds its lock. The others
// look on, and the next of them takes over when the lock is free.

const PATIENCE_MS = 400; // a page that is just being left still holds its lock for a moment

/** `turn` resolves when a page that may not write may at last. @typedef {{mayWrite: boolean, turn: Promise<void>}} Claim */

/** @param {string} name @param {LockManager|undefined} [locks] @param {number} [patienceMs] @returns {Promise<Claim>} */
export async function claim(name, locks = navigator.locks, patienceMs = PATIENCE_MS) {
  const forever = () => new Promise(() => undefined);
  const never = /** @type {Promise<void>} */ (forever());
  if (!locks) return { mayWrite: true, turn: never }; // an old browser: the store refuses two events under one number
  const mayWrite = await new Promise((resolve) => {
    locks.request(name, { signal: AbortSignal.timeout(patienceMs) }, () => {
      resolve(true);
      return forever();
    }).catch(() => resolve(false));
  });
  if (mayWrite) return { mayWrite, turn: never };
  const turn = new Promise((/** @type {(value: void) => void} */ resolve) => {
    void locks.request(name, () => {
      resolve();
      return forever();
    });
  });
  return { mayWrite, turn };
}
