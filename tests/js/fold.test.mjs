// The tablet's fold and chain give the answers of the shared vectors (tests/unit/domain runs the same ones).
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { canonical, digest, uuid7 } from "../../busops/web/static/tablet/canonical.js";
import { fold } from "../../busops/web/static/tablet/fold.js";

/** @typedef {import("../../busops/web/static/tablet/canonical.js").Envelope} Envelope */
/** @typedef {{aboard: string[], disputed: string[], alighted: string[], absent: {[rider: string]: string}}} Riders */
/** @typedef {{name: string, events: Partial<Envelope>[], expect: Riders}} Case */

/** @param {string} name @returns {unknown} */
const read = (name) => JSON.parse(readFileSync(new URL(`../../data/vectors/${name}.json`, import.meta.url), "utf8"));
const { defaults, cases } = /** @type {{defaults: Envelope, cases: Case[]}} */ (read("fold"));
const { chain } = /** @type {{chain: {event: Envelope, canonical: string, hash: string}[]}} */ (read("chain"));

/** A small shuffle that repeats: the n-th rotation of the reversed list.
 * @param {Envelope[]} events @returns {Envelope[][]} */
const orders = (events) => [events, [...events].reverse(), [...events, ...events], [...events.slice(1), ...events.slice(0, 1)]];

for (const { name, events, expect } of cases) {
  test(`fold: ${name}`, () => {
    const whole = events.map((event) => ({ ...defaults, ...event }));
    for (const order of orders(whole)) {
      const { aboard, disputed, alighted, absent } = fold(order);
      const answer = {
        aboard: [...aboard].sort(), disputed: [...disputed].sort(), alighted: [...alighted].sort(),
        absent: Object.fromEntries(absent),
      };
      assert.deepEqual(answer, expect);
    }
  });
}

test("the fold stays within 80 lines, for it exists twice", () => {
  const text = readFileSync(new URL("../../busops/web/static/tablet/fold.js", import.meta.url), "utf8");
  assert.ok(text.split("\n").length <= 81);
});

test("canonical JSON and hash equal the server's, byte for byte", async () => {
  for (const { event, canonical: bytes, hash } of chain) {
    assert.equal(canonical(event), bytes);
    assert.equal(await digest(event), hash);
  }
});

test("an id is a UUIDv7 and does not run back with the clock", () => {
  const ids = [uuid7(2_000_000), uuid7(1_000_000), uuid7(3_000_000)];
  for (const id of ids) assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.deepEqual(ids.map((id) => id.slice(0, 13)).sort(), ids.map((id) => id.slice(0, 13)));
});
