// Pieces every tablet screen is made of: elements, words, dialogs, the ladder. No state of a run here.

/** @typedef {Node|string|null|undefined|false} Child */
/** @typedef {string|number|boolean|null|undefined|((event: Event) => unknown)} Attribute */
/** Both draw themselves anew where something changed. @typedef {{update: () => void}} Screen */

/** @type {{[key: string]: string}} */
let words = {};
let icons = "";

/** @param {{[key: string]: string}} spoken @param {string} iconFile @returns {void} */
export function equip(spoken, iconFile) {
  words = { ...words, ...spoken };
  icons = iconFile;
}

/** Sentences that stand in a block of their own on the page are known too.
 * @param {string} id the block's id @returns {void} */
export function learn(id) {
  words = { ...words, ...JSON.parse(document.getElementById(id)?.textContent ?? "{}") };
}

/** The sentence of a key in the page's language, `{facts}` filled in.
 * @param {string} key @param {{[name: string]: string|number}} [facts] @returns {string} */
export function say(key, facts = {}) {
  return (words[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => String(facts[name] ?? "–"));
}

/** An element: `on…` are listeners, false and null attributes are left out.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag @param {{[name: string]: Attribute}} [attributes] @param {...(Child|Child[])} children
 * @returns {HTMLElementTagNameMap[Tag]} */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, String(value));
  }
  element.append(.../** @type {(Node|string)[]} */ (children.flat().filter((child) => child || child === "")));
  return element;
}

/** @param {string} name @returns {SVGElement} */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${icons}#i-${name}`);
  svg.append(use);
  return svg;
}

/** @param {{word: string, icon?: string, kind?: string, size?: string, refused?: boolean,
 *   act: (event: Event) => void}} button @returns {HTMLButtonElement} */
export function button({ word, icon: name, kind, size = "touch", refused = false, act }) {
  const classes = ["btn", kind && `btn--${kind}`, size && `btn--${size}`].filter(Boolean).join(" ");
  return h("button", { type: "button", class: classes, "aria-disabled": refused ? "true" : null, onclick: act },
    name && icon(name), word);
}

/** Names keep their script whatever the page's language. @param {string} text @param {string} [cls]
 * @returns {HTMLSpanElement} */
export const chinese = (text, cls = "") => h("span", { lang: "zh-Hans", class: cls || null }, text);

/** @returns {HTMLSpanElement} */
export const separator = () => h("span", { class: "sep", "aria-hidden": "true" });

/** Draws a part anew only when its key changed: what a finger is on must not be replaced under it.
 * @param {HTMLElement} place @param {unknown} key @param {() => Child[]} make @returns {void} */
export function drawOnce(place, key, make) {
  const wanted = JSON.stringify(key);
  if (place.dataset.drawn === wanted) return;
  place.dataset.drawn = wanted;
  place.replaceChildren(.../** @type {(Node|string)[]} */ (make().filter(Boolean)));
}

/** A dialog that blocks the page; Escape is the safe way out. Resolves when it is closed.
 * @param {string} title @param {(close: () => void) => Child[]} fill @param {string} [safe] @returns {Promise<void>} */
export function dialog(title, fill, safe = say("back")) {
  return new Promise((resolve) => {
    const box = h("dialog", { class: "dialog", "aria-labelledby": "dialog-title" });
    const close = () => box.close();
    box.append(
      h("h2", { id: "dialog-title", class: "cab__run" }, title),
      .../** @type {(Node|string)[]} */ (fill(close).filter(Boolean)),
      h("div", { class: "dialog__act" }, button({ word: safe, act: close })),
    );
    box.addEventListener("close", () => {
      box.remove();
      resolve();
    });
    document.body.append(box);
    box.showModal();
  });
}

/** @param {string} tone @param {string} name @param {...Child} children @returns {HTMLDivElement} */
export const note = (tone, name, ...children) =>
  h("div", { class: `note note--${tone}` }, icon(name), h("div", {}, ...children));

/** The time of day at the school. @param {number} ms @param {boolean} [seconds] @returns {string} */
export function timeOfDay(ms, seconds = false) {
  const shifted = new Date(ms + 8 * 3600 * 1000);
  return shifted.toISOString().slice(11, seconds ? 19 : 16);
}

/** 187 s as 3:07. @param {number} seconds @returns {string} */
export function stopwatch(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/** The ladder of the empty-bus check: the yellow bus moves along it, root scale, to the last rung but one.
 * @param {number} minutes @param {boolean} isAlarm @param {number[]} scale @returns {SVGElement} */
export function ladder(minutes, isAlarm, scale) {
  const rungs = scale.slice(0, -1);
  const last = rungs[rungs.length - 1];
  const at = (/** @type {number} */ min) => `${5 + 87 * Math.sqrt(Math.min(min, last) / last)}%`;
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "drv__ladder");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", say("ladder", { steps: rungs.slice(1).join("、") }));
  const part = (/** @type {string} */ tag, /** @type {{[name: string]: string|number}} */ attributes, text = "") => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
    element.textContent = text;
    svg.append(element);
    return element;
  };
  part("line", { class: isAlarm ? "siren__r" : "lad__r", x1: "5%", x2: "92%", y1: 14, y2: 14 });
  if (!isAlarm) part("line", { class: "lad__p", x1: "5%", x2: at(minutes), y1: 14, y2: 14 });
  for (const rung of rungs) {
    const hit = isAlarm && minutes >= rung ? " siren__d--hit" : "";
    part("circle", { class: isAlarm ? `siren__d${hit}` : "lad__d", cx: at(rung), cy: 14, r: 7 });
    part("text", { x: at(rung), y: 40, "text-anchor": "middle" }, rung === 0 ? "0" : say("minutes", { n: rung }));
  }
  const bus = part("svg", { x: at(minutes), overflow: "visible" });
  const body = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  for (const [name, value] of Object.entries({ x: -13, y: 5, width: 26, height: 18, rx: 4, class: "lad__b" })) {
    body.setAttribute(name, String(value));
  }
  bus.append(body);
  return svg;
}
