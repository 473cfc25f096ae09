// A store, a clock and a server that live in memory, for tests of the outbox and the sync.
import { digest } from "../../busops/web/static/tablet/canonical.js";
import { Outbox } from "../../busops/web/static/tablet/outbox.js";

/** @typedef {import("../../busops/web/static/tablet/canonical.js").Envelope} Envelope */
/** @typedef {import("../../busops/web/static/tablet/outbox.js").Answer} Answer */
/** @typedef {import("../../busops/web/static/tablet/outbox.js").Entry} Entry */
/** @typedef {import("../../busops/web/static/tablet/outbox.js").Kept} Kept */
/** @typedef {import("../../busops/web/static/tablet/outbox.js").Means} Means */
/** @typedef {import("../../busops/web/static/tablet/outbox.js").Result} Result */
/** @typedef {import("../../busops/web/static/tablet/outbox.js").Store} Store */
/** @typedef {import("../../busops/web/static/tablet/outbox.js").Tap} Tap */
/** @typedef {import("../../busops/web/static/tablet/sync.js").Wires} Wires */
/** @typedef {{kept: Map<string, Envelope>, mode: "up"|"lost"|number, calls: number, poisoned: Set<number>, tooMany: number,
 *   swallowsAnswer: boolean, isPortal: boolean, forksAt: number, ackHash: string|null, serverMs: () => number, fetch: Wires["fetch"]}} Server */

/** A store that survives its outbox, as a disk survives a page. @returns {Store & {full: boolean}} */
export function memoryStore() {
  /** @type {Map<number, Entry>} */
  const events = new Map();
  /** @type {Map<number, Answer>} */
  const answers = new Map();
  /** @type {Map<keyof Kept, Kept[keyof Kept]>} */
  const meta = new Map();
  /** @type {Store & {full: boolean}} */
  const store = {
    full: false,
    load: async (run) => {
      const records = [...events.values()];
      const newest = records[records.length - 1]?.seq;
      const wanted = records.filter((entry) =>
        run === null || entry.event.run === run || !answers.has(entry.seq) || entry.seq === newest);
      return { records: wanted, answers: [...answers.values()] };
    },
    at: async (seq) => events.get(seq),
    after: async (seq) => [...events.values()].filter((entry) => entry.seq > seq),
    runs: async () => [...new Set([...events.values()].map((entry) => entry.event.run))],
    ofRun: async (run) => [...events.values()].filter((entry) => entry.event.run === run),
    remove: async (seqs, head) => {
      meta.set("head", head);
      for (const seq of seqs) {
        events.delete(seq);
        answers.delete(seq);
      }
    },
    keys: async () => [...meta.keys()],
    drop: async (key) => void meta.delete(key),
    add: async (entry) => {
      if (store.full) throw new Error("QuotaExceededError");
      if (events.has(entry.seq)) throw new Error("ConstraintError");
      events.set(entry.seq, structuredClone(entry));
    },
    answer: async (some) => some.forEach((each) => answers.set(each.seq, each)),
    get: async (key) => /** @type {Kept[typeof key]|undefined} */ (meta.get(key)),
    put: async (key, value) => void meta.set(key, value),
    claim: async (key, value) => {
      if (!meta.has(key)) meta.set(key, value);
      return /** @type {Kept[typeof key]} */ (meta.get(key));
    },
  };
  return store;
}

/** A device whose time stands until a test moves it. @returns {Means & {time: {ms: number}}} */
export function means() {
  let made = 0;
  const time = { ms: 1_710_489_600_000 };
  return {
    time,
    wallMs: () => time.ms,
    monoMs: () => time.ms - 1_710_489_600_000,
    boot: "0190a000-0000-4000-8000-00000000000b",
    uuid: () => `0190a000-0000-7000-8000-${String(++made).padStart(12, "0")}`,
    digest,
  };
}

export const identity = { dev: 7, by: "A01", app: "0.1.0" };

/** @param {Store} store @param {Means} how @returns {Promise<Outbox>} */
export const openOutbox = (store, how) => Outbox.open(store, how, identity);

/** @param {Tap["kind"]} kind @param {Partial<Tap>} [fields] @returns {Tap} */
export const tap = (kind, fields = {}) => ({ kind, run: "run-1", roster_v: 1, ...fields });

/** A server that keeps what it gets and can be lost, slow of wit or picky. @param {{ms: number}} time @returns {Server} */
export function memoryServer(time) {
  /** @type {Map<string, Envelope>} */
  const kept = new Map();
  /** @type {Server} */
  const server = {
    kept, mode: "up", calls: 0, poisoned: new Set(), tooMany: Infinity, swallowsAnswer: false, isPortal: false, forksAt: 0,
    ackHash: null, serverMs: () => time.ms + 5000,
    fetch: async (_path, options) => {
      server.calls += 1;
      if (server.mode === "lost") throw new TypeError("network");
      if (server.isPortal) return portal();
      if (server.mode !== "up") return reply(server.mode, {}, { "Retry-After": "7" });
      const { events } = /** @type {{events: Envelope[]}} */ (JSON.parse(String(options.body)));
      if (events.length > server.tooMany) return reply(413, {});
      /** @type {Result[]} */
      const results = events.map((event) => {
        if (event.seq === server.forksAt) return { id: event.id, r: "fork", srv: null, why: "fork" };
        if (server.poisoned.has(event.seq)) return { id: event.id, r: "quarantined", srv: null, why: "bad_code" };
        const r = kept.has(event.id) ? "duplicate" : "stored";
        kept.set(event.id, event);
        return { id: event.id, r, srv: kept.size, why: null };
      });
      const seqs = new Set([...kept.values()].map((event) => event.seq).concat([...server.poisoned]));
      let ack = 0;
      while (seqs.has(ack + 1)) ack += 1;
      if (server.swallowsAnswer) {
        server.swallowsAnswer = false;
        throw new TypeError("lost on the way back");
      }
      const acked = [...kept.values()].find((event) => event.seq === ack);
      const hash = server.ackHash ?? (acked ? await digest(acked) : "0".repeat(64));
      return reply(200, { results, ack, ack_h: hash, now: server.serverMs(), directives: [] });
    },
  };
  return server;
}

/** @param {number} status @param {unknown} body @param {{[name: string]: string}} [headers]
 * @returns {import("../../busops/web/static/tablet/answers.js").Reply} */
export const reply = (status, body, headers = {}) => ({
  status, json: async () => body,
  headers: { get: (name) => ({ "Content-Type": "application/json", ...headers })[name] ?? null },
});

/** What a hotel's or a carrier's sign-in page answers to everything.
 * @returns {import("../../busops/web/static/tablet/answers.js").Reply} */
export const portal = () => ({
  status: 200, headers: { get: (name) => (name === "Content-Type" ? "text/html; charset=utf-8" : null) },
  json: async () => { throw new SyntaxError("Unexpected token <"); },
});
