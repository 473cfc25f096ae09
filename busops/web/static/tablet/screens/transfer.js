// Riders who change buses, of one that goes no further or one by one: out of it one tap a rider, or all at
// once when all have gone; into the other one tap a rider. Both sides see how many are left.

import { comingOver, goesTo, goingOver } from "../transfer.js";
import { button, chinese, dialog, drawOnce, h, learn, note, say } from "./parts.js";

/** @typedef {import("../main.js").Context} Context */
/** @typedef {import("../model.js").View} View */
/** @typedef {import("../model.js").Shown} Shown */
/** @typedef {import("../transfer.js").Other} Other */

/** @param {HTMLElement} place @param {Context} context @returns {{update: (shown: View) => void}} */
export function transferPanel(place, context) {
  learn("words-transfer");
  place.setAttribute("aria-label", say("transfer_place"));

  /** @param {"moved_out"|"moved_in"} kind @param {Shown} rider @param {Other} other @returns {Promise<boolean>} */
  function mark(kind, rider, other) {
    const { position, here } = context.shown();
    return context.tap(kind, { rider: rider.rider, stop: position.moving ? null : here.stop, text: other.run });
  }

  /** @param {Other} to @returns {Promise<void>} */
  async function allOut(to) {
    const still = () =>
      goingOver(context.pack, context.news(), context.shown().riders).find((group) => group.to.run === to.run)?.riders ?? [];
    await dialog(say("all_out_title", { n: still().length, name: to.name }), (close) => [
      h("p", { class: "measure" }, say("all_out_text")),
      h("div", { class: "pick" }, button({ word: say("all_out_record"), icon: "check", kind: "do", act: async () => {
        close();
        for (const rider of still()) if (!(await mark("moved_out", rider, to))) return;
      } })),
    ], say("back_nothing"));
  }

  /** @param {"moved_out"|"moved_in"} kind @param {Shown[]} riders @param {Other} other @returns {HTMLElement} */
  const picks = (kind, riders, other) => h("div", { class: "pick", "data-move": kind }, ...riders.map((rider) =>
    button({ word: `${rider.name} ${rider.last4}`, icon: "user", act: () => void mark(kind, rider, other) })));

  /** @param {View} shown @returns {void} */
  function update(shown) {
    const stranded = goesTo(context.pack, context.news());
    const going = goingOver(context.pack, context.news(), shown.riders);
    const out = going.length > 0 || !stranded ? going : [{ to: stranded, riders: [] }];
    const coming = comingOver(shown.riders);
    place.hidden = out.length === 0 && coming.length === 0;
    const ids = (/** @type {Shown[]} */ riders) => riders.map((each) => each.rider);
    const key = [stranded, out.map(({ to, riders }) => [to, ids(riders)]), coming.map(({ of, riders }) => [of, ids(riders)])];
    drawOnce(place, key, () => [
      ...out.flatMap(({ to, riders }) => [
        note("warn", "bus", say(stranded ? "goes_to" : "wrong_bus"), " ", chinese(to.name, "strong"), " ",
          say("still_to_move", { n: riders.length })),
        riders.length > 0 && picks("moved_out", riders, to),
        riders.length > 1 && button({ word: say("all_out"), icon: "users", act: () => void allOut(to) }),
      ]),
      ...coming.flatMap(({ of, riders }) => [
        note("warn", "bus", say("comes_from"), " ", chinese(of.name, "strong"), " ", say("still_to_come", { n: riders.length })),
        picks("moved_in", riders, of),
      ]),
    ]);
  }
  return { update };
}
