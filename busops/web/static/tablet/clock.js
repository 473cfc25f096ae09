// The device's two clocks. The wall clock can be set by hand, the running one cannot, but may stand still
// while the device sleeps; when they part, the page begins a new "boot" and no longer trusts what it knew
// of the server's time. The server allows two seconds (CLOCK_BASE_MS): one for a parting that is not noticed
// here, one for half the way to the server and back. What an answer leaves open beyond that is told as age.

const PART_MS = 1000;
const HALF_WAY_MS = 1000;
export const DRIFT = 10_000; // the server takes a clock to go wrong by 1 ms in so many

/** Both clocks at one moment. @typedef {{wall_ms: number, mono_ms: number}} Moment */
/** `settle`: what is learnt now holds from here, slow partings of before count no more.
 * @typedef {{wallMs: () => number, monoMs: () => number, readonly boot: string, hasParted: () => boolean,
 *   settle: () => void}} DeviceClock */
/** How far the wall clock is from the server's, when that was learnt, and what the answer left open beyond a second.
 * @typedef {{off_ms: number, at_ms: number, slack_ms: number}} Offset */

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
    settle() {
      void this.boot;
      base = wall.now() - running.now();
    },
  };
}

/** What an answer says of the server's time: it was `nowMs` somewhere between sending and answer. The longer of
 * both clocks counts, and the end of the way, so that a clock set meanwhile, or asleep, spoils nothing.
 * @param {number} nowMs @param {Moment} sent @param {Moment} back @returns {Offset} */
export function measured(nowMs, sent, back) {
  const half = Math.max(back.wall_ms - sent.wall_ms, back.mono_ms - sent.mono_ms, 0) / 2;
  return { off_ms: Math.round(nowMs + half - back.wall_ms), at_ms: back.wall_ms,
    slack_ms: Math.max(0, Math.ceil(half) - HALF_WAY_MS) };
}

/** How old this knowledge counts. @param {Offset} offset @param {number} wallMs @returns {number} */
export const ageOf = (offset, wallMs) => Math.max(0, wallMs - offset.at_ms) + offset.slack_ms * DRIFT;
