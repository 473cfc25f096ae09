// Sends the outbox, in order, and learns what the server says. A lost network, a slow or a failing
// server never loses a tap: nothing is removed, everything is tried again. Only an HTTP answer
// counts as "online"; navigator.onLine lies.

/** @typedef {import("./outbox.js").Outbox} Outbox */
/** The part of a Response that is read here. @typedef {{status: number, headers: {get: (name: string) => string|null},
 *   json: () => Promise<unknown>}} Reply */
/** @typedef {{do: "reload_pack", run: string}} Directive */
/** @typedef {{results: import("./outbox.js").Result[], ack: number, now: number, directives: Directive[]}} BatchAnswer */
/** @typedef {"enrol"|"server"|"fork"} Problem */
/** @typedef {{fetch: (path: string, options: RequestInit) => Promise<Reply>, wallMs: () => number, token: string, seal: import("./keys.js").Sealer,
 *   onChange: (state: SyncState) => void, later: (act: () => void, ms: number) => unknown}} Wires */
/** @typedef {{online: boolean, waiting: number, refused: number, problem: Problem|null, at_ms: number|null,
 *   directives: Directive[]}} SyncState */

export const EVERY_MS = 15_000;
const SLOWEST_MS = 60_000;
const ANSWER_MS = 20_000;

export class Sync {
  /** @param {Outbox} outbox @param {Wires} wires */
  constructor(outbox, wires) {
    this.outbox = outbox;
    this.wires = wires;
    this.most = 200;
    this.failures = 0;
    /** @type {number} */ this.notBeforeMs = 0;
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

  /** Tries at once, whatever the last failure said. @returns {Promise<void>} */
  nudge() {
    this.notBeforeMs = 0;
    return this.flush();
  }

  /** Sends batch after batch until nothing waits or the server cannot take more. @returns {Promise<void>} */
  async drain() {
    while (this.outbox.batch(this.most).length > 0 && this.wires.wallMs() >= this.notBeforeMs) {
      if (!(await this.sendOne())) break;
    }
    this.tell({});
  }

  /** @returns {Promise<boolean>} whether to go on at once */
  async sendOne() {
    const batch = this.outbox.batch(this.most);
    const sentMs = this.wires.wallMs();
    let response;
    try {
      response = await this.wires.fetch("/api/v1/events:batch", {
        method: "POST",
        headers: { "Content-Type": "application/json", Authorization: `Device ${this.wires.token}` },
        body: JSON.stringify(await this.wires.seal(batch)),
        signal: AbortSignal.timeout(ANSWER_MS),
      });
    } catch {
      return this.retryLater({ online: false, problem: null }, null);
    }
    if (response.status === 413 && batch.length > 1) {
      this.most = Math.ceil(batch.length / 2);
      return true;
    }
    if (response.status !== 200) return this.refusal(response);
    return this.accepted(/** @type {BatchAnswer} */ (await response.json()), sentMs, batch.length);
  }

  /** @param {BatchAnswer} answer @param {number} sentMs @param {number} sent @returns {Promise<boolean>} */
  async accepted(answer, sentMs, sent) {
    const backMs = this.wires.wallMs();
    await this.outbox.setOffset(answer.now - (sentMs + backMs) / 2);
    await this.outbox.settle(answer.results);
    const fork = answer.results.some((result) => result.r === "fork");
    if (!fork && this.isBehind(answer.ack)) this.outbox.forgetAfter(answer.ack);
    this.failures = 0;
    this.most = 200;
    const problem = fork ? "fork" : null;
    this.tell({ online: true, problem, at_ms: backMs, directives: answer.directives ?? [] });
    return answer.results.length === sent && !fork;
  }

  /** @param {number} ack @returns {boolean} whether the server lacks what it once answered for */
  isBehind(ack) {
    const first = this.outbox.entries.find((entry) => entry.seq > ack);
    return first !== undefined && this.outbox.answers.get(first.seq)?.r === "stored";
  }

  /** @param {Reply} response @returns {boolean} */
  refusal(response) {
    const problem = response.status === 401 || response.status === 403 ? "enrol" : "server";
    const after = Number(response.headers.get("Retry-After"));
    return this.retryLater({ online: true, problem }, Number.isFinite(after) && after > 0 ? after * 1000 : null);
  }

  /** @param {Partial<SyncState>} state @param {number|null} waitMs @returns {false} */
  retryLater(state, waitMs) {
    this.failures += 1;
    const grown = Math.min(SLOWEST_MS, 1000 * 2 ** Math.min(this.failures, 6));
    const wait = waitMs ?? Math.round(grown * (0.5 + Math.random() / 2));
    this.notBeforeMs = this.wires.wallMs() + wait;
    this.wires.later(() => void this.flush(), wait + 1);
    this.tell(state);
    return false;
  }

  /** @param {Partial<SyncState>} state @returns {void} */
  tell(state) {
    const waiting = this.outbox.waiting().length;
    this.state = { ...this.state, ...state, waiting, refused: this.outbox.refused().length };
    this.wires.onChange(this.state);
  }
}

/** Flushes on every sign that the network may be back.
 * @param {Sync} sync @param {Window} window_ @returns {void} */
export function watchNetwork(sync, window_) {
  window_.addEventListener("online", () => void sync.nudge());
  window_.addEventListener("focus", () => void sync.nudge());
  window_.document.addEventListener("visibilitychange", () => {
    if (window_.document.visibilityState === "visible") void sync.nudge();
  });
  window_.setInterval(() => void sync.nudge(), EVERY_MS);
}
