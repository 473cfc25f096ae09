// The outbox: what was tapped here, chained, written to disk before anything turns green, and
// never deleted. It knows no network (sync.js) and no page; its store is injected.

import { canonical } from "./canonical.js";

/** @typedef {import("./canonical.js").Envelope} Envelope */
/** @typedef {import("./canonical.js").Kind} Kind */
/** @typedef {{seq: number, event: Envelope, hash: string}} Entry */
/** @typedef {"stored"|"duplicate"|"quarantined"|"fork"} Outcome */
/** What became of one event. @typedef {{id: string, r: Outcome, srv: number|null, why: string|null}} Result */
/** The part of it that is kept. @typedef {{seq: number, r: Outcome, why: string|null}} Answer */
/** How far this clock was from the server's, and when. @typedef {{off_ms: number, at_ms: number}} Offset */
/** @typedef {{offset: Offset, identity: import("./session.js").Identity,
 *   [pack: `pack:${string}`]: import("./pack.js").KeptPack, [news: `news:${string}`]: import("./model.js").News}} Kept */
/** @typedef {{load: () => Promise<{records: Entry[], answers: Answer[]}>, add: (entry: Entry) => Promise<void>,
 *   answer: (answers: Answer[]) => Promise<void>, get: <K extends keyof Kept>(key: K) => Promise<Kept[K]|undefined>,
 *   put: <K extends keyof Kept>(key: K, value: Kept[K]) => Promise<void>}} Store */
/** @typedef {{wallMs: () => number, monoMs: () => number, readonly boot: string, uuid: (wallMs: number) => string,
 *   digest: (event: Envelope) => Promise<string>, hasParted?: () => boolean,
 *   spot?: () => import("./position.js").Spot}} Means */
/** @typedef {{dev: number, by: string, app: string}} Identity */
/** @typedef {{kind: Kind, run: string, roster_v: number, rider?: string|null, stop?: string|null,
 *   n?: number|null, refs?: string[], reason?: string|null, codes?: string[], text?: string|null}} Tap */

const NOWHERE = { lat6: null, lon6: null, acc: null };
const NO_HASH = "0".repeat(64);
const BATCH_EVENTS = 200;
const BATCH_BYTES = 240 * 1024;

export class Outbox {
  /** @param {Store} store @param {Means} means @param {Identity} identity @param {Entry[]} entries
   *  @param {Answer[]} answers @param {Offset|null} offset */
  constructor(store, means, identity, entries, answers, offset) {
    this.store = store;
    this.means = means;
    this.identity = identity;
    this.entries = entries;
    this.answers = new Map(answers.map((answer) => [answer.seq, answer]));
    this.offset = offset;
    /** @type {Promise<unknown>} */
    this.turn = Promise.resolve();
  }

  /** The outbox as it was left, whatever ended the page's last life.
   * @param {Store} store @param {Means} means @param {Identity} identity @returns {Promise<Outbox>} */
  static async open(store, means, identity) {
    const { records, answers } = await store.load();
    records.sort((a, b) => a.seq - b.seq);
    return new Outbox(store, means, identity, records, answers, (await store.get("offset")) ?? null);
  }

  /** Writes one tap behind the last; taps are taken one after another. Rejects when it is not on disk.
   * @param {Tap} tap @returns {Promise<Entry>} */
  append(tap) {
    const mine = this.turn.then(() => this.write(tap));
    this.turn = mine.catch(() => undefined);
    return mine;
  }

  /** A seal: "nothing of this run comes after"; its number is its own place.
   * @param {Tap} tap @returns {Promise<Entry>} */
  seal(tap) {
    const mine = this.turn.then(() => this.write({ ...tap, kind: "seal", n: this.head().seq + 1 }));
    this.turn = mine.catch(() => undefined);
    return mine;
  }

  /** @param {Tap} tap @returns {Promise<Entry>} */
  async write(tap) {
    const head = this.head();
    const event = this.envelope(tap, head.seq + 1, head.hash);
    const entry = { seq: event.seq, event, hash: await this.means.digest(event) };
    await this.store.add(entry);
    this.entries.push(entry);
    return entry;
  }

  /** The place after which the next event goes. @returns {{seq: number, hash: string}} */
  head() {
    return this.entries[this.entries.length - 1] ?? { seq: 0, hash: NO_HASH };
  }

  /** @param {Tap} tap @param {number} seq @param {string} prev @returns {Envelope} */
  envelope(tap, seq, prev) {
    const wallMs = this.means.wallMs();
    if (this.means.hasParted?.()) this.offset = null;
    return {
      v: 1, id: this.means.uuid(wallMs), dev: this.identity.dev, seq, prev,
      run: tap.run, roster_v: tap.roster_v, kind: tap.kind,
      rider: tap.rider ?? null, stop: tap.stop ?? null, n: tap.n ?? null, refs: tap.refs ?? [],
      reason: tap.reason ?? null, codes: tap.codes ?? [], text: tap.text ?? null,
      wall_ms: wallMs, boot: this.means.boot, mono_ms: Math.round(this.means.monoMs()),
      off_ms: this.offset ? this.offset.off_ms : null,
      off_age_ms: this.offset ? Math.max(0, wallMs - this.offset.at_ms) : 0,
      ...(this.means.spot?.() ?? NOWHERE), by: this.identity.by, app: this.identity.app,
    };
  }

  /** @param {string} run @returns {Envelope[]} */
  eventsOf(run) {
    return this.entries.filter((entry) => entry.event.run === run).map((entry) => entry.event);
  }

  /** Those the server has not answered for, in their order. @returns {Entry[]} */
  waiting() {
    return this.entries.filter((entry) => !this.answers.has(entry.seq));
  }

  /** Those the server keeps apart: delivered, but a person must look. @returns {Answer[]} */
  refused() {
    return [...this.answers.values()].filter((answer) => answer.r === "quarantined" || answer.r === "fork");
  }

  /** The next batch, within the server's limits. @param {number} most @returns {Entry[]} */
  batch(most = BATCH_EVENTS) {
    const batch = [];
    let bytes = 0;
    for (const entry of this.waiting()) {
      bytes += canonical(entry.event).length * 2;
      if (batch.length >= Math.min(most, BATCH_EVENTS) || (batch.length > 0 && bytes > BATCH_BYTES)) break;
      batch.push(entry);
    }
    return batch;
  }

  /** Keeps the server's word on the events it names; an event it does not name goes on waiting.
   * @param {Result[]} results @returns {Promise<void>} */
  async settle(results) {
    const byId = new Map(results.map((result) => [result.id, result]));
    /** @type {Answer[]} */
    const answers = [];
    for (const { seq, event } of this.entries) {
      const result = byId.get(event.id);
      if (result) answers.push({ seq, r: result.r, why: result.why ?? null });
    }
    await this.store.answer(answers);
    for (const answer of answers) this.answers.set(answer.seq, answer);
  }

  /** The server holds less than it once said (a restored backup): what it lacks waits again.
   * @param {number} ack the highest number up to which it lacks nothing @returns {void} */
  forgetAfter(ack) {
    for (const [seq, answer] of this.answers) {
      if (seq > ack && (answer.r === "stored" || answer.r === "duplicate")) this.answers.delete(seq);
    }
  }

  /** How far this clock is from the server's. @param {number} offMs @returns {Promise<void>} */
  async setOffset(offMs) {
    this.offset = { off_ms: Math.round(offMs), at_ms: this.means.wallMs() };
    await this.store.put("offset", this.offset);
  }
}
