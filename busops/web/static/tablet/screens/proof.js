// What a check may have to bring along beside the tags: a photo from the rear to the front, what the sensor shows.
// A check without them is recorded all the same, once it was said: a fact is never refused.

import { hashOf, keepPhoto, openAlbum, photoWord, sendPhotos, smallJpeg } from "../scan/photo.js";
import { h, icon, note, say } from "./parts.js";

/** @typedef {import("../main.js").Context} Context */
/** @typedef {{element: HTMLElement, words: () => string[], lacks: () => string|null}} Proof */

const EVERY_MS = 60_000;

/** @type {Promise<import("../scan/photo.js").Album>|null} */
let album = null;
let repeats = 0;

/** @param {Context} context @returns {Promise<void>} */
async function send(context) {
  album ??= openAlbum();
  await sendPhotos(await album, context.headers, (path, options) => fetch(path, options));
}

/** @param {Context} context @returns {Proof} */
export function proofFields(context) {
  const { asks } = context.pack;
  const [wantsPhoto, wantsSensor] = [asks?.photo ?? false, asks?.sensor ?? false];
  const said = h("div", { role: "status" });
  let photo = "";
  let wasTold = false;
  const file = h("input", { class: "vh", type: "file", accept: "image/*", capture: "environment", id: "check-photo",
    onchange: () => void take() });
  const sensor = h("input", { type: "checkbox", id: "check-sensor" });

  /** @returns {Promise<void>} */
  async function take() {
    const chosen = file.files?.[0];
    if (!chosen) return;
    try {
      const blob = await smallJpeg(chosen);
      const hash = await hashOf(blob);
      album ??= openAlbum();
      await keepPhoto(await album, { hash, run: context.pack.run, atMs: context.clock.wallMs(), blob });
      photo = photoWord(hash);
      said.replaceChildren(note("ok", "check", say("photo_kept")));
      void send(context);
    } catch {
      said.replaceChildren(note("bad", "alert", say("photo_failed")));
    }
  }

  if (wantsPhoto) {
    void send(context);
    window.clearInterval(repeats);
    repeats = window.setInterval(() => void send(context), EVERY_MS);
  }
  return {
    element: h("div", { class: "stack", hidden: !wantsPhoto && !wantsSensor },
      wantsPhoto && h("p", { class: "line__d" }, say("photo_text")),
      wantsPhoto && h("label", { class: "btn btn--touch", for: "check-photo" }, icon("eye"), say("photo_take"), file), said,
      wantsSensor && h("label", { class: "check-row", for: "check-sensor" }, sensor, say("sensor_clear"))),
    words: () => [...(photo ? [photo] : []), ...(wantsSensor && sensor.checked ? ["sensor"] : [])],
    lacks: () => {
      const lack = wantsPhoto && !photo ? "photo_lacks" : wantsSensor && !sensor.checked ? "sensor_lacks" : null;
      if (!lack || wasTold) return null;
      wasTold = true;
      return lack;
    },
  };
}
