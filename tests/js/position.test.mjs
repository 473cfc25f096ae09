// Where the tablet is: medians, honest circles, speeds, and stops near and far. And a screen that stays on.

import assert from "node:assert/strict";
import { test } from "node:test";

import { FRESH_MS, Whereabouts, metres, nearest, standing } from "../../busops/web/static/tablet/position.js";
import { keepAwake } from "../../busops/web/static/tablet/wake.js";

const METRE = 0.000009; // degrees of latitude
const STOP = { stop: "S1", name: "一号站", lat6: 31_127_000, lon6: 104_398_000, radius_m: 60 };

/** Whereabouts with a clock in the test's hand. */
function standingStill() {
  const clock = { now: 0 };
  const where = new Whereabouts(() => clock.now);
  /** @param {number} north @param {{acc?: number, speed?: number|null}} [how] */
  const hear = (north, { acc = 8, speed = null } = {}) =>
    where.heard({ lat: 31.127 + north * METRE, lon: 104.398, acc, speed });
  return { clock, where, hear };
}

test("without a fix, or with an old one, an event says nowhere", () => {
  const { clock, where, hear } = standingStill();
  assert.deepEqual(where.spot(), { lat6: null, lon6: null, acc: null });
  hear(0);
  assert.equal(where.spot().lat6, 31_127_000);
  clock.now = FRESH_MS + 1;
  assert.deepEqual(where.spot(), { lat6: null, lon6: null, acc: null });
  assert.equal(where.isMoving(), false);
});

test("one fix that jumps does not move the middle, but the circle says that it was there", () => {
  const { where, hear } = standingStill();
  for (const north of [0, 1, 400, 2, 1]) hear(north);
  const spot = where.spot();
  assert.equal(spot.lat6, 31_127_009);
  assert.ok(spot.acc !== null && spot.acc >= 395 && spot.acc <= 405);
  assert.equal(standing(spot, STOP), "unknown");
});

test("a spot is outside only when its whole circle is", () => {
  /** @type {[number, number, string][]} */
  const table = [[0, 8, "at"], [60, 8, "at"], [67, 8, "at"], [75, 8, "outside"],
    [140, 90, "at"], [160, 90, "outside"], [0, 101, "unknown"]];
  for (const [north, acc, says] of table) {
    const { where, hear } = standingStill();
    hear(north, { acc });
    assert.equal(standing(where.spot(), STOP), says, `${north} m, ±${acc} m`);
  }
  assert.equal(standing({ lat6: 1, lon6: 1, acc: 1 }, { stop: "S9", name: "" }), "unknown");
});

test("the nearest stop is proposed, and none when nobody knows where it is", () => {
  const far = { ...STOP, stop: "S2", lat6: 31_137_000 };
  const nowhere = { stop: "S3", name: "", lat6: null, lon6: null, radius_m: null };
  const spot = { lat6: 31_128_000, lon6: 104_398_000, acc: 5 };
  assert.equal(nearest(spot, [far, nowhere, STOP])?.stop, "S1");
  assert.equal(nearest(spot, [nowhere]), null);
  assert.equal(nearest({ lat6: null, lon6: null, acc: null }, [STOP]), null);
});

test("the driver is locked out above five km/h, by the speed told or by the way gone", () => {
  const told = standingStill();
  told.hear(0, { speed: 1.4 });
  assert.equal(told.where.isMoving(), true);
  told.hear(0, { speed: 1.38 });
  assert.equal(told.where.isMoving(), false);
  const gone = standingStill();
  gone.hear(0);
  gone.clock.now = 2000;
  gone.hear(30);
  assert.equal(gone.where.speedKmh(), null);
  gone.clock.now = 5000;
  gone.hear(60);
  assert.ok(gone.where.isMoving());
  const shaking = standingStill();
  shaking.hear(0, { acc: 20 });
  shaking.clock.now = 5000;
  shaking.hear(30, { acc: 20 });
  assert.equal(shaking.where.isMoving(), false);
});

test("fixes are asked for once and a refusal is no error", () => {
  const { where } = standingStill();
  let heard = 0;
  where.onFix(() => (heard += 1));
  where.watch({ watchPosition: (found, failed) => {
    failed?.(/** @type {any} */ ({ code: 1 }));
    found(/** @type {any} */ ({ coords: { latitude: 31.127, longitude: 104.398, accuracy: 7.2, speed: 0 } }));
    return 1;
  } });
  assert.equal(heard, 1);
  assert.deepEqual(where.spot(), { lat6: 31_127_000, lon6: 104_398_000, acc: 8 });
  where.watch(undefined);
});

test("a degree is 111.195 km", () => {
  assert.equal(Math.round(metres({ lat: 31, lon: 104 }, { lat: 32, lon: 104 })), 111_195);
});

/** A browser that gives locks away and takes them back. */
function browser() {
  /** @type {(() => void)[]} */
  const takers = [];
  /** @type {(() => void)[]} */
  const acts = [];
  const given = { asked: 0, released: 0, refuses: false };
  const sight = { visibilityState: "visible",
    addEventListener: (/** @type {string} */ _what, /** @type {() => void} */ act) => void acts.push(act) };
  const locks = { request: async () => {
    given.asked += 1;
    if (given.refuses) throw new Error("battery");
    return { release: async () => { given.released += 1; },
      addEventListener: (/** @type {string} */ _what, /** @type {() => void} */ act) => void takers.push(act) };
  } };
  const turn = async (/** @type {string} */ state) => {
    sight.visibilityState = state;
    if (state === "hidden") for (const take of takers.splice(0)) take();
    for (const act of acts) act();
    await new Promise((done) => setTimeout(done, 0));
  };
  return { given, sight, locks, turn };
}

test("the screen is kept on during a run, again after the page was hidden, and let go at its end", async () => {
  const { given, sight, locks, turn } = browser();
  let isRun = true;
  const settle = keepAwake(locks, sight, () => isRun);
  await settle();
  await settle();
  assert.equal(given.asked, 1);
  await turn("hidden");
  await turn("visible");
  assert.equal(given.asked, 2);
  isRun = false;
  await settle();
  assert.equal(given.released, 1);
  await turn("visible");
  assert.equal(given.asked, 2);
});

test("a browser without locks, or one that refuses, breaks nothing and is asked again", async () => {
  const { given, sight, locks, turn } = browser();
  await keepAwake(undefined, sight, () => true)();
  given.refuses = true;
  const settle = keepAwake(locks, sight, () => true);
  await settle();
  given.refuses = false;
  await turn("visible");
  assert.equal(given.asked, 2);
});
