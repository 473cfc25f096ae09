// The device's two clocks. The wall clock can be set by hand, the running one cannot; when they part,
// the page begins a new "boot" and no longer trusts what it knew of the server's time.

const PART_MS = 10_000;

/** @typedef {{wallMs: () => number, monoMs: () => number, readonly boot: string, hasParted: () => boolean}} DeviceClock */

/** @param {{now: () => number}} wall @param {{now: () => number}} running @param {() => string} newBoot
 * @returns {DeviceClock} */
export function deviceClock(wall, running, newBoot) {
  let base = wall.now() - running.now();
  let boot = newBoot();
  let parted = false;
  return {
    wallMs: () => Math.round(wall.now()),
    monoMs: () => Math.round(running.now()),
    get boot() {
      const now = wall.now() - running.now();
      if (Math.abs(now - base) > PART_MS) {
        base = now;
        boot = newBoot();
        parted = true;
      }
      return boot;
    },
    /** Whether the clocks parted since this was last asked. @returns {boolean} */
    hasParted() {
      void this.boot;
      const was = parted;
      parted = false;
      return was;
    },
  };
}
