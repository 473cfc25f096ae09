// The bus is not proved empty: the clock, the ladder, sound, voice and vibration, on both screens. It
// works from what this tablet has, so that it rings without a network; only a check ends it.

import { button, h, ladder, learn, say, stopwatch } from "./parts.js";
import { alarmSound } from "./sound.js";

/** @typedef {import("../main.js").Context} Context */
/** @typedef {import("../model.js").View} View */
/** @typedef {import("../model.js").News} News */
/** @typedef {import("../fold.js").TapEvent} TapEvent */
/** @typedef {{update: (shown: View, isAsked: boolean, rings?: boolean) => boolean}} CrewAlarm */

/** @typedef {import("../model.js").Pack} Pack */

const LADDER_MIN = [0, 3, 5, 10, 15, 30]; // of a list that was fetched before schools could choose
const SHORT_PCT = 50;
const MOVES = ["board", "alight", "moved_in", "moved_out", "void", "arrive", "depart"];

/** Since when the empty bus should be proved: what the server says, else the last alighting at the terminal,
 * else the arrival there. @param {View} shown @param {News|null} news
 * @param {number} [offMs] what the wall clock is believed to be off, where an event does not know @returns {number|null} */
export function dueSince(shown, news, offMs = 0) {
  if (news?.t0_ms) return news.t0_ms;
  if (!shown.isTerminal) return null;
  const atMs = (/** @type {TapEvent} */ event) => event.wall_ms + (event.off_ms ?? offMs);
  const at = (/** @type {string} */ kind) => shown.events
    .filter((event) => event.kind === kind && event.stop === shown.here.stop).map(atMs);
  const over = shown.events.filter((event) => event.kind === "moved_out").map(atMs);
  const off = [...at("alight"), ...over];
  const starts = off.length > 0 ? off : at("arrive");
  return starts.length > 0 ? Math.max(...starts) : null;
}

/** Whether this tablet recorded a check after everything it knows to have moved; the server may still find fault
 * with it, and then it counts no more. @param {TapEvent[]} own @param {News|null} news @returns {boolean} */
export function isCheckedHere(own, news) {
  if ((news?.faults ?? []).length > 0) return false;
  const check = own.filter((event) => event.kind === "check" && event.n === 0).pop();
  return check !== undefined && !own.some((event) => event.seq > check.seq && MOVES.includes(event.kind));
}

/** Minutes on the ladder: on a hot or a cold day a minute counts for more, as the school has chosen.
 * @param {number} sinceMs @param {number} nowMs @param {News|null} news @returns {number} */
export const climbed = (sinceMs, nowMs, news) =>
  Math.max(0, nowMs - sinceMs) / 60_000 * (news?.is_short ? 100 / (news.short_pct ?? SHORT_PCT) : 1);

/** The rungs of this school: the server's newest word, else the list's.
 * @param {Pick<Pack, "ladder_min">|null} pack @param {News|null} news @returns {number[]} */
export const rungsOf = (pack, news) => news?.ladder_min ?? pack?.ladder_min ?? LADDER_MIN;

/** Which rung comes next, counted from the crew's own; the last one stays.
 * @param {number} minutes @param {number[]} rungs @returns {number} */
export const nextRung = (minutes, rungs) => {
  const next = rungs.findIndex((rung, level) => level > 1 && minutes < rung);
  return next < 0 ? rungs.length - 1 : next;
};

/** The alarm of a screen, drawn into `place`; `update` says whether the siren is on.
 * @param {HTMLElement} root @param {HTMLElement} place @param {Context} context @returns {CrewAlarm} */
export function crewAlarm(root, place, context) {
  learn("words-alarm");
  const sound = alarmSound();
  const clock = h("p", { class: "timer__n push" });
  const rungs = h("div");
  const next = h("p", { class: "strong" });
  const blocked = h("p", { class: "strong", role: "alert" });
  const know = button({ word: "", icon: "bell", act: () => sound.silence() });
  const word = h("span");
  know.append(word);
  let drawn = "";

  /** @param {View} shown @returns {string} */
  function spoken(shown) {
    const still = shown.riders.filter((rider) => rider.at === "aboard").map((rider) => rider.name);
    return still.length > 0 ? say("voice_still", { names: still.join("、") }) : say("voice_check");
  }

  return {
    update(shown, isAsked, rings = true) {
      const news = context.news();
      const since = isAsked ? dueSince(shown, news, context.outbox.offMs()) : null;
      const isQuiet = since === null || !rings || isCheckedHere(context.outbox.eventsOf(context.pack.run), news);
      const minutes = since === null ? 0 : climbed(since, context.serverMs(), news);
      const isLate = !isQuiet && minutes >= rungsOf(context.pack, news)[1];
      root.classList.toggle("drv--alarm", isLate);
      sound.ring(isLate ? "siren" : isQuiet ? "off" : "prompt", spoken(shown));
      draw(since === null ? "" : isLate ? "siren" : "timer", since ?? 0, minutes);
      return isLate;
    },
  };

  /** The parts are made once and filled in, so that the button stays under the finger.
   * @param {string} what @param {number} since @param {number} minutes @returns {void} */
  function draw(what, since, minutes) {
    const scale = rungsOf(context.pack, context.news());
    if (what !== drawn) {
      drawn = what;
      if (what === "timer") {
        place.replaceChildren(h("div", { class: "timer" }, h("p", { class: "muted" }, say("since_last_off")), clock), rungs);
      } else if (what === "siren") {
        place.replaceChildren(h("section", { class: "siren", "data-siren": "" },
          h("h2", { class: "siren__t" }, say("siren", { n: scale[1] })), clock, rungs, next, blocked, know));
      } else place.replaceChildren();
    }
    if (!what) return;
    clock.textContent = stopwatch((context.serverMs() - since) / 1000);
    rungs.replaceChildren(ladder(minutes, what === "siren", scale));
    const level = nextRung(minutes, scale);
    next.textContent = say(`siren_level_${level}`, { n: scale[level] });
    const silent = sound.isBlocked() ? say("sound_blocked") : "";
    if (blocked.textContent !== silent) blocked.textContent = silent;
    word.textContent = say(sound.isSilenced() ? "silenced" : "i_know");
  }
}
