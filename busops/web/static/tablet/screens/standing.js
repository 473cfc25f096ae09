// What a tablet asks when satellites and stop do not agree, or say nothing. A fact is never refused: every
// way but the safe one records it, with what the crew says about the place.

import { button, chinese, dialog, h, say } from "./parts.js";

/** @typedef {import("../position.js").Place} Place */
/** The stop that is recorded, and why; `stop` is null when it was no designated stop.
 * @typedef {{stop: string|null, why: string}} Said */

const REASONS = ["place_drift", "place_moved", "place_blocked"];

/** Somebody gets on or off although the tablet is outside the stop. @param {"board"|"alight"} kind
 * @param {Place} place @param {Place|null} near the nearest stop, when the tablet is at it @returns {Promise<Said|null>} */
export async function askAboutPlace(kind, place, near) {
  /** @type {Said|null} */
  let said = null;
  await dialog(say("place_title"), (close) => {
    const take = (/** @type {string|null} */ stop, /** @type {string} */ why) => () => { said = { stop, why: say(why) }; close(); };
    return [
      h("p", { class: "measure" }, say("place_text"), " ", chinese(place.name, "strong")),
      h("div", { class: "pick" },
        near && button({ word: say("place_near", { stop: near.name }), icon: "pin", kind: "do", act: take(near.stop, "place_near_why") }),
        ...REASONS.map((why) => button({ word: say(why), icon: "pin", act: take(place.stop, why) })),
        button({ word: say(`place_none_${kind}`), icon: "alert", kind: "bad", act: take(null, "place_none_why") })),
    ];
  }, say("back_nothing"));
  return said;
}

/** The bus came to a stop that the satellites do not confirm: why the stop is chosen by hand.
 * @param {Place} place @returns {Promise<string|null>} */
export async function askWhyByHand(place) {
  /** @type {string|null} */
  let why = null;
  await dialog(say("by_hand_title", { stop: place.name }), (close) => [
    h("p", { class: "measure" }, say("by_hand_text")),
    h("div", { class: "pick" }, ...["by_hand_poor", ...REASONS].map((reason) => button({
      word: say(reason), icon: "pin", act: () => { why = say(reason); close(); },
    }))),
  ], say("back_nothing"));
  return why;
}
