// The attendant's screen: who is aboard, one tap on and one tap off, the count, the way, the check.
// Cards are made once and changed in place, so that no name moves under a finger.

import { handoverOf, waitingFor } from "../handover.js";
import { alightsAt, departureGaps, meaningOfTap, UNDO_MS } from "../model.js";
import { crewAlarm } from "./alarm.js";
import { askForCount, askForReason, askForWalkOn, showGaps } from "./ask.js";
import { cardReader } from "./card_reader.js";
import { askForCheck } from "./check.js";
import { handOver, sureOffStop, sureOtherStop } from "./handover.js";
import { transferPanel } from "./transfer.js";
import { button, chinese, dialog, drawOnce, h, note, say, stopwatch, timeOfDay } from "./parts.js";
import { counters, riderCard, stopLine } from "./rider_card.js";

/** @typedef {import("../model.js").Shown} Shown */
/** @typedef {import("../model.js").Pack} Pack */
/** @typedef {import("../model.js").View} View */
/** @typedef {import("../main.js").Context} Context */
/** @typedef {import("./parts.js").Child} Child */
/** @typedef {import("./rider_card.js").Card} Card */
/** @typedef {{stop: import("../model.js").PackStop, section: HTMLElement, riders: HTMLElement, count: HTMLElement}} Group */

/** @param {HTMLElement} root @param {Context} context @returns {import("./parts.js").Screen} */
export function attendantScreen(root, context) {
  const { pack } = context;
  let filter = "all";
  let place = "";
  const hook = (/** @type {string} */ name) => /** @type {HTMLElement} */ (root.querySelector(`[data-${name}]`));
  /** @type {Map<string, Card>} */
  const cards = new Map();
  const timer = h("section", { "data-timer": "" });
  const alarm = crewAlarm(root, timer, context);
  timer.setAttribute("aria-label", say("alarm_place"));
  const panel = h("section", { "data-transfer": "", class: "stack stack--3", hidden: true });
  const moves = transferPanel(panel, context);
  hook("counts").before(timer, panel);
  let groups = makeGroups(hook("list"));
  let listed = versionOf(pack);
  const reader = cardReader(context, (riderId) => onTap(riderId));
  hook("list").before(reader.element);
  const find = /** @type {HTMLInputElement} */ (hook("find"));
  find.addEventListener("input", () => {
    if (reader.typed(find.value)) find.value = "";
    update();
  });

  /** @param {HTMLElement} list @returns {Group[]} */
  function makeGroups(list) {
    const stops = pack.stops.filter((stop) => pack.riders.some((rider) => rider.stop === stop.stop));
    const extra = { stop: "", name: say("walk_ons"), arrive_ms: 0, leave_ms: 0 };
    return [...stops, extra].map((stop) => {
      const count = h("span", { class: "group__n" });
      const riders = h("ul", { class: "riders" });
      const eta = stop.stop ? h("span", { class: "muted nb" }, say("eta", { at: timeOfDay(stop.arrive_ms) })) : null;
      const section = h("section", { "aria-label": stop.name, hidden: !stop.stop },
        h("div", { class: "group" }, h("h2", { lang: "zh-Hans" }, stop.name), eta, count), riders);
      list.append(section);
      return { stop, section, riders, count };
    });
  }

  /** The office has changed the list: every stop and card is made again. @returns {void} */
  function listAnew() {
    listed = versionOf(pack);
    cards.clear();
    hook("list").replaceChildren();
    groups = makeGroups(hook("list"));
  }

  /** @param {Shown} rider @returns {Card} */
  function cardOf(rider) {
    let card = cards.get(rider.rider);
    if (!card) {
      card = riderCard(pack, rider, () => onTap(rider.rider), () => onMore(rider.rider));
      cards.set(rider.rider, card);
      const group = groups.find((each) => each.stop.stop === rider.stop) ?? groups[groups.length - 1];
      group.section.hidden = false;
      group.riders.append(card.element);
    }
    return card;
  }

  /** @param {string} riderId @returns {Promise<void>} */
  async function onTap(riderId) {
    const shown = context.shown();
    const rider = /** @type {Shown} */ (shown.riders.find((each) => each.rider === riderId));
    const own = context.outbox.eventsOf(pack.run);
    const tap = meaningOfTap(pack, shown, rider, own, context.clock.monoMs(), context.clock.boot);
    if (tap.kind === "none") return;
    if (tap.kind === "alight" && shown.position.moving && !(await sureOffStop(rider))) return;
    if (tap.kind === "alight" && isElsewhere(shown, rider) && !(await sureOtherStop(pack, shown, rider))) return;
    await context.tap(tap.kind, { rider: tap.kind === "void" ? null : riderId, stop: tap.stop, refs: tap.refs, codes: tap.codes });
  }

  /** Whether he would get off at a stop that is neither his nor the last. @param {View} shown @param {Shown} rider
   * @returns {boolean} */
  const isElsewhere = (shown, rider) => pack.direction === "homeward" && !shown.position.moving && !shown.isTerminal
    && shown.position.hasDeparted && !rider.walkOn && !alightsAt(pack, rider, shown.here.stop);

  /** @param {string} riderId @returns {Promise<void>} */
  async function onMore(riderId) {
    const rider = /** @type {Shown} */ (context.shown().riders.find((each) => each.rider === riderId));
    const reason = await askForReason(pack, rider);
    if (reason) await context.tap("absent", { rider: riderId, reason });
  }

  /** @returns {void} */
  function update() {
    if (listed !== versionOf(pack)) listAnew();
    const shown = context.shown();
    const waits = waitingFor(pack, shown);
    const waiting = new Set(waits.map(({ rider }) => rider.rider));
    for (const rider of shown.riders) {
      const card = cardOf(rider);
      card.update(rider, {
        leavesHere: shown.position.hasDeparted && !shown.position.moving
          && (shown.isTerminal || alightsAt(pack, rider, shown.here.stop)),
        hand: waiting.has(rider.rider) ? "waits" : rider.at === "alighted" && handoverOf(pack, rider.rider) ? "handed" : "",
      });
      card.element.hidden = !matches(rider);
    }
    for (const { stop, count, section } of groups) {
      const mine = shown.riders.filter((rider) => rider.stop === stop.stop);
      const riding = mine.filter((rider) => rider.at !== "absent");
      const isOff = shown.position.hasDeparted && pack.direction === "homeward";
      const done = riding.filter((rider) => (isOff ? rider.at === "alighted" : rider.at !== "expected"));
      count.replaceChildren(say(isOff ? "off_of" : "on_of", { n: done.length, all: riding.length }));
      section.dataset.here = String(!shown.position.moving && stop.stop === shown.here.stop);
    }
    drawOnce(hook("counts"), shown.counts, () => counters(shown));
    hook("seats").textContent = say("seats", {
      absent: shown.counts.absent, seats: pack.seats, free: pack.seats - shown.counts.aboard,
    });
    const places = [pack.roster_v, shown.position, shown.riders.map((rider) => rider.at)];
    drawOnce(hook("stops"), places, () => stopLine(pack, shown));
    drawOnce(hook("filter"), [filter, shown.counts], () => filters(shown));
    drawOnce(hook("at"), shown.position, () => [shown.position.moving ? say("on_the_way") : chinese(shown.here.name)]);
    showHere(shown);
    moves.update(shown);
    drawUndo();
    const check = context.news()?.checks.attendant;
    alarm.update(shown, shown.isTerminal && !check);
    const news = context.news();
    const acts = [places, shown.isAcked, gapsOf(shown), news?.departure, shown.count?.id, check, news?.closed, news?.faults,
      hasUnconfirmed(), waits.map(({ rider, isNobody }) => [rider.rider, isNobody])];
    drawOnce(hook("acts"), acts, () => nextActs(shown));
  }

  /** Brings the riders of the stop just reached under the eyes; never while somebody is tapping.
   * @param {View} shown @returns {void} */
  function showHere(shown) {
    const here = JSON.stringify(shown.position);
    if (here === place) return;
    if (place && !shown.position.moving && shown.position.index > 0) {
      groups.find(({ stop }) => stop.stop === shown.here.stop)?.section.scrollIntoView({ block: "start" });
    }
    place = here;
  }

  /** @param {Shown} rider @returns {boolean} */
  function matches(rider) {
    const wanted = find.value.trim();
    if (wanted && !`${rider.name} ${rider.class} ${rider.rider}`.includes(wanted)) return false;
    if (filter === "waiting") return rider.at === "expected";
    return filter === "aboard" ? rider.at === "aboard" : true;
  }

  /** @param {View} shown @returns {HTMLElement[]} */
  function filters(shown) {
    const kinds = { all: pack.riders.length, waiting: shown.counts.waiting, aboard: shown.counts.aboard };
    return Object.entries(kinds).map(([kind, n]) =>
      h("button", { type: "button", class: "tab", "aria-pressed": String(filter === kind),
        onclick: () => { filter = kind; update(); } }, say(`filter_${kind}`, { n })));
  }

  /** The last tap, with its way back while there is one. @returns {void} */
  function drawUndo() {
    const own = context.outbox.eventsOf(pack.run);
    const undone = new Set(own.filter((event) => event.kind === "void").flatMap((event) => event.refs));
    const last = own.filter((event) => event.rider && !undone.has(event.id) && event.kind !== "note").pop();
    const leftMs = last && last.boot === context.clock.boot
      ? UNDO_MS - (context.clock.monoMs() - last.mono_ms) : 0;
    const isSealed = own.some((event) => event.kind === "seal" && event.seq > (last?.seq ?? 0));
    const place = hook("undo");
    if (!last || leftMs <= 0 || isSealed) {
      return drawOnce(place, "calm", () => [h("p", { class: "foot__calm muted" }, say("foot_calm"))]);
    }
    drawOnce(place, last.id, () => {
      const rider = context.shown().riders.find((each) => each.rider === last.rider);
      const did = last.kind === "handover" && last.codes.includes("none") ? "nobody" : last.kind;
      return [h("div", { class: "toast" },
        h("span", { role: "status" }, say(`did_${did}`), chinese(rider?.name ?? "", "name strong"), " ",
          chinese(rider?.class ?? "", "nb")),
        last.kind !== "handover" && button({ word: "", size: "s", act: () => void context.tap("void", { refs: [last.id] }) }))];
    });
    const back = place.querySelector("button");
    if (back) back.textContent = say("undo", { left: stopwatch(leftMs / 1000) });
  }

  /** One next act; a refused one stays pressable and says all reasons. @param {View} shown @returns {Child[]} */
  function nextActs(shown) {
    if (!shown.isAcked) {
      return [button({ word: say("ack", { v: pack.roster_v }), icon: "list", kind: "do",
        act: () => void context.tap("ack", {}) })];
    }
    const waits = waitingFor(pack, shown);
    const hand = waits.length > 0 && !shown.position.moving && button({ word: say("handover_waiting", { n: waits.length }),
      icon: "users", kind: "do", act: () => void handOver(context) });
    if (shown.isTerminal) return [hand, ...checkActs(shown)];
    if (shown.position.moving) {
      const next = /** @type {import("../model.js").PackStop} */ (shown.next);
      return [button({ word: say("arrive", { stop: next.name }), icon: "pin", kind: "do",
        act: () => void context.tap("arrive", { stop: next.stop }) })];
    }
    const gaps = gapsOf(shown);
    const needsCounting = gaps.some((gap) => gap === "count" || gap === "mismatch");
    const count = button({ word: say("count"), icon: "users", kind: needsCounting ? "do" : "",
      act: () => void onCount() });
    const depart = button({ word: say("depart"), icon: "bus", kind: gaps.length ? "" : "do", refused: gaps.length > 0,
      act: () => void onDepart() });
    return [hand, ...(shown.count || needsCounting ? [count, depart] : [depart])];
  }

  /** @returns {Promise<void>} */
  async function onCount() {
    const n = await askForCount(context.shown().counts.aboard);
    if (n !== null) await context.tap("headcount", { n, stop: context.shown().here.stop });
  }

  /** @param {View} shown @returns {import("../model.js").Gap[]} */
  function gapsOf(shown) {
    return departureGaps(pack, shown, context.news()?.departure ?? []);
  }

  /** @returns {Promise<void>} */
  async function onDepart() {
    const shown = context.shown();
    const gaps = gapsOf(shown);
    const papers = context.news()?.departure ?? [];
    const mayGo = gaps.length === 0 || (await showGaps(pack, shown, gaps, { papers, onMore, onCount, onTap, onHand: () => handOver(context) }));
    if (mayGo) await context.tap("depart", { stop: shown.here.stop });
  }

  /** @param {View} shown @returns {Child[]} */
  function checkActs(shown) {
    const news = context.news();
    const check = news?.checks.attendant;
    if (check && shown.counts.aboard === 0) {
      return [note("ok", "check", say("attendant_checked", { at: timeOfDay(check.at_ms, true) }), " ",
        news?.closed ? say("closed_by_server") : say("wait_for_driver"))];
    }
    return [
      ...(news?.faults ?? []).map((fault) => note("bad", "alert", fault)),
      hasUnconfirmed() && note("off", "offline", say("not_confirmed")),
      button({ word: say("check_bus"), icon: "eye", kind: "do", refused: shown.counts.aboard > 0,
        act: () => void onCheck() }),
    ];
  }

  /** Whether a check of this tablet is still on its way: recorded here, not confirmed by the server.
   * @returns {boolean} */
  function hasUnconfirmed() {
    return context.outbox.waiting().some(({ event }) => event.kind === "check" && event.run === pack.run);
  }

  /** @returns {Promise<void>} */
  async function onCheck() {
    const shown = context.shown();
    const still = shown.riders.filter((rider) => rider.at === "aboard");
    if (still.length > 0) {
      await dialog(say("still_aboard", { n: still.length }), (close) => [
        h("p", {}, say("still_aboard_text")),
        h("div", { class: "pick" }, ...still.map((rider) => button({
          word: `${rider.name} ${rider.last4}`, icon: "user", act: () => { close(); showCard(rider.rider); },
        }))),
      ]);
      return;
    }
    const found = await askForCheck(pack);
    if (!found) return;
    await context.tap("check", found);
    await context.seal();
  }

  /** @param {string} riderId @returns {void} */
  function showCard(riderId) {
    filter = "all";
    find.value = "";
    update();
    cards.get(riderId)?.element.scrollIntoView({ block: "center" });
  }

  hook("walk-on").addEventListener("click", async () => {
    const riderId = await askForWalkOn();
    if (riderId) await context.tap("board", { rider: riderId, stop: context.shown().here.stop });
  });
  return { update };
}

/** What the cards are made from: manifest, codes and changes. @param {Pack} pack @returns {string} */
const versionOf = (pack) => `${pack.roster_v}/${pack.aside ?? ""}`;
