// A store, a clock and a server that live in memory, for tests of the outbox and the sync.
import { digest } from "../../busops/web/static/tablet/canonical.js";
import { Outbox } from "../../busops/web/static/tablet/outbox.js";

/** A store that survives its outbox, as a disk survives a page. */
export function memoryStore() {
  const events = new Map();
  const answers = new Map();
  const meta = new Map();
  const store = {
    full: false,
    load: async () => ({ records: [...events.values()], answers: [...answers.values()] }),
    add: async (entry) => {
      if (store.full) throw new Error("QuotaExceededError");
      if (events.has(entry.seq)) throw new Error("ConstraintError");
      events.set(entry.seq, structuredClone(entry));
    },
    answer: async (some) => some.forEach((each) => answers.set(each.seq, each)),
    get: async (key) => meta.get(key),
    put: async (key, value) => void meta.set(key, value),
  };
  return store;
}

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

export const openOutbox = (store, how) => Outbox.open(store, how, identity);

export const tap = (kind, fields = {}) => ({ kind, run: "run-1", roster_v: 1, ...fields });

/** A server that keeps what it gets and can be lost, slow of wit or picky. */
export function memoryServer(time) {
  const kept = new Map();
  const server = {
    kept, mode: "up", calls: 0, poisoned: new Set(), serverMs: () => time.ms + 5000,
    fetch: async (_path, options) => {
      server.calls += 1;
      if (server.mode === "lost") throw new TypeError("network");
      if (server.mode !== "up") return reply(server.mode, {}, { "Retry-After": "7" });
      const { events } = JSON.parse(options.body);
      if (server.tooMany && events.length > server.tooMany) return reply(413, {});
      const results = events.map((event) => {
        if (server.poisoned.has(event.seq)) return { id: event.id, r: "quarantined", why: "bad_code" };
        const r = kept.has(event.id) ? "duplicate" : "stored";
        kept.set(event.id, event);
        return { id: event.id, r };
      });
      const seqs = new Set([...kept.values()].map((event) => event.seq).concat([...server.poisoned]));
      let ack = 0;
      while (seqs.has(ack + 1)) ack += 1;
      if (server.mode === "up" && server.swallowsAnswer) {
        server.swallowsAnswer = false;
        throw new TypeError("lost on the way back");
      }
      return reply(200, { results, ack, now: server.serverMs(), directives: [] });
    },
  };
  return server;
}

const reply = (status, body, headers = {}) => ({
  status, json: async () => body, headers: { get: (name) => headers[name] ?? null },
});
