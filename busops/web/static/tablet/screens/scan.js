// One sink for every code: typed by a reader anywhere on the page, seen by the camera, touched by NFC.
// Whoever wants codes puts a panel on the page; the newest panel that stands there gets them.

import { startCamera } from "../scan/camera.js";
import { startNfc } from "../scan/nfc.js";
import { listenToReader } from "../scan/reader.js";
import { button, chinese, h, learn, note, say } from "./parts.js";

/** @typedef {import("../scan/parse.js").Source} Source */
/** What became of a code, as a sentence; `name` is whose it is. @typedef {{ok: boolean, text: string, name?: string}} Said */
/** @typedef {(text: string, source: Source) => Said|null} Take */
/** `show` says later what became of a code. @typedef {{element: HTMLElement, tell: (text: string, source: Source) => boolean,
 *   show: (said: Said) => void, stop: () => void}} Panel */

const AGAIN_MS = 3000; // the same code before the lens all the while counts once

learn("words-scan");

/** @type {Map<string, {element: HTMLElement, tell: (text: string, source: Source) => boolean}>} */
const panels = new Map();
let isListening = false;

/** @returns {void} */
function listen() {
  if (isListening) return;
  isListening = true;
  listenToReader(document, (text) => {
    const here = [...panels.values()].filter(({ element }) => element.isConnected).pop();
    return here ? here.tell(text, "reader") : false;
  });
}

/** A place where codes come in: the reader at once, the camera and NFC when asked for.
 * `take` says what became of a code, or null when it is not for this panel.
 * @param {string} name @param {Take} take @param {string} [camera] what its button says @returns {Panel} */
export function scanPanel(name, take, camera = "scan_camera") {
  const said = h("div", { role: "status", class: "scan__said" });
  const video = h("video", { class: "scan__view", muted: true, playsinline: true, hidden: true, "aria-label": say("scan_view") });
  const acts = h("div", { class: "scan__acts" });
  const element = h("div", { class: "scan", "data-scan": name }, acts, video, said);
  /** @type {(() => void)[]} */
  let off = [];
  let [lastText, lastMs] = ["", -Infinity];

  /** @param {string} text @param {Source} source @returns {boolean} */
  function tell(text, source) {
    const now = performance.now();
    if (source === "camera" && text === lastText && now - lastMs < AGAIN_MS) {
      lastMs = now;
      return true;
    }
    const answer = take(text, source);
    if (!answer) return false;
    [lastText, lastMs] = [text, now];
    show(answer);
    return true;
  }

  /** @param {Said} answer @returns {void} */
  function show({ ok, text, name }) {
    navigator.vibrate?.(ok ? 40 : [80, 60, 80]);
    said.replaceChildren(note(ok ? "ok" : "bad", ok ? "check" : "alert", name && chinese(name, "scan__name"), text));
  }

  /** @param {string} word the key of a sentence @returns {void} */
  const fail = (word) => said.replaceChildren(note("off", "alert", say(word)));

  /** @returns {void} */
  function stop() {
    for (const end of off) end();
    off = [];
    video.hidden = true;
    draw();
  }

  /** @returns {Promise<void>} */
  async function look() {
    video.hidden = false;
    try {
      const camera = await startCamera(video, (text) => void tell(text, "camera"));
      off.push(camera.stop);
      draw(camera.torch);
    } catch (error) {
      stop();
      fail(/** @type {Error} */ (error).message);
    }
  }

  /** @param {(() => void)|null} [torch] @returns {void} */
  function draw(torch = null) {
    const isOn = !video.hidden;
    acts.replaceChildren(...[
      isOn ? button({ word: say("scan_stop"), icon: "x", act: stop })
        : button({ word: say(camera), icon: "qr", act: () => void look() }),
      torch && button({ word: say("scan_light"), icon: "eye", act: torch }),
      "NDEFReader" in window && button({ word: say("scan_nfc"), icon: "phone", act: () => {
        startNfc((text) => void tell(text, "nfc")).then((end) => off.push(end), () => fail("nfc_missing"));
      } }),
    ].filter((each) => each instanceof HTMLElement));
  }

  draw();
  panels.delete(name);
  panels.set(name, { element, tell });
  listen();
  return { element, tell, show, stop };
}
