// The driver looks the vehicle over: seven items, a defect in words, whether it is critical, and the reports of
// earlier drivers, which he reads first. A critical defect keeps the bus standing until the office clears it.

import { button, h, icon, learn, note, say, timeOfDay } from "./parts.js";

/** @typedef {import("../main.js").Context} Context */
/** @typedef {import("../model.js").Defect} Defect */
/** @typedef {import("../model.js").News} News */
/** @typedef {import("../fold.js").TapEvent} TapEvent */
/** @typedef {import("./parts.js").Child} Child */

const ITEMS = ["brakes", "steering", "lights", "tyres", "emergency_door", "seats", "belts"];
const CRITICAL = "critical";
const READ = "read:";

/** The reports of earlier runs that this driver must read.
 * @param {News|null} news @param {string} run @returns {Defect[]} */
export const toRead = (news, run) => (news?.defects ?? []).filter((defect) => defect.run !== run);

/** Whether a look-over of this tablet found something critical that nobody has cleared yet, as far as it knows.
 * @param {(TapEvent & {codes?: string[]})[]} own @param {News|null} news @returns {boolean} */
export function standsStill(own, news) {
  const cleared = new Set((news?.defects ?? []).filter((defect) => defect.how !== null).map((defect) => defect.id));
  return own.some((event) => event.kind === "precheck" && !cleared.has(event.id)
    && (event.codes ?? []).includes(CRITICAL));
}

/** What is recorded of a look-over; a legal item that is not in order is critical by itself.
 * @param {Set<string>} ok @param {string} defect @param {boolean} isCritical @param {Set<string>} read
 * @returns {{codes: string[], reason: string|null}} */
export function recordOf(ok, defect, isCritical, read) {
  const stops = defect !== "" && (isCritical || ITEMS.some((item) => !ok.has(item)));
  return { codes: [...ok, ...(stops ? [CRITICAL] : []), ...[...read].map((id) => READ + id)], reason: defect || null };
}

/** @param {Context} context @returns {Child[]} */
export function precheckForm(context) {
  learn("words-precheck");
  /** @type {Set<string>} */
  const ok = new Set();
  /** @type {Set<string>} */
  const read = new Set();
  const before = toRead(context.news(), context.pack.run);
  const defect = h("input", { class: "input", id: "defect", autocomplete: "off", maxlength: 200 });
  const problem = h("p", { class: "field__error", role: "alert", hidden: true });
  const critical = new Set();
  const refuse = (/** @type {string} */ text) => {
    problem.textContent = text;
    problem.hidden = false;
  };
  return [
    ...before.map((each) => reportOf(each, read)),
    h("p", { class: "line__d" }, say("precheck_text")),
    h("div", { class: "pick" }, ...ITEMS.map((item) => toggle(say(`item_${item}`), item, ok, "item"))),
    h("div", { class: "field" }, h("label", { for: "defect" }, say("defect")), defect),
    toggle(say("defect_critical"), CRITICAL, critical, "critical"), problem,
    button({ word: say("precheck_record"), kind: "do", size: "now", act: () => {
      const text = defect.value.trim();
      if (read.size < before.length) return refuse(say("precheck_unread", { n: before.length - read.size }));
      if (ok.size < ITEMS.length && !text) return refuse(say("precheck_needs", { n: ITEMS.length - ok.size }));
      if (critical.size > 0 && !text) return refuse(say("defect_needs_words"));
      void context.tap("precheck", recordOf(ok, text, critical.size > 0, read));
    } }),
  ];
}

/** What the driver sees after a look-over that found something critical. @returns {Child[]} */
export function standStill() {
  learn("words-precheck");
  return [note("bad", "alert", say("stands_still"))];
}

/** A toggle that puts a word into a set and takes it out again.
 * @param {string} word @param {string} item @param {Set<string>} chosen @param {string} kind
 * @returns {HTMLButtonElement} */
function toggle(word, item, chosen, kind) {
  const made = h("button", { type: "button", class: "btn btn--touch item", "aria-pressed": "false", [`data-${kind}`]: item,
    onclick: () => {
      if (!chosen.delete(item)) chosen.add(item);
      made.setAttribute("aria-pressed", String(chosen.has(item)));
    } }, icon("check"), word);
  return made;
}

/** One report of an earlier driver, to be read and signed. @param {Defect} each @param {Set<string>} read
 * @returns {HTMLElement} */
function reportOf(each, read) {
  const items = each.items.map((item) => say(`item_${item}`)).join("、");
  return h("div", { class: "stack stack--2", "data-report": each.id },
    note(each.how === null ? "bad" : "warn", "alert", say("report_before", { at: timeOfDay(each.at_ms) }), " ",
      [each.text, items].filter(Boolean).join("："), " ",
      each.how === null ? say("report_open") : say("report_mended", { how: each.how })),
    toggle(say("report_read"), each.id, read, "read"));
}
