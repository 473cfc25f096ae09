// The outbox: what was tapped here, chained, written to disk before anything turns green. Nothing leaves
// it but by prune.js, long after the server has it. It knows no network (sync.js) and no page; its store
// is injected, and gives what one run needs and what the server has not answered for.

import { canonical } from "./canonical.js";
import { ageOf, measured } from "./clock.js";

/** @typedef {import("./canonical.js").Envelope} Envelope */
/** @typedef {import("./canonical.js").Kind} Kind */
/** @typedef {{seq: number, event: Envelope, hash: string}} Entry */
/** @typedef {"stored"|"duplicate"|"quarantined"|"fork"} Outcome */
/** What became of one event. @typedef {{id: string, r: Outcome, srv: number|null, why: string|null}} Result */
/** The part of it that is kept. @typedef {{seq: number, r: Outcome, why: string|null}} Answer */
/** @typedef {import("./clock.js").Offset} Offset */
/** @typedef {import("./clock.js").Moment} Moment */
/** A place in the chain. @typedef {{seq: number, hash: string}} Place */
/** What is kept beside the events, by name. `acked`: up to where the server's record is ours, byte for byte;
 * `closed:<run>`: when the server closed it; `fork`: the device of which it knows two histories; `head`: the last place
 * of the chain, when its event has been pruned; `probe`: whether the disk takes anything; `former:<dev>`: what it was before;
 * `names_key` closes what names riders (boxed.js); `tries:<run>:<rider>`: the one-time codes tried in vain. @typedef {{acked: Place,
 *   fork: number, head: Place, probe: number, [former: `former:${number}`]: import("./session.js").Identity,
 *   names_key: CryptoKey, [tries: `tries:${string}`]: {salt: string, n: number},
 *   identity: import("./session.js").Identity, offset: Offset, quietened: {run: string, wall_ms: number}[], [closed: `closed:${string}`]: number,
 *   [news: `news:${string}`]: import("./model.js").News, [pack: `pack:${string}`]: import("./pack.js").KeptPack}} Kept */
/** `load` gives the events of a run (null: of all), those without an answer and the last; `claim` puts a value where none
 * is, and gives the one that stands. @typedef {{
 *   load: (run: string|null) => Promise<{records: Entry[], answers: Answer[]}>, add: (entry: Entry) => Promise<void>,
 *   answer: (answers: Answer[]) => Promise<void>, at: (seq: number) => Promise<Entry|undefined>,
 *   after: (seq: number) => Promise<Entry[]>, runs: () => Promise<string[]>, ofRun: (run: string) => Promise<Entry[]>,
 *   remove: (seqs: number[], head: Place) => Promise<void>, keys: () => Promise<string[]>,
 *   get: <K extends keyof Kept>(key: K) => Promise<Kept[K]|undefined>,
 *   claim: <K extends keyof Kept>(key: K, value: Kept[K]) => Promise<Kept[K]>,
 *   put: <K extends keyof Kept>(key: K, value: Kept[K]) => Promise<void>, drop: (key: keyof Kept) => Promise<void>}} Store */
/** @typedef {{wallMs: () => number, monoMs: () => number, readonly boot: string, uuid: (wallMs: number) => string,
 *   digest: (event: Envelope) => Promise<string>, hasParted?: () => boolean, settle?: () => void,
 *   spot?: () => import("./position.js").Spot}} Means */
/** @typedef {{dev: number, by: string, app: string}} Identity */
/** @typedef {{kind: Kind, run: string, roster_v: number, rider?: string|null, stop?: string|null,
 *   n?: number|null, refs?: string[], reason?: string|null, codes?: string[], text?: string|null}} Tap */

const NOWHERE = { lat6: null, lon6: null, acc: null };
const NO_HASH = "0".repeat(64);
const BATCH_EVENTS = 200;
const BATCH_BYTES = 240 * 1024;

export class Outbox {
  /** @param {Store} store @param {Means} means @param {Identity} identity @param {string|null} run */
  constructor(store, means, identity, run) {
    this.store = store;
    this.means = means;
    this.identity = identity;
    this.run = run;
    /** @type {Entry[]} */ this.entries = [];
    /** @type {Map<number, Answer>} */ this.answers = new Map();
    /** What this life of the page has learnt itself. @type {Offset|null} */ this.offset = null;
    /** What an earlier life knew: good enough to show a time, not to vouch for one. @type {Offset|null} */ this.guess = null;
    /** @type {Place} */ this.last = { seq: 0, hash: NO_HASH };
    /** @type {Place|null} */ this.acked = null;
    this.isForked = false;
    /** @type {Promise<unknown>} */
    this.turn = Promise.resolve();
  }

  /** The outbox as it was left, whatever ended the page's last life; with the events of one run, or of all.
   * @param {Store} store @param {Means} means @param {Identity} identity @param {string|null} [run]
   * @returns {Promise<Outbox>} */
  static async open(store, means, identity, run = null) {
    const outbox = new Outbox(store, means, identity, run);
    await outbox.reload();
    return outbox;
  }

  /** Takes from the disk what another page may have written there. @returns {Promise<void>} */
  async reload() {
    const { store } = this;
    const [{ records, answers }, head, acked, offset, fork] = await Promise.all([
      store.load(this.run), store.get("head"), store.get("acked"), store.get("offset"), store.get("fork"),
    ]);
    this.entries = records.sort((a, b) => a.seq - b.seq);
    this.answers = new Map(answers.map((answer) => [answer.seq, answer]));
    const newest = this.entries[this.entries.length - 1];
    const places = [newest, head, { seq: 0, hash: NO_HASH }].filter((place) => place !== undefined);
    const { seq, hash } = places.reduce((a, b) => (b.seq > a.seq ? b : a));
    this.last = { seq, hash };
    this.acked = acked ?? null;
    this.guess = offset ?? null;
    this.isForked = fork === this.identity.dev;
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
    this.last = { seq: entry.seq, hash: entry.hash };
    return entry;
  }

  /** The place after which the next event goes. @returns {Place} */
  head() {
    return this.last;
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
      off_age_ms: this.offset ? ageOf(this.offset, wallMs) : 0,
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

  /** Whether the server lacks what it once answered for. @param {number} ack @returns {boolean} */
  isAheadOf(ack) {
    return this.answers.get(ack + 1)?.r === "stored";
  }

  /** The server holds less than it once said (a restored backup): what it lacks waits again.
   * @param {number} ack the highest number up to which it lacks nothing @returns {Promise<void>} */
  async forgetAfter(ack) {
    for (const [seq, answer] of this.answers) {
      if (seq > ack && (answer.r === "stored" || answer.r === "duplicate")) this.answers.delete(seq);
    }
    const here = new Set(this.entries.map((entry) => entry.seq));
    this.entries.push(...(await this.store.after(ack)).filter((entry) => !here.has(entry.seq)));
    this.entries.sort((a, b) => a.seq - b.seq);
  }

  /** The server holds everything up to here. It counts only when the hash it names is that of our event:
   * then its record is ours. @param {number} seq @param {string|undefined} hash @returns {Promise<void>} */
  async acknowledge(seq, hash) {
    const own = seq > 0 ? this.entries.find((entry) => entry.seq === seq) ?? (await this.store.at(seq)) : undefined;
    const place = own && own.hash === hash ? { seq, hash: own.hash } : null;
    if ((place?.seq ?? 0) === (this.acked?.seq ?? 0)) return;
    this.acked = place;
    await (place ? this.store.put("acked", place) : this.store.drop("acked"));
  }

  /** The server knows two histories of this device: it sends nothing any more, in no life of the page.
   * @returns {Promise<void>} */
  async setForked() {
    this.isForked = true;
    await this.store.put("fork", this.identity.dev);
  }

  /** Both clocks, now. @returns {Moment} */
  moment() {
    return { wall_ms: this.means.wallMs(), mono_ms: Math.round(this.means.monoMs()) };
  }

  /** An answer told the server's time; it is taken unless what is known is better.
   * @param {number} nowMs @param {Moment} sent when it was asked @returns {Promise<void>} */
  async hear(nowMs, sent) {
    if (this.means.hasParted?.()) this.offset = null;
    const back = this.moment();
    const heard = measured(nowMs, sent, back);
    if (this.offset && ageOf(this.offset, back.wall_ms) < ageOf(heard, back.wall_ms)) return;
    this.means.settle?.();
    this.offset = heard;
    this.guess = heard;
    await this.store.put("offset", heard);
  }

  /** What is to be added to the wall clock to show the server's time, as far as anybody here knows.
   * @returns {number} */
  offMs() {
    return (this.offset ?? this.guess)?.off_ms ?? 0;
  }
}
