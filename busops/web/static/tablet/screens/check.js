// The forms of the empty-bus check: the places to read, filled by typing or by a scan, and what they record.

import { meaningOf, parse, placesAsked, trace } from "../scan/parse.js";
import { button, dialog, h, say } from "./parts.js";
import { proofFields } from "./proof.js";
import { scanPanel } from "./scan.js";

/** @typedef {import("../scan/parse.js").Source} Source */
/** @typedef {import("../model.js").Pack} Pack */
/** @typedef {import("./parts.js").Child} Child */
/** @typedef {{place: string, input: HTMLInputElement, source: Source, atMs: number}} Place */
/** @typedef {{element: HTMLElement, codes: () => string[], missing: () => HTMLInputElement|null, stop: () => void}} Fields */

const digits = (/** @type {HTMLInputElement} */ input) => input.value.replace(/\D/g, "");

/** @param {string} place @returns {string} */
export function placeName(place) {
  return place.startsWith("row:") ? say("row_code", { row: place.slice(4) }) : say(`${place}_code`);
}

/** One box a place, with the scanner above; a code that names its place goes there, another into the next free box.
 * @param {Pack} pack @param {string[]} asked @param {...Child} further @returns {Fields} */
function codeFields(pack, asked, ...further) {
  /** @type {Place[]} */
  const places = asked.map((place) => {
    const input = h("input", { class: "input", inputmode: "numeric", autocomplete: "off", maxlength: 120,
      id: `code-${place.replace("row:", "")}` });
    /** @type {Place} */
    const made = { place, input, source: "typed", atMs: 0 };
    input.addEventListener("input", () => {
      if (digits(input).length === 6 || input.value.length > 7) typed(made);
    });
    return made;
  });

  /** Pasted or typed in full, the text of a code is as good as a scan. @param {Place} made @returns {void} */
  function typed(made) {
    if (/^[\d ]*$/.test(made.input.value)) {
      Object.assign(made, { source: "typed", atMs: performance.now() });
      return;
    }
    const text = made.input.value;
    if (parse(text).kind === "unknown") return;
    made.input.value = "";
    panel.tell(text, "typed");
  }

  /** @param {string} text @param {Source} source @returns {import("./scan.js").Said} */
  function take(text, source) {
    const meaning = meaningOf(parse(text), pack.plate, asked);
    if (meaning.kind === "vehicle") return { ok: false, text: say("scan_other_vehicle", { read: meaning.plate, plate: pack.plate }) };
    if (meaning.kind === "place") return { ok: false, text: say("scan_other_place", { place: placeName(meaning.place) }) };
    if (meaning.kind !== "fill") return { ok: false, text: say(meaning.kind === "card" ? "scan_is_card" : "scan_unknown") };
    const { place, code } = meaning;
    const into = places.find((each) => (place ? each.place === place : digits(each.input) === code))
      ?? places.find((each) => each.input === document.activeElement && digits(each.input).length !== 6)
      ?? places.find((each) => digits(each.input).length !== 6);
    if (!into) return { ok: false, text: say("scan_all_read") };
    into.input.value = code;
    Object.assign(into, { source, atMs: performance.now() });
    const left = places.filter((each) => digits(each.input).length !== 6).length;
    return { ok: true, text: say(left ? "scan_took" : "scan_took_last", { place: placeName(into.place), n: left }) };
  }

  const panel = scanPanel("check", take);
  const fields = places.map(({ place, input }) =>
    h("div", { class: "field code-field" }, h("label", { for: input.id }, placeName(place)), input));
  return {
    element: h("div", { class: "stack" }, panel.element, h("div", { class: "codes" }, ...fields, ...further)),
    codes: () => {
      const now = performance.now();
      return [...places.map(({ input }) => digits(input)),
        ...places.map(({ place, source, atMs }) => trace(place, source, now - atMs))];
    },
    missing: () => places.find(({ input }) => digits(input).length !== 6)?.input ?? null,
    stop: panel.stop,
  };
}

/** @returns {HTMLParagraphElement} */
const problemLine = () => h("p", { class: "field__error", role: "alert", hidden: true });

/** @param {HTMLElement} line @param {string} word @param {HTMLElement|null} [box] @returns {void} */
function tellProblem(line, word, box) {
  line.textContent = say(word);
  line.hidden = false;
  box?.focus();
}

/** The attendant's check: the places asked, and how many were found. @param {Pack} pack
 *  @returns {Promise<{n: number, codes: string[]}|null>} */
export async function askForCheck(pack) {
  const found = h("input", { class: "input", id: "found", inputmode: "numeric", autocomplete: "off", maxlength: 3 });
  const typed = codeFields(pack, placesAsked(pack, "attendant"),
    h("div", { class: "field code-field" }, h("label", { for: "found" }, say("found_aboard")), found));
  const problem = problemLine();
  /** @type {{n: number, codes: string[]}|null} */
  let result = null;
  await dialog(say("check_title"), (close) => [
    h("p", { class: "measure" }, say("check_text")), typed.element, problem,
    button({ word: say("check_record"), icon: "eye", kind: "do", act: () => {
      const missing = typed.missing();
      if (missing) return tellProblem(problem, "code_needs_six", missing);
      if (!/^\d{1,3}$/.test(found.value.trim())) return tellProblem(problem, "count_needs_number", found);
      result = { n: Number(found.value.trim()), codes: typed.codes() };
      close();
    } }),
  ]);
  typed.stop();
  return result;
}

/** A check of the driver, read on the way and recorded by one button.
 * @param {Pack} pack @param {string[]} asked @param {{text: string, word: string, icon: string}} words
 * @param {(codes: string[]) => void} record @param {import("./proof.js").Proof} [proof] @returns {Child[]} */
function walkForm(pack, asked, { text, word, icon }, record, proof) {
  const typed = codeFields(pack, asked);
  const problem = problemLine();
  return [
    h("p", { class: "line__d" }, say(text)), typed.element, proof?.element, problem,
    button({ word: say(word), icon, kind: "do", size: "now", act: () => {
      const missing = typed.missing();
      if (missing) return tellProblem(problem, "code_needs_six", missing);
      const lacks = proof?.lacks();
      if (lacks) return tellProblem(problem, lacks);
      typed.stop();
      record([...typed.codes(), ...(proof?.words() ?? [])]);
    } }),
  ];
}

/** @param {import("../main.js").Context} context @param {(codes: string[]) => void} record @returns {Child[]} */
export const driverCheckForm = (context, record) => walkForm(context.pack, placesAsked(context.pack, "driver"),
  { text: "check_driver_text", word: "check_driver_record", icon: "qr" }, record, proofFields(context));

/** @param {Pack} pack @param {(codes: string[]) => void} record @returns {Child[]} */
export const parkedForm = (pack, record) => walkForm(pack, ["rear"],
  { text: "parked_text", word: "parked_record", icon: "park" }, record);
