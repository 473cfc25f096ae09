// Who is using this vehicle's tablet: number and PIN. What is typed leaves the fields at once.

import { enterPin } from "../pin.js";
import { chinese, h, icon, say } from "./parts.js";

/** @typedef {import("../outbox.js").Store} Store */

/** The form, and under it what came of the last try. Where it is known who works here a name is chosen; somebody
 * else types his number. @param {Store} store @param {(acting: import("../pin.js").Acting) => void} onEntered
 * @param {{crew: string, name: string}[]} [crews] @param {string} [chosen] @returns {HTMLElement} */
export function pinForm(store, onEntered, crews = [], chosen = "") {
  const crew = h("input", { class: "input", id: "crew", autocomplete: "off", autocapitalize: "characters", required: true });
  const typed = h("div", { class: "field" }, h("label", { for: "crew" }, say("pin_crew")), crew);
  const who = h("select", { class: "input", id: "who", onchange: () => choose() },
    ...crews.map((each) => h("option", { value: each.crew, lang: "zh-Hans", selected: each.crew === chosen }, each.name)),
    h("option", { value: "" }, say("pin_other")));
  const choose = () => {
    typed.hidden = crews.length > 0 && who.value !== "";
    crew.required = !typed.hidden;
  };
  choose();
  const pin = h("input", { class: "input", id: "pin", type: "password", inputmode: "numeric", autocomplete: "off",
    maxlength: 6, pattern: "[0-9]{6}", required: true });
  const send = h("button", { class: "btn btn--do btn--touch", type: "submit" }, icon("key"), say("pin_enter"));
  const outcome = h("div", { role: "status" });

  /** @param {Event} event @returns {Promise<void>} */
  const enter = async (event) => {
    event.preventDefault();
    if (send.disabled) return;
    send.disabled = true; // the slow check must not be started twice
    outcome.replaceChildren(say("pin_working"));
    const entered = await enterPin(store, typed.hidden ? who.value : crew.value.trim(), pin.value);
    pin.value = "";
    send.disabled = false;
    if (typeof entered !== "string") return onEntered(entered);
    outcome.replaceChildren(h("div", { class: "note note--bad", role: "alert" }, icon("alert"), h("div", {}, say(entered))));
    pin.focus();
  };
  return h("form", { class: "stack stack--3", onsubmit: (event) => void enter(event) },
    crews.length > 0 && h("div", { class: "field" }, h("label", { for: "who" }, say("pin_who")), who), typed,
    h("div", { class: "field" }, h("label", { for: "pin" }, say("pin_pin")), pin), send, outcome);
}

/** Who acts now. @param {import("../pin.js").Acting} acting @returns {HTMLElement} */
export const enteredNote = (acting) => h("div", { class: "note note--ok", "data-acting": acting.crew }, icon("check"),
  h("div", {}, chinese(acting.name), " ", acting.crew, h("p", {}, say(acting.isOnline ? "pin_kept" : "pin_alone"))));
