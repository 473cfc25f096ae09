// What the attendant's screen is made of: a rider's card, the counters, the line of stops. Each is drawn from
// what is shown; none of them knows what a tap means.

import { changeOf } from "../model.js";
import { chinese, h, icon, say, separator } from "./parts.js";

/** @typedef {import("../model.js").Shown} Shown */
/** @typedef {import("../model.js").Pack} Pack */
/** @typedef {import("../model.js").View} View */
/** How a rider stands besides his place: to get off here, handed over or still waiting for somebody.
 * @typedef {{leavesHere: boolean, hand: ""|"waits"|"handed"}} Standing */
/** @typedef {{element: HTMLElement, update: (now: Shown, standing: Standing) => void}} Card */

/** @param {Pack} pack @param {Shown} rider @param {() => void} onTap @param {() => void} onMore @returns {Card} */
export function riderCard(pack, rider, onTap, onMore) {
  const state = h("span", { class: "rider__state" });
  const word = h("span", { class: "rider__word" });
  const who = h("span", { class: "rider__who" });
  const tap = h("button", { type: "button", class: "rider__tap", onclick: onTap },
    h("span", { class: "rider__mark" }, state, word),
    h("span", {}, chinese(rider.name, "rider__name"),
      rider.twin && h("span", { class: "rider__tag" }, say("twin")), h("br"), who));
  const change = changeOf(pack, rider.rider);
  const other = pack.stops.find((stop) => stop.stop === change?.stop);
  const element = h("li", { class: "rider", "data-rider": rider.rider }, tap,
    h("button", { type: "button", class: "rider__more", onclick: onMore }, icon("more"),
      h("span", { class: "vh" }, say("more_about", { name: `${rider.name} ${rider.last4}` }))));
  let before = "";
  /** @param {Shown} now @param {Standing} standing @returns {void} */
  const update = (now, { leavesHere, hand }) => {
    const key = `${now.at}${now.disputed}${now.reason}${leavesHere}${hand}`;
    if (key === before) return;
    before = key;
    const marks = { aboard: "check", absent: "minus", alighted: "down", expected: "" };
    element.dataset.s = { aboard: leavesHere ? "off" : "on", absent: "no", alighted: "left", expected: "off" }[now.at];
    element.dataset.at = now.at;
    tap.setAttribute("aria-pressed", String(now.at === "aboard"));
    const isToLeave = leavesHere && now.at === "aboard";
    state.replaceChildren(...(marks[now.at] && !isToLeave ? [icon(marks[now.at])] : []));
    const isSilent = now.at === "expected" || now.at === "absent" || isToLeave;
    word.textContent = isSilent ? "" : say(`is_${now.disputed ? "disputed" : hand || now.at}`);
    who.replaceChildren(...(now.class ? [chinese(now.class), separator()] : []),
      now.at === "absent" ? h("span", { class: "strong" }, say(`reason_${now.reason}`)) : now.last4,
      ...(change && other ? [h("span", { class: "rider__change" }, say("change_to", { no: change.no }), " ", chinese(other.name))] : []));
  };
  return { element, update };
}

/** @param {View} shown @returns {HTMLElement[]} */
export function counters({ counts }) {
  const done = counts.waiting === 0;
  const one = (/** @type {string} */ tone, /** @type {string} */ word, /** @type {number} */ n, ok = false) =>
    h("div", { class: `count ${tone}` }, h("span", { class: "count__t" }, ok && icon("check"), say(word)),
      h("span", { class: "count__n", "data-count": word }, String(n)));
  return [one("", "expected", counts.expected), one("count--ok", "aboard", counts.aboard, true),
    one(done ? "count--ok" : "count--wait", done ? "all_here" : "not_yet", counts.waiting, done)];
}

/** @param {Pack} pack @param {View} shown @returns {HTMLElement[]} */
export function stopLine(pack, shown) {
  return pack.stops.map((stop, index) => {
    const mine = shown.riders.filter((rider) => rider.stop === stop.stop && rider.at !== "absent");
    const off = mine.filter((rider) => rider.at === "alighted").length;
    const on = mine.filter((rider) => rider.at === "aboard").length;
    const isHere = index === shown.position.index && !shown.position.moving;
    const isPast = index < shown.position.index || (index === shown.position.index && shown.position.moving);
    const done = shown.position.hasDeparted && pack.direction === "homeward" ? off : on;
    const numbers = mine.length ? h("b", {}, `${done} / ${mine.length}`) : null;
    return h("li", { "data-s": isHere ? "here" : isPast ? "done" : "next", "aria-current": isHere ? "step" : null },
      h("span", { class: "line__t" }, chinese(stop.name), numbers));
  });
}
