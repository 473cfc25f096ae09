// One run on this page: outbox, server and screen kept together. What is on disk is drawn first, what the
// server says comes after; nothing here waits for a network before the run can be seen and tapped.

import { asking, isRecord, isRefusal, readJson } from "./answers.js";
import { letGo } from "./at_rest.js";
import { redScreen } from "./health.js";
import { view } from "./model.js";
import { loadPack, prefetch } from "./pack.js";
import { sayHere, tellLoss } from "./presence.js";
import { keepQuietened, tellQuietened } from "./quietened.js";
import { pruneEvents, pruneNames, runsNotKnownClosed } from "./prune.js";
import { dialog, h, say } from "./screens/parts.js";

/** @typedef {import("./model.js").Pack} Pack */
/** @typedef {import("./model.js").News} News */
/** @typedef {import("./model.js").View} View */
/** @typedef {import("./main.js").Fields} Fields */
/** @typedef {import("./sync.js").Sync} Sync */
/** @typedef {{pack: Pack, news: News|null, store: import("./outbox.js").Store, outbox: import("./outbox.js").Outbox,
 *   clock: import("./clock.js").DeviceClock, alarm: import("./health.js").Alarm, token: string, mayWrite: boolean,
 *   renew: () => Promise<string|null>, onChange: () => void}} Parts */

const NEWS_AFTER_MS = 600;
const RENEW_EVERY_MS = 60_000;
const ASKED_AT_ONCE = 5;
const UNKNOWN = new Set([401, 403]);

export class LiveRun {
  /** @param {Parts} parts @param {(live: LiveRun) => Sync} makeSync */
  constructor(parts, makeSync) {
    const { pack, news, store, outbox, clock, alarm, token, mayWrite } = parts;
    this.pack = pack;
    this.news = news;
    this.store = store;
    this.outbox = outbox;
    this.clock = clock;
    this.alarm = alarm;
    this.token = token;
    this.mayWrite = mayWrite;
    this.renew = parts.renew;
    this.onChange = parts.onChange;
    /** Nobody has shown a PIN: nothing is recorded. */ this.isLocked = false;
    /** @type {() => void} */ this.lockUp = () => undefined;
    this.run = pack.run;
    this.learning = 0;
    this.isTelling = false;
    this.renewedMs = -RENEW_EVERY_MS;
    this.sync = makeSync(this);
    /** @type {{key: unknown[], view: View}|null} */ this.drawn = null;
  }

  get headers() {
    return { Authorization: `Device ${this.token}` };
  }

  /** The server's time, as far as it is known here. @returns {number} */
  serverMs() {
    return this.clock.wallMs() + this.outbox.offMs();
  }

  /** What the screens show; worked out anew only when something it is made of has changed. @returns {View} */
  shown() {
    const own = this.outbox.eventsOf(this.run);
    const key = [own.length, own[own.length - 1]?.id, this.news, this.pack.roster_v, this.pack.aside];
    if (!this.drawn || key.some((part, index) => part !== this.drawn?.key[index])) {
      this.drawn = { key, view: view(this.pack, own, this.news) };
    }
    return this.drawn.view;
  }

  /** One tap: on disk, then green, then on its way. @param {import("./canonical.js").Kind} kind @param {Fields} fields
   * @returns {Promise<boolean>} */
  async tap(kind, fields) {
    if (this.isLocked) return false;
    if (!this.mayWrite) {
      await dialog(say("elsewhere_title"), () => [h("p", { class: "measure" }, say("elsewhere_text"))]);
      return false;
    }
    try {
      await this.outbox.append({ kind, run: this.run, roster_v: this.pack.roster_v, ...fields });
    } catch {
      await this.notWritten();
      return false;
    }
    navigator.vibrate?.(20);
    this.onChange();
    void this.sendAndLearn();
    return true;
  }

  /** "Nothing of this run comes after". @returns {Promise<void>} */
  async seal() {
    if (!this.mayWrite) return;
    try {
      await this.outbox.seal({ kind: "seal", run: this.run, roster_v: this.pack.roster_v });
    } catch {
      return this.notWritten();
    }
    await this.sendAndLearn();
  }

  /** @returns {Promise<void>} */
  async notWritten() {
    await redScreen(this.alarm, () => this.store.put("probe", this.clock.wallMs()));
    await dialog(say("writes_again_title"), () => [h("p", { class: "measure" }, say("writes_again_text"))]);
  }

  /** What is asked and closed from now on is asked by this person; what is sent goes on as the device's.
   * @param {string} token @returns {void} */
  speakFor(token) {
    this.token = token;
    void this.refreshNews();
  }

  /** @returns {Promise<"closed"|"refused"|"unreachable"|"locked">} */
  async close() {
    const own = this.outbox.eventsOf(this.run);
    if (own[own.length - 1]?.kind !== "seal") await this.seal(); // one that recorded nothing says so too
    await this.sync.nudge();
    try {
      const reply = await fetch(`/api/v1/runs/${encodeURIComponent(this.run)}/close`, asking({
        method: "POST", headers: { ...this.headers, "Content-Type": "application/json" }, body: "{}",
      }));
      const answer = await readJson(reply, isRecord);
      await this.refreshNews();
      if (!answer) return "unreachable";
      if (answer.code === "pin_needed") {
        this.lockUp();
        return "locked";
      }
      if (reply.status === 200) return "closed";
      return reply.status === 409 ? "refused" : "unreachable";
    } catch {
      return "unreachable";
    }
  }

  /** Somebody quietened the siren of the locked tablet: the office hears of it, now or with the network.
   * @returns {Promise<void>} */
  async quietened() {
    await keepQuietened(this.store, this.run, this.clock.wallMs()).catch(() => this.sayQuietened(this.run, 0).catch(() => 0));
    await this.tellQuietened();
  }

  /** @returns {Promise<void>} */
  async tellQuietened() {
    if (this.isTelling) return;
    this.isTelling = true;
    await tellQuietened(this.store, (run, agoS) => this.sayQuietened(run, agoS), () => this.clock.wallMs())
      .catch(() => undefined);
    this.isTelling = false;
  }

  /** The answer's status; 0 where whoever answered is not the server. @param {string} run @param {number} agoS
   * @returns {Promise<number>} */
  async sayQuietened(run, agoS) {
    const headers = { Authorization: `Device ${this.sync.wires.token}`, "Content-Type": "application/json" };
    const asked = asking({ method: "POST", headers, body: JSON.stringify({ ago_s: agoS }) });
    const reply = await fetch(`/api/v1/runs/${encodeURIComponent(run)}/quietened`, asked);
    return (await readJson(reply, isRecord)) ? reply.status : 0;
  }

  /** Taps come fast; what the others did is asked for once they pause. @returns {Promise<void>} */
  async sendAndLearn() {
    if (this.mayWrite) await this.sync.nudge();
    window.clearTimeout(this.learning);
    this.learning = window.setTimeout(() => void this.refreshNews(), NEWS_AFTER_MS);
  }

  /** What the server says of a run; null when it says nothing of it. Rejects when it cannot be heard.
   * @param {string} run @returns {Promise<News|null>} */
  async askForNews(run) {
    const reply = await fetch(`/api/v1/runs/${encodeURIComponent(run)}/news`, asking({ headers: this.headers }));
    const told = reply.status === 200 ? await readJson(reply, isNews) : null;
    if (!told && (reply.status === 200 || !isRefusal(reply))) throw new Error("no answer of ours");
    if (UNKNOWN.has(reply.status)) await this.takeNewToken();
    return told;
  }

  /** @returns {Promise<void>} */
  async refreshNews() {
    const asked = this.outbox.moment();
    try {
      const told = await this.askForNews(this.run);
      if (told) await this.learn(told, asked);
      void this.tellQuietened();
    } catch {
      this.sync.state.online = false;
    }
    this.onChange();
  }

  /** @param {News} told @param {import("./clock.js").Moment} asked @returns {Promise<void>} */
  async learn(told, asked) {
    if (this.mayWrite) await this.outbox.hear(told.now, asked);
    this.news = told;
    this.sync.state.online = true;
    if (this.mayWrite) {
      await this.store.put(`news:${this.run}`, told);
      await this.noteClosing(this.run, told);
    }
    const isOther = told.aside !== undefined && told.aside !== this.pack.aside;
    if (told.roster_v > this.pack.roster_v || isOther) await this.refreshPack();
  }

  /** @param {string} run @param {News} told @returns {Promise<void>} */
  async noteClosing(run, told) {
    if (told.closed) await this.store.put(`closed:${run}`, told.closed.at_ms);
    else if ((await this.store.get(`closed:${run}`)) !== undefined) await this.store.drop(`closed:${run}`);
  }

  /** The list on the screen is the newest one, with its codes and changes; what was tapped stays. @returns {Promise<void>} */
  async refreshPack() {
    const { pack: newest } = await loadPack(this.store, this.run, this.headers);
    if (newest && newest.roster_v >= this.pack.roster_v) Object.assign(this.pack, newest);
  }

  /** The server no longer takes the token: another one, if it can be had without leaving the page.
   * @returns {Promise<void>} */
  async takeNewToken() {
    const nowMs = this.clock.monoMs();
    if (!this.mayWrite || nowMs - this.renewedMs < RENEW_EVERY_MS) return;
    this.renewedMs = nowMs;
    const token = await this.renew();
    if (token === null || token === this.token) return;
    this.token = token;
    await this.sync.renew(token);
  }

  /** Lists whose time is over go without a network too; true when that of this run went. Not while something waits
   * to be sent from here. @returns {Promise<boolean>} */
  async wipe() {
    if (!this.mayWrite || this.outbox.waiting().length > 0) return false;
    return (await pruneNames(this.store, this.serverMs(), this.run)).includes(this.run);
  }

  /** Once a page's life, when the network answers: the lists of the next hours come, what may go goes.
   * @returns {Promise<void>} */
  async tidy() {
    if (!this.mayWrite) return;
    void sayHere({ Authorization: `Device ${this.sync.wires.token}` }).then(tellLoss);
    try {
      await this.refreshPack();
      // A vehicle's tablet asks as the vehicle's: the other runs of whoever uses it are no business of this bus.
      await prefetch(this.store, { Authorization: `Device ${this.sync.wires.token}` }, this.serverMs());
      const open = (await runsNotKnownClosed(this.store)).filter((run) => run !== this.run);
      for (const run of open.slice(0, ASKED_AT_ONCE)) {
        const told = await this.askForNews(run);
        if (told) await this.noteClosing(run, told);
      }
      await letGo(this.store, this.outbox, this.run, (run) => this.askForNews(run));
      await pruneEvents(this.outbox, this.serverMs());
      await pruneNames(this.store, this.serverMs(), this.run);
    } catch {
      return; // nothing is urgent: the next start tries again
    }
  }
}

/** @param {unknown} value @returns {value is News} */
const isNews = (value) =>
  isRecord(value) && typeof value.now === "number" && typeof value.roster_v === "number" &&
  Array.isArray(value.events) && isRecord(value.checks) && isRecord(value.resolved);
