// What a tablet sends next after each answer: the vectors that the Python twin of the simulator is held to as well.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { sealer } from "../../busops/web/static/tablet/keys.js";
import { Sync } from "../../busops/web/static/tablet/sync.js";
import { means, memoryStore, openOutbox, reply, tap } from "./memory.mjs";

/** @typedef {{sends: number[], status: number, results?: {[seq: string]: "stored"|"duplicate"|"quarantined"|"fork"},
 *   ack?: number, waiting: number[], problem: string|null}} Step */
/** @typedef {{name: string, taps: number, steps: Step[]}} Case */
/** @type {{cases: Case[]}} */
const vectors = JSON.parse(readFileSync(new URL("../../data/vectors/sync.json", import.meta.url), "utf8"));

for (const { name, taps, steps } of vectors.cases) {
  test(`sync: ${name}`, async () => {
    const how = means();
    const outbox = await openOutbox(memoryStore(), how);
    for (let made = 0; made < taps; made += 1) await outbox.append(tap("note", { text: "x" }));
    /** @type {Step[]} */
    const queue = [...steps];
    const sync = new Sync(outbox, {
      wallMs: how.wallMs, monoMs: how.monoMs, token: "t", seal: sealer({ dev: 7 }, "0.1.0"),
      onChange: () => {}, later: () => {},
      fetch: async (_path, options) => {
        const step = /** @type {Step} */ (queue[0]);
        /** @type {{events: import("../../busops/web/static/tablet/canonical.js").Envelope[]}} */
        const { events } = JSON.parse(String(options.body));
        assert.deepEqual(events.map(({ seq }) => seq), step.sends);
        if (step.status === 0) throw new TypeError("network");
        const results = events.filter(({ seq }) => step.results?.[seq])
          .map(({ id, seq }) => ({ id, r: step.results?.[seq], srv: 1, why: null }));
        const body = { results, ack: step.ack, ack_h: "", now: how.time.ms, directives: [] };
        return reply(step.status, body);
      },
    });
    while (queue.length > 0) {
      await sync.sendOne();
      const step = /** @type {Step} */ (queue.shift());
      assert.deepEqual(outbox.waiting().map(({ seq }) => seq), step.waiting);
      assert.equal(sync.state.problem, step.problem);
    }
  });
}
