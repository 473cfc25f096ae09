// The questions a tablet asks: a reason, a count, a student number. Each resolves with the answer,
// or with null when the safe way out was taken; none of them records anything.

import { waitingFor } from "../handover.js";
import { button, chinese, dialog, h, note, say, separator } from "./parts.js";

/** @typedef {import("../model.js").Shown} Shown */

const REASONS = [
  ["file", "leave"], ["users", "guardian_pickup"], ["home", "stays_at_school"], ["bus", "other_vehicle"],
  ["plus", "ill"], ["x", "refused"], ["door", "class_left"], ["phone", "missing"],
];

/** Why a rider does not ride; must be chosen, nothing is preset.
 * @param {import("../model.js").Pack} pack @param {Shown} rider @returns {Promise<string|null>} */
export async function askForReason(pack, rider) {
  const stop = pack.stops.find((each) => each.stop === rider.stop);
  /** @type {string|null} */
  let chosen = null;
  await dialog(say("why_title", { name: rider.name }), (close) => [
    h("p", { class: "muted measure" }, chinese(rider.class, "nb"), separator(), say("tail", { last4: rider.last4 }),
      separator(), chinese(stop?.name ?? "")),
    h("div", { class: "pick" }, ...REASONS.map(([icon, reason]) => button({
      word: say(`reason_${reason}`), icon, kind: reason === "missing" ? "bad" : "",
      act: () => { chosen = reason; close(); },
    }))),
    note("idle", "info", say("why_missing_note")),
  ], say("back_nothing"));
  return chosen;
}

/** How many were counted aboard. @param {number} aboard @returns {Promise<number|null>} */
export async function askForCount(aboard) {
  const input = h("input", { class: "input count-input", id: "head-count", inputmode: "numeric", autocomplete: "off", maxlength: 3 });
  const problem = h("p", { class: "field__error", role: "alert", hidden: true });
  /** @type {number|null} */
  let counted = null;
  await dialog(say("count_title"), (close) => {
    const done = () => {
      if (!/^\d{1,3}$/.test(input.value.trim())) {
        problem.textContent = say("count_needs_number");
        problem.hidden = false;
        input.focus();
        return;
      }
      counted = Number(input.value.trim());
      close();
    };
    input.addEventListener("keydown", (event) => event.key === "Enter" && done());
    return [
      h("p", { class: "measure" }, say("count_text")),
      h("div", { class: "field" }, h("label", { for: "head-count" }, say("counted")), input, problem),
      h("p", { class: "muted" }, say("count_marked", { n: aboard })),
      button({ word: say("count_record"), icon: "users", kind: "do", act: done }),
    ];
  });
  return counted;
}

/** A rider who is not on this list, by the student number. @returns {Promise<string|null>} */
export async function askForWalkOn() {
  const input = h("input", { class: "input", id: "walk-on", autocomplete: "off", maxlength: 40 });
  /** @type {string|null} */
  let rider = null;
  await dialog(say("walk_on_title"), (close) => [
    h("p", { class: "measure" }, say("walk_on_text")),
    h("div", { class: "field" }, h("label", { for: "walk-on" }, say("student_number")), input),
    button({ word: say("walk_on_record"), icon: "plus", kind: "do", act: () => {
      if (!input.value.trim()) return input.focus();
      rider = input.value.trim();
      close();
    } }),
  ], say("back_nothing"));
  return rider;
}

/** Everything that is missing before the bus may leave, each with its way out; true when only riders who
 *  stay aboard past their stop, or whom nobody has taken yet, are left and the attendant says so.
 * @param {import("../model.js").Pack} pack @param {import("../model.js").View} shown
 * @param {import("../model.js").Gap[]} gaps
 * @param {{papers: string[], onMore: (rider: string) => Promise<void>, onCount: () => Promise<void>,
 *   onTap: (rider: string) => Promise<void>, onHand: () => Promise<void>}} ways @returns {Promise<boolean>} */
export async function showGaps(pack, shown, gaps, ways) {
  let mayGo = false;
  await dialog(say("not_yet_title", { n: gaps.length }), (close) => {
    const then = (/** @type {() => Promise<void>} */ act) => () => { close(); void act(); };
    return gaps.flatMap((gap) => {
      if (gap === "papers") {
        return [h("p", { class: "strong" }, say("gap_papers")), ...ways.papers.map((reason) => h("p", {}, reason))];
      }
      if (gap === "waiting") {
        return [h("p", { class: "strong" }, say("gap_waiting", { n: shown.boarding.length })),
          h("div", { class: "pick" }, ...shown.boarding.slice(0, 12).map((rider) => button({
            word: `${rider.name} ${rider.last4}`, icon: "user", act: then(() => ways.onMore(rider.rider)),
          })))];
      }
      if (gap === "leaving") {
        return [h("p", { class: "strong" }, say("gap_leaving", { n: shown.leaving.length })),
          h("div", { class: "pick" }, ...shown.leaving.map((rider) => button({
            word: say("has_left", { name: rider.name }), icon: "down", act: then(() => ways.onTap(rider.rider)),
          }))),
          gaps.length === 1 && button({ word: say("they_stay"), act: () => { mayGo = true; close(); } })];
      }
      if (gap === "handover") {
        return [h("p", { class: "strong" }, say("gap_handover", { n: waitingFor(pack, shown).length })),
          button({ word: say("handover_now"), icon: "users", act: then(ways.onHand) }),
          gaps.length === 1 && button({ word: say("handover_go"), kind: "bad", act: () => { mayGo = true; close(); } })];
      }
      const facts = { counted: shown.count?.n ?? 0, aboard: shown.counts.aboard, v: pack.roster_v };
      return [h("p", { class: "strong" }, say(`gap_${gap}`, facts)),
        gap !== "ack" && button({ word: say("count"), icon: "users", act: then(ways.onCount) })];
    });
  });
  return mayGo;
}
