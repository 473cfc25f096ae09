// What a tablet says of the server's time never claims more than it knows: the true time lies within the
// margin that the server gives to it, whatever the way, the clocks and the page did.
import assert from "node:assert/strict";
import { test } from "node:test";

import { deviceClock, measured } from "../../busops/web/static/tablet/clock.js";
import { digest } from "../../busops/web/static/tablet/canonical.js";
import { Outbox } from "../../busops/web/static/tablet/outbox.js";
import { identity, memoryStore, tap } from "./memory.mjs";

const [BASE_MS, DRIFT] = [2000, 10_000]; // CLOCK_BASE_MS and CLOCK_DRIFT of busops/domain/events.py
const TRUE_MS = 1_710_489_600_000;

/** A tablet whose true time, wall clock and running clock a test moves. */
async function tablet(store = memoryStore()) {
  const time = { true_ms: TRUE_MS, wall_ms: TRUE_MS - 5000, mono_ms: 0 };
  let boots = 0;
  const clock = deviceClock({ now: () => time.wall_ms }, { now: () => time.mono_ms }, () => `boot-${(boots += 1)}`);
  let made = 0;
  const outbox = await Outbox.open(store, { wallMs: clock.wallMs, monoMs: clock.monoMs, digest, hasParted: clock.hasParted,
    settle: clock.settle, get boot() { return clock.boot; },
    uuid: () => `0190a000-0000-7000-8000-${String((made += 1)).padStart(12, "0")}` }, identity);
  const pass = (/** @type {number} */ ms) => { for (const each of /** @type {const} */ (["true_ms", "wall_ms", "mono_ms"])) time[each] += ms; };
  /** One answer whose way there and back takes so long. @param {number} thereMs @param {number} backMs */
  const answer = async (thereMs, backMs) => {
    const sent = outbox.moment();
    pass(thereMs);
    const now = time.true_ms;
    pass(backMs);
    await outbox.hear(now, sent);
  };
  /** How far the margin of a tap made now reaches beyond the truth; null when nothing is claimed. */
  const room = async () => {
    const { event } = await outbox.append(tap("note", { text: "x" }));
    if (event.off_ms === null) return null;
    const wrong = Math.abs(event.wall_ms + event.off_ms - time.true_ms);
    return BASE_MS + Math.floor(Number(event.off_age_ms) / DRIFT) - wrong;
  };
  return { time, clock, outbox, pass, answer, room, store };
}

for (const [there, back] of [[0, 0], [0, 2000], [2000, 0], [4000, 0], [0, 4000], [0, 20_000], [19_000, 1000]]) {
  test(`a way of ${there} ms there and ${back} ms back claims no more than it knows`, async () => {
    const { answer, room } = await tablet();
    await answer(there, back);
    assert.ok(Number(await room()) >= 0);
  });
}

test("a parting that is not noticed fits beside the slowest way that counts as quick", async () => {
  for (const by of [-1000, 1000]) {
    for (const way of [[0, 2000], [2000, 0]]) {
      const { time, answer, room } = await tablet();
      await answer(way[0], way[1]);
      time.wall_ms += by;
      assert.ok(Number(await room()) >= 0, `${by} after ${way}`);
    }
  }
});

test("clocks that part by more are noticed: a new boot, nothing claimed, until the next answer", async () => {
  for (const by of [-3_600_000, -1001, 1001, 86_400_000]) {
    const { time, clock, answer, room } = await tablet();
    await answer(50, 50);
    const { boot } = clock;
    time.wall_ms += by;
    assert.equal(await room(), null);
    assert.notEqual(clock.boot, boot);
    await answer(50, 50);
    assert.ok(Number(await room()) >= 0);
  }
});

test("a running clock that stood still while the device slept is a parting too", async () => {
  const { time, answer, room } = await tablet();
  await answer(50, 50);
  time.wall_ms += 60_000;
  time.true_ms += 60_000;
  assert.equal(await room(), null);
});

test("a clock that was set, or a device that slept, while an answer was on its way spoils nothing", async () => {
  for (const moved of [{ wall_ms: -3_600_000 }, { wall_ms: 3_600_000 }, { wall_ms: 30_000, true_ms: 30_000 }]) {
    const { time, outbox, pass, room } = await tablet();
    const sent = outbox.moment();
    pass(50);
    const now = time.true_ms;
    time.wall_ms += moved.wall_ms;
    time.true_ms += moved.true_ms ?? 0;
    pass(50);
    await outbox.hear(now, sent);
    assert.ok(Number(await room()) >= 0);
  }
});

test("clocks that drift apart slowly are no parting while the server is heard now and then", async () => {
  const { time, clock, pass, answer, room } = await tablet();
  await answer(50, 50);
  const { boot } = clock;
  for (let hour = 0; hour < 12; hour += 1) {
    pass(3_600_000);
    time.wall_ms += 300;
    await answer(50, 50);
    assert.ok(Number(await room()) >= 0);
  }
  assert.equal(clock.boot, boot);
});

test("a slow answer does not push out a better one, and is better than an old one", async () => {
  const { outbox, pass, answer } = await tablet();
  await answer(50, 50);
  await answer(0, 10_000);
  assert.equal(outbox.offset?.slack_ms, 0);
  pass(12 * 3_600_000);
  await answer(0, 8000);
  assert.equal(outbox.offset?.slack_ms, 3000);
});

test("a new life of the page vouches for no time before it has heard one, and still shows one", async () => {
  const first = await tablet();
  await first.answer(50, 50);
  const { time, outbox, answer, room } = await tablet(first.store);
  time.wall_ms += 3_600_000; // set while no page was there to notice
  assert.equal(await room(), null);
  assert.equal(outbox.offMs(), 5000);
  await answer(50, 50);
  assert.ok(Number(await room()) >= 0);
});

test("the way is measured by whichever clock says more", () => {
  const sent = { wall_ms: 1000, mono_ms: 0 };
  assert.deepEqual(measured(10_000, sent, { wall_ms: 1100, mono_ms: 4000 }), { off_ms: 10_900, at_ms: 1100, slack_ms: 1000 });
  assert.deepEqual(measured(10_000, sent, { wall_ms: 500, mono_ms: 100 }), { off_ms: 9550, at_ms: 500, slack_ms: 0 });
});
