// Sends the outbox, in order, and learns what the server says. A lost network, a slow or a failing
// server never loses a tap: nothing is removed, everything is tried again. Only an answer of ours
// counts as "online"; navigator.onLine lies.

import { asking, isRecord, isRefusal, readJson } from "./answers.js";

/** @typedef {import("./answers.js").Reply} Reply */
/** @typedef {import("./outbox.js").Entry} Entry */
/** @typedef {import("./outbox.js").Outbox} Outbox */
/** @typedef {{do: "reload_pack", run: string}} Directive */
/** @typedef {{results: import("./outbox.js").Result[], ack: number, ack_h?: string, now: number,
 *   directives?: Directive[]}} BatchAnswer */
/** @typedef {"enrol"|"server"|"fork"} Problem */
/** @typedef {{fetch: (path: string, options: RequestInit) => Promise<Reply>, wallMs: () => number, monoMs: () => number,
 *   token: string, seal: import("./keys.js").Sealer, onChange: (state: SyncState) => void,
 *   later: (act: () => void, ms: number) => unknown}} Wires */
/** @typedef {{online: boolean, waiting: number, refused: number, problem: Problem|null, at_ms: number|null,
 *   directives: Directive[]}} SyncState */

export const EVERY_MS = 15_000;
const SLOWEST_MS = 60_000;
const LONGEST_HOLD_MS = 600_000;
const UNKNOWN = new Set([401, 403]);

export class Sync {
  /** @param {Outbox} outbox @param {Wires} wires */
  constructor(outbox, wires) {
    this.outbox = outbox;
    this.wires = wires;
    this.most = 200;
    this.failures = 0;
    /** @type {number} */ this.notBeforeMs = 0;
    /** What the server asked for; no sign of a network shortens it. @type {number} */ this.heldUntilMs = 0;
    /** @type {Promise<void>|null} */ this.running = null;
    /** @type {SyncState} */
    this.state = { online: true, waiting: 0, refused: 0, problem: null, at_ms: null, directives: [] };
  }

  /** Sends what waits; a second call joins the first. @returns {Promise<void>} */
  flush() {
    if (!this.running) {
      this.running = this.drain().finally(() => {
        this.running = null;
      });
    }
    return this.running;
  }

  /** Tries at once after a lost network, but not before a server that refused wants to be asked.
   * @returns {Promise<void>} */
  nudge() {
    this.notBeforeMs = this.heldUntilMs;
    return this.flush();
  }

  /** Another token for the same device: what was refused for want of one is sent. @param {string} token
   * @returns {Promise<void>} */
  renew(token) {
    this.wires.token = token;
    this.heldUntilMs = 0;
    this.tell({ problem: null });
    return this.nudge();
  }

  /** Sends batch after batch until nothing waits or the server cannot take more. A device with two
   * histories sends nothing: what it holds is for people to read. @returns {Promise<void>} */
  async drain() {
    while (!this.outbox.isForked && this.outbox.batch(this.most).length > 0 &&
      this.wires.monoMs() >= this.notBeforeMs) {
      if (!(await this.sendOne())) break;
    }
    this.tell({});
  }

  /** @returns {Promise<boolean>} whether to go on at once */
  async sendOne() {
    const batch = this.outbox.batch(this.most);
    const sent = this.outbox.moment();
    let reply;
    try {
      reply = await this.wires.fetch("/api/v1/events:batch", asking({
        method: "POST",
        headers: { "Content-Type": "application/json", Authorization: `Device ${this.wires.token}` },
        body: JSON.stringify(await this.wires.seal(batch)),
      }));
    } catch {
      return this.retryLater({ online: false, problem: null });
    }
    if (reply.status === 413 && batch.length > 1) {
      this.most = Math.ceil(batch.length / 2);
      return true;
    }
    if (reply.status !== 200) {
      return isRefusal(reply) ? this.refusal(reply) : this.retryLater({ online: false, problem: null });
    }
    const answer = await readJson(reply, isBatchAnswer);
    if (!answer) return this.retryLater({ online: false, problem: null });
    try {
      return await this.accepted(answer, sent, batch.length);
    } catch {
      return this.retryLater({ online: true, problem: null }); // the answer could not be kept: it is asked for again
    }
  }

  /** @param {BatchAnswer} answer @param {import("./clock.js").Moment} sent @param {number} count how many were sent
   * @returns {Promise<boolean>} */
  async accepted(answer, sent, count) {
    const backMs = this.wires.wallMs();
    await this.outbox.hear(answer.now, sent);
    await this.outbox.settle(answer.results);
    if (answer.results.some((result) => result.r === "fork")) await this.outbox.setForked();
    if (!this.outbox.isForked && this.outbox.isAheadOf(answer.ack)) await this.outbox.forgetAfter(answer.ack);
    await this.outbox.acknowledge(answer.ack, answer.ack_h);
    this.failures = 0;
    this.heldUntilMs = 0;
    this.most = 200;
    this.tell({ online: true, problem: null, at_ms: backMs, directives: answer.directives ?? [] });
    return answer.results.length === count && !this.outbox.isForked;
  }

  /** @param {Reply} reply @returns {boolean} */
  refusal(reply) {
    const problem = UNKNOWN.has(reply.status) ? "enrol" : "server";
    const after = Number(reply.headers.get("Retry-After"));
    const asked = Number.isFinite(after) && after > 0 ? Math.min(after * 1000, LONGEST_HOLD_MS) : null;
    const goesOn = this.retryLater({ online: true, problem }, asked);
    this.heldUntilMs = this.notBeforeMs;
    return goesOn;
  }

  /** @param {Partial<SyncState>} state @param {number|null} [waitMs] @returns {false} */
  retryLater(state, waitMs = null) {
    this.failures += 1;
    const grown = Math.min(SLOWEST_MS, 1000 * 2 ** Math.min(this.failures, 6));
    const wait = waitMs ?? Math.round(grown * (0.5 + Math.random() / 2));
    this.notBeforeMs = this.wires.monoMs() + wait;
    this.wires.later(() => void this.flush(), wait + 1);
    this.tell(state);
    return false;
  }

  /** @param {Partial<SyncState>} state @returns {void} */
  tell(state) {
    const waiting = this.outbox.waiting().length;
    this.state = { ...this.state, ...state, waiting, refused: this.outbox.refused().length };
    if (this.outbox.isForked) this.state.problem = "fork";
    this.wires.onChange(this.state);
  }
}

/** @param {unknown} value @returns {value is BatchAnswer} */
const isBatchAnswer = (value) =>
  isRecord(value) && typeof value.now === "number" && typeof value.ack === "number" && Array.isArray(value.results) &&
  value.results.every((each) => isRecord(each) && typeof each.id === "string" && typeof each.r === "string");

/** Flushes on every sign that the network may be back.
 * @param {Pick<Sync, "nudge">} sync @param {Window} window_ @returns {void} */
export function watchNetwork(sync, window_) {
  window_.addEventListener("online", () => void sync.nudge());
  window_.addEventListener("focus", () => void sync.nudge());
  window_.document.addEventListener("visibilitychange", () => {
    if (window_.document.visibilityState === "visible") void sync.nudge();
  });
  window_.setInterval(() => void sync.nudge(), EVERY_MS);
}
