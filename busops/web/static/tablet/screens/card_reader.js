// Riders' cards on the attendant's screen: a reader types them anywhere, the camera sees them, a hand types
// them where riders are looked for. Whose it is stands there large; a card of another run is told.

import { meaningOfCard, riderOfCard } from "../rider_cards.js";
import { parse } from "../scan/parse.js";
import { say } from "./parts.js";
import { scanPanel } from "./scan.js";

/** @typedef {import("../main.js").Context} Context */
/** @typedef {import("./scan.js").Said} Said */
/** @typedef {{element: HTMLElement, typed: (text: string) => boolean}} CardReader */

const AGAIN_MS = 1500; // what a reader types into a box comes twice: with its last key and with Enter

/** `mark` does what a tap on that rider's card would. @param {Context} context @param {(rider: string) => Promise<void>} mark
 * @returns {CardReader} */
export function cardReader(context, mark) {
  let last = { number: "", atMs: 0 };
  /** @type {Said} */
  let said = { ok: true, text: "" };
  /** @type {Promise<void>} */
  let turn = Promise.resolve();
  const panel = scanPanel("cards", (text) => {
    const read = parse(text);
    if (read.kind === "tag" && read.plate !== null) return { ok: false, text: say("card_is_tag") };
    if (read.kind !== "card") return /^busops:/i.test(text.trim()) ? { ok: false, text: say("scan_unknown") } : null;
    const now = performance.now();
    if (read.number !== last.number || now - last.atMs > AGAIN_MS) {
      said = { ok: true, text: say("card_read") };
      turn = turn.then(() => take(read.number));
    }
    last = { number: read.number, atMs: now };
    return said;
  }, "card_camera");

  /** @param {string} number @returns {Promise<void>} */
  async function take(number) {
    said = await outcome(number);
    panel.show(said);
    panel.element.scrollIntoView({ block: "nearest" });
  }

  /** @param {string} number @returns {Promise<Said>} */
  async function outcome(number) {
    const id = await riderOfCard(context.pack, number);
    const placed = () => context.shown().riders.find((each) => each.rider === id);
    const rider = placed();
    if (!rider) return { ok: false, text: say("card_stranger") };
    const act = meaningOfCard(context.pack, context.shown(), rider);
    if (act === "moving") return { ok: false, name: rider.name, text: say("card_moving") };
    if (act !== "there") await mark(rider.rider);
    const isDone = act === "there" || placed()?.at === (act === "board" ? "aboard" : "alighted");
    return { ok: isDone, name: rider.name, text: say(isDone ? `card_${act}` : "card_nothing") };
  }

  return {
    element: panel.element,
    typed: (text) => parse(text).kind === "card" && panel.tell(text, "typed"),
  };
}
