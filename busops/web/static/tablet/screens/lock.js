// The lock of a vehicle's tablet: who is using it is asked by a PIN, over the run, which goes on beneath.
// It still says how many are aboard and what waits; another person who shows a PIN takes the run over. An
// alarm is shown on it, and can be quietened for two minutes by whoever is near: that ends nothing, and is told.

import { act, actingAs, forgetActing, isLeftAlone, mustStayOpen, touched } from "../acting.js";
import { pathOf } from "../shelf.js";
import { button, drawOnce, h, icon, note, say, separator, stopwatch } from "./parts.js";
import { pinForm } from "./pin.js";
import { QUIET_MS, hearing, quieten } from "./sound.js";

/** @typedef {import("../live.js").LiveRun} LiveRun */
/** @typedef {import("../shelf.js").Seat} Seat */

const LOOK_MS = 1000;

/** The run's page is used under a PIN. @param {HTMLElement} root @param {Seat} seat @param {LiveRun} live @returns {void} */
export function installLock(root, seat, live) {
  const counts = h("p", { class: "lock__n", role: "status" });
  const form = h("div");
  const alarm = h("div", { role: "alert", "data-lock-alarm": "" });
  const left = h("span", { class: "strong", "aria-hidden": "true" }); // else it would be read out each second
  const box = h("dialog", { class: "lock", "data-lock": true, "aria-labelledby": "lock-title" },
    h("h2", { id: "lock-title" }, icon("lock"), say("lock_title")),
    h("p", {}, say("run_no", { no: live.pack.name }), separator(), live.pack.plate), counts, alarm, h("p", {}, say("lock_text")), form);
  box.addEventListener("cancel", (event) => event.preventDefault());

  /** @returns {void} */
  function lock() {
    if (box.isConnected) return;
    forgetActing();
    live.isLocked = true;
    form.replaceChildren(pinForm(live.store, (entered) => open(entered), live.pack.crew, seat.crew));
    document.body.append(box);
    drawCounts();
    drawAlarm();
    box.showModal();
  }

  /** The same person goes on here; another one begins at once with a page of his own.
   * @param {import("../acting.js").Person} person @returns {void} */
  function open(person) {
    act(person, Date.now());
    const own = live.pack.crew.find((member) => member.crew === person.crew);
    const screen = (own?.role ?? person.role) === "DRIVER" ? "driver" : "attendant";
    if (person.crew !== seat.crew) return location.replace(pathOf({ ...seat, crew: person.crew, screen }));
    speakFor(person);
    live.isLocked = false;
    box.close();
    box.remove();
  }

  /** @returns {void} */
  function drawCounts() {
    const aboard = live.shown().counts.aboard;
    const waiting = live.outbox.waiting().length;
    drawOnce(counts, [aboard, waiting], () => [say("lock_counts", { aboard, waiting })]);
  }

  /** @returns {void} */
  function drawAlarm() {
    const { isSiren, quietMs } = hearing();
    alarm.hidden = !isSiren;
    drawOnce(alarm, [isSiren, quietMs > 0], () => !isSiren ? [] : [
      note("bad", "bell", say("lock_siren"), ...(quietMs > 0 ? [" ", say("lock_quiet"), " ", left] : [])),
      quietMs === 0 && button({ word: say("quieten"), icon: "bell", act: () => {
        quieten(QUIET_MS);
        drawAlarm();
        void live.quietened();
      } }),
    ]);
    left.textContent = stopwatch(quietMs / 1000);
  }

  /** @returns {void} */
  function look() {
    if (box.isConnected) {
      drawCounts();
      drawAlarm();
    }
    else if (isLeftAlone(Date.now()) && !mustStayOpen(live.shown(), live.news)) lock();
  }

  for (const what of ["pointerdown", "keydown"]) {
    document.addEventListener(what, () => live.isLocked || touched(Date.now()), { passive: true });
  }
  const change = button({ word: "", act: lock });
  change.classList.add("cab__other");
  change.append(icon("lock"), h("span", {}, say("lock_now")));
  root.querySelector("[data-language]")?.before(change);
  live.lockUp = lock;
  window.setInterval(look, LOOK_MS);
  const person = actingAs(seat.crew);
  if (!person) return lock();
  speakFor(person);
  look();

  /** Who is not of the crew of record may record, and learns what the vehicle may know.
   * @param {import("../acting.js").Person} acting @returns {void} */
  function speakFor(acting) {
    if (live.pack.crew.some((member) => member.crew === acting.crew)) live.speakFor(acting.token);
  }
}
