// The questions after a rider got off: who takes him, by list, by a one-time code, or nobody; and whether he
// really gets off at a stop that is not his. Without a network as with one.

import { codesOf, handoverOf, waitingFor } from "../handover.js";
import { changeOf } from "../model.js";
import { triesLeft, tryCode } from "../pickup_code.js";
import { button, chinese, dialog, h, learn, note, say, separator } from "./parts.js";

/** @typedef {import("../main.js").Context} Context */
/** @typedef {import("../model.js").Pack} Pack */
/** @typedef {import("../model.js").View} View */
/** @typedef {import("../model.js").Shown} Shown */
/** @typedef {import("../handover.js").Given} Given */
/** @typedef {import("../handover.js").Handover} Handover */

learn("words-handover");

/** One rider after another until nobody waits or the attendant goes back. @param {Context} context @returns {Promise<void>} */
export async function handOver(context) {
  for (;;) {
    const waits = waitingFor(context.pack, context.shown());
    const rider = waits.length > 1 ? await askWhom(waits.map((each) => each.rider)) : waits[0]?.rider ?? null;
    if (!rider) return;
    const done = await giveOne(context, rider);
    if (!done || waits.length === 1) return;
  }
}

/** @param {Shown[]} riders @returns {Promise<Shown|null>} */
async function askWhom(riders) {
  /** @type {Shown|null} */
  let chosen = null;
  await dialog(say("handover_whom"), (close) => [
    h("div", { class: "pick" }, ...riders.map((rider) => button({
      word: `${rider.name} ${rider.last4}`, icon: "user", act: () => { chosen = rider; close(); },
    }))),
  ]);
  return chosen;
}

/** @param {Context} context @param {Shown} rider @returns {Promise<boolean>} whether something was recorded */
async function giveOne(context, rider) {
  const known = handoverOf(context.pack, rider.rider) ?? { persons: [], code: null };
  const given = await askToWhom(rider, known);
  if (!given) return false;
  if (given.by === "code" && !(await askForCode(context, rider, known))) return false;
  if (!(await context.tap("handover", { rider: rider.rider, codes: codesOf(given) }))) return false;
  if (given.by === "none" && (await askToTakeBack(rider))) {
    const { position, here } = context.shown();
    await context.tap("board", { rider: rider.rider, stop: position.moving ? null : here.stop });
  }
  return true;
}

/** @param {Shown} rider @param {Handover} known @returns {Promise<Given|null>} */
async function askToWhom(rider, { persons, code }) {
  /** @type {Given|null} */
  let given = null;
  await dialog(say("handover_title", { name: rider.name }), (close) => {
    const take = (/** @type {Given} */ chosen) => () => { given = chosen; close(); };
    return [
      h("p", { class: "muted measure" }, chinese(rider.class, "nb"), separator(), say("tail", { last4: rider.last4 })),
      h("p", { class: "measure" }, say(persons.length ? "handover_text" : "handover_nobody_listed")),
      h("div", { class: "pick" },
        ...persons.map((person) => button({
          word: person.relation ? say("handover_person", { name: person.name, relation: person.relation }) : person.name,
          icon: "user", act: take({ by: "listed", no: person.no }),
        })),
        code && button({ word: say("handover_code"), icon: "key", act: take({ by: "code" }) }),
        button({ word: say("handover_none"), icon: "alert", kind: "bad", act: take({ by: "none" }) })),
    ];
  }, say("back_nothing"));
  return given;
}

/** @param {Context} context @param {Shown} rider @param {Handover} known @returns {Promise<boolean>} */
async function askForCode({ outbox, pack }, rider, { code }) {
  if (!code) return false;
  let left = await triesLeft(outbox.store, pack.run, rider.rider, code);
  let isRight = false;
  const input = h("input", { class: "input", id: "pickup-code", inputmode: "numeric", autocomplete: "off", maxlength: 7 });
  const said = h("p", { class: "field__error", role: "alert", hidden: left > 0 }, left > 0 ? "" : say("code_locked"));
  await dialog(say("code_title", { name: rider.name }), (close) => {
    const go = button({ word: say("code_check"), icon: "key", kind: "do", act: () => void check() });
    const check = async () => {
      const typed = input.value.replace(/\D/g, "");
      if (typed.length !== 6 || go.disabled) return input.focus();
      go.disabled = true; // the slow check must not be started twice
      const tried = await tryCode(outbox.store, pack.run, rider.rider, typed, code);
      go.disabled = false;
      ({ isRight, left } = tried);
      if (isRight) return close();
      input.value = "";
      said.textContent = left > 0 ? say("code_wrong", { n: left }) : say("code_locked");
      said.hidden = false;
      input.focus();
    };
    input.addEventListener("keydown", (event) => event.key === "Enter" && void check());
    return [
      h("p", { class: "measure" }, say("code_text")),
      h("div", { class: "field" }, h("label", { for: "pickup-code" }, say("code_label")), input, said), go,
    ];
  }, say("back_nothing"));
  return isRight;
}

/** Nobody is there: what to do now, and the way back into the bus. @param {Shown} rider @returns {Promise<boolean>} */
async function askToTakeBack(rider) {
  let isBack = false;
  await dialog(say("none_title", { name: rider.name }), (close) => [
    ...["none_wait", "none_back", "none_end"].map((word) => h("p", { class: "measure" }, say(word))),
    h("div", { class: "pick" }, button({
      word: say("none_aboard", { name: rider.name }), icon: "bus", kind: "do", act: () => { isBack = true; close(); },
    })),
  ], say("none_stay"));
  return isBack;
}

/** @param {Shown} rider @returns {Promise<boolean>} */
export const sureOffStop = (rider) => sure("off_stop_title", { name: rider.name }, "off_stop_record", "off_stop_no",
  h("p", { class: "measure" }, say("off_stop_text")));

/** A stop of the run, but not his: allowed only by a change, recorded all the same. @param {Pack} pack @param {View} shown
 * @param {Shown} rider @returns {Promise<boolean>} */
export function sureOtherStop(pack, shown, rider) {
  const change = changeOf(pack, rider.rider);
  const name = (/** @type {string} */ stop) => pack.stops.find((each) => each.stop === stop)?.name ?? stop;
  return sure("other_title", { name: rider.name, stop: shown.here.name }, "other_record", "other_stays",
    h("p", { class: "measure" }, say("other_own", { stop: name(rider.stop) })),
    change && note("wait", "info", say("other_change", { no: change.no, stop: name(change.stop) })),
    h("p", { class: "measure" }, say("other_text")), h("p", { class: "muted measure" }, say("only_designated")));
}

/** @param {string} title @param {{[name: string]: string}} facts @param {string} word @param {string} safe
 * @param {...import("./parts.js").Child} text @returns {Promise<boolean>} */
async function sure(title, facts, word, safe, ...text) {
  let isSure = false;
  await dialog(say(title, facts), (close) => [
    ...text, h("div", { class: "pick" }, button({ word: say(word), kind: "bad", act: () => { isSure = true; close(); } })),
  ], say(safe));
  return isSure;
}
