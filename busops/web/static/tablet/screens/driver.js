// The driver's screen: one step open with its one act, the clock and the ladder above. It says
// "closed" only when the server did.

import { crewAlarm } from "./alarm.js";
import { driverCheckForm, parkedForm } from "./check.js";
import { button, h, icon, note, say, separator, timeOfDay } from "./parts.js";
import { precheckForm, standStill, standsStill, toRead } from "./precheck.js";

/** @typedef {import("../main.js").Context} Context */
/** @typedef {import("../model.js").View} View */
/** @typedef {import("../model.js").Check} Check */
/** @typedef {import("./parts.js").Child} Child */
/** @typedef {{key: string, done: boolean, title: string, detail?: string|null, open: () => Child[], bad?: boolean}} Step */

/** @param {HTMLElement} root @param {Context} context @returns {import("./parts.js").Screen} */
export function driverScreen(root, context) {
  const { pack } = context;
  const hook = (/** @type {string} */ name) => /** @type {HTMLElement} */ (root.querySelector(`[data-${name}]`));
  const alarm = crewAlarm(root, hook("timer"), context);
  let drawn = "";
  let showsReasons = false;
  let refused = "";
  /** @type {{asks: string, form: Child[]}} */
  let open = { asks: "", form: [] };

  /** @returns {void} */
  function update() {
    const shown = context.shown();
    const news = context.news();
    const steps = stepsOf(shown);
    const here = steps.findIndex((step) => !step.done);
    drawClock(shown, here < 0 ? null : steps[here]);
    // Drawn anew only when something changed; the open step's form, with what is being typed, is kept even then.
    const key = JSON.stringify([steps.map(({ key, done, detail, bad }) => [key, done, detail, bad]), here,
      news?.closed, news?.reasons, news?.defects, showsReasons, refused, context.sync().online]);
    if (key === drawn) return;
    drawn = key;
    hook("steps").replaceChildren(...(showsReasons ? reasonList() : [stepCard(steps, here)]));
    hook("close").replaceChildren(...(steps[here]?.key === "closed" ? [] : closeActs(shown)));
  }

  /** @param {View} shown @returns {Step[]} */
  function stepsOf(shown) {
    const news = context.news();
    const own = context.outbox.eventsOf(pack.run);
    const has = (/** @type {string} */ kind) => shown.events.some((event) => event.kind === kind);
    const checks = news?.checks ?? { attendant: null, driver: null, parked: null };
    const waits = (/** @type {string} */ kind, /** @type {Check|null} */ confirmed) =>
      !confirmed && own.some((event) => event.kind === kind) ? say("not_confirmed") : null;
    const at = (/** @type {Check|null} */ check) => (check ? timeOfDay(check.at_ms, true) : null);
    return [
      { key: "precheck", done: has("precheck"), title: say("step_precheck"), open: () => precheckForm(context) },
      { key: "depart", done: has("depart"), title: say("step_depart", { at: timeOfDay(pack.departs_ms) }),
        bad: isStanding(), open: () => (isStanding() ? standStill() : [h("p", { class: "line__d" }, say("step_depart_text"))]) },
      { key: "arrive", done: shown.isTerminal, title: say("step_arrive", { stop: pack.stops[pack.stops.length - 1].name }),
        open: () => [h("p", { class: "line__d" }, say("step_arrive_text"))] },
      { key: "attendant", done: Boolean(checks.attendant), title: say(checks.attendant ? "step_attendant_done" : "step_attendant"),
        detail: at(checks.attendant), open: () => [h("p", { class: "line__d" }, say("step_attendant_text"))] },
      { key: "check", done: Boolean(checks.driver), title: say(checks.driver ? "step_check_done" : "step_check"),
        detail: at(checks.driver) ?? waits("check", checks.driver), bad: faultWords().length > 0, open: checkForm },
      { key: "parked", done: Boolean(checks.parked), title: say("step_parked"),
        detail: at(checks.parked) ?? waits("parked", checks.parked), open: standForm },
      { key: "closed", done: Boolean(news?.closed), title: say(news?.closed ? "step_closed" : "step_close"),
        detail: news?.closed ? say("closed_version", { v: news.closed.version, at: timeOfDay(news.closed.at_ms) }) : null,
        open: closeForm },
    ];
  }

  /** @param {Step[]} steps @param {number} here @returns {HTMLElement} */
  function stepCard(steps, here) {
    const items = steps.map((step, index) => {
      const state = step.done ? "done" : index === here ? (step.bad ? "bad" : "here") : "next";
      return h("li", { "data-s": state, "data-step": step.key, "aria-current": index === here ? "step" : null },
        h("span", { class: "line__t" }, step.title),
        step.detail && h("span", { class: "line__d" }, step.detail),
        index === here ? formOf(step) : []);
    });
    return h("section", { class: "card" }, h("ol", { class: "line line--v", "aria-label": say("steps") }, ...items));
  }

  /** The open step's form: the same elements as long as it asks the same. @param {Step} step @returns {Child[]} */
  function formOf(step) {
    const asks = JSON.stringify([step.key, faultWords(), step.key === "closed" ? [context.news()?.reasons.length, refused] : 0,
      step.key === "precheck" ? toRead(context.news(), pack.run) : isStanding()]);
    if (open.asks !== asks) open = { asks, form: step.open() };
    return open.form;
  }

  /** @returns {Child[]} */
  function checkForm() {
    return [...faultWords().map((fault) => note("bad", "alert", fault)),
      ...driverCheckForm(context, (codes) => void context.tap("check", { n: 0, codes }))];
  }

  /** @returns {Child[]} */
  function standForm() {
    return parkedForm(pack, async (codes) => {
      if (await context.tap("parked", { codes })) await context.seal();
    });
  }

  /** @returns {Child[]} */
  function closeForm() {
    const n = context.news()?.reasons.length ?? 0;
    return [refused && note("off", "offline", refused), button({
      word: n ? say("cannot_close", { n }) : say("close_run"), icon: n ? "flag" : "lock", kind: n ? "" : "do",
      size: "now", refused: n > 0, act: () => void close(),
    })].filter(Boolean);
  }

  /** @returns {boolean} */
  const isStanding = () => standsStill(context.outbox.eventsOf(pack.run), context.news());

  /** @returns {string[]} */
  const faultWords = () => context.news()?.faults ?? [];

  /** @returns {Promise<void>} */
  async function close() {
    const answer = await context.close();
    refused = answer === "unreachable" ? say("close_unreachable") : "";
    showsReasons = answer === "refused";
    update();
  }

  /** @returns {HTMLElement[]} */
  function reasonList() {
    const reasons = context.news()?.reasons ?? [];
    return [
      h("p", { class: "say" }, say("reasons_text", { n: reasons.length })),
      h("section", { class: "card" }, h("ul", { class: "why" }, ...reasons.map((reason) =>
        h("li", {}, icon("alert"), h("div", {}, h("p", { class: "why__t" }, reason.detail)))))),
      button({ word: say("back_to_steps"), icon: "undo", act: () => { showsReasons = false; update(); } }),
    ];
  }

  /** @param {View} shown @returns {(Node|string)[]} */
  function closeActs(shown) {
    const news = context.news();
    if (news?.closed || showsReasons || !shown.position.hasDeparted) return [];
    const n = news?.reasons.length ?? 0;
    return [
      refused && note("off", "offline", refused),
      button({ word: n ? say("cannot_close", { n }) : say("close_run"), icon: "flag", refused: n > 0,
        act: () => void close() }),
    ].filter(Boolean);
  }

  /** @param {View} shown @param {Step|null} step @returns {void} */
  function drawClock(shown, step) {
    const asks = step !== null && ["attendant", "check", "parked"].includes(step.key);
    alarm.update(shown, asks, step?.key !== "parked");
  }

  hook("sub").append(separator(), pack.plate);
  return { update };
}
