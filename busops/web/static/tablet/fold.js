// Who is aboard: a pure function of the set of events. The only rule that exists twice; the
// server's (busops/domain/run.py) decides, and data/vectors/fold.json holds both to one answer.

/** @typedef {{id: string, dev: number, seq: number, kind: import("./canonical.js").Kind, roster_v: number,
 *   rider: string|null, refs: string[], by: string, wall_ms: number, off_ms: number|null, off_age_ms: number|null,
 *   stop: string|null, n: number|null, reason: string|null, boot: string, mono_ms: number, received_ms?: number, codes?: string[]}} TapEvent */
/** @typedef {{aboard: Set<string>, disputed: Set<string>, alighted: Set<string>,
 *   absent: Map<string, string>, valid: TapEvent[]}} Riders */

const SURE_MS = 2000;
const UNKNOWN_MS = 24 * 3600 * 1000;
const WILD_MS = 60 * 1000;
const UNDO_MS = 120 * 1000;
const UNDOABLE = ["board", "alight", "moved_in", "moved_out", "absent", "headcount"];

/** When it was made, by the server's clock as far as known. @param {TapEvent} event @returns {number} */
export const momentMs = (event) => event.wall_ms + (event.off_ms ?? 0);

/** The likely order: for reading, never for deciding. @param {TapEvent} a @param {TapEvent} b @returns {number} */
export const byMoment = (a, b) => momentMs(a) - momentMs(b) || a.dev - b.dev || a.seq - b.seq;

/** The earliest and the latest moment it may have been; never later than the server had it.
 * @param {TapEvent} event @returns {[number, number]} */
function reach(event) {
  const at = momentMs(event);
  const received = event.received_ms ?? Infinity;
  const isStale = received < Infinity && at < received - UNKNOWN_MS; // of any moment since
  const isUnknown = event.off_ms === null || at > received + WILD_MS;
  const unsure = isUnknown ? UNKNOWN_MS : SURE_MS + Math.floor((event.off_age_ms ?? 0) / 10000);
  return [Math.min(at, received) - unsure, isStale ? received : Math.min(at + unsure, received)];
}

/** Whether `a` certainly came before `b`: by number on one device, by the clocks' margins on two.
 * @param {TapEvent} a @param {TapEvent} b @returns {boolean} */
export function isBefore(a, b) {
  if (a.dev === b.dev) return a.seq < b.seq;
  return reach(a)[1] < reach(b)[0];
}

/** Whether `undo` takes back `event`: same device and person, within two minutes, before its seal.
 * @param {TapEvent} undo @param {TapEvent} event @param {TapEvent[]} seals @returns {boolean} */
export function isUndone(undo, event, seals) {
  if (!undo.refs.includes(event.id) || !UNDOABLE.includes(event.kind)) return false;
  if (undo.dev !== event.dev || undo.by !== event.by || undo.seq <= event.seq) return false;
  const passed = undo.boot === event.boot ? undo.mono_ms - event.mono_ms : undo.wall_ms - event.wall_ms;
  const isSealed = seals.some(({ dev, seq }) => dev === undo.dev && event.seq < seq && seq < undo.seq);
  return passed >= 0 && passed <= UNDO_MS && !isSealed;
}

/** @param {TapEvent[]} boards @param {TapEvent[]} alights @returns {"aboard"|"off"|"disputed"} */
function place(boards, alights) {
  if (boards.length === 0) return "off";
  if (alights.some((off) => boards.every((on) => isBefore(on, off)))) return "off";
  if (boards.some((on) => alights.every((off) => isBefore(off, on)))) return "aboard";
  return "disputed";
}

/** Every rider's place; who is disputed counts as aboard.
 * @param {Iterable<TapEvent>} events @returns {Riders} */
export function fold(events) {
  const all = [...new Map([...events].map((event) => [event.id, event])).values()];
  const [undos, seals] = ["void", "seal"].map((kind) => all.filter((event) => event.kind === kind));
  const valid = all.filter((event) => !undos.some((undo) => isUndone(undo, event, seals)));
  /** @type {Riders} */
  const riders = { aboard: new Set(), disputed: new Set(), alighted: new Set(), absent: new Map(), valid };
  for (const rider of new Set(valid.flatMap((event) => event.rider ?? []))) {
    const mine = valid.filter((event) => event.rider === rider);
    const boards = mine.filter((event) => ["board", "moved_in"].includes(event.kind));
    const alights = mine.filter((event) => ["alight", "moved_out"].includes(event.kind));
    if (boards.length + alights.length > 0) {
      const at = place(boards, alights);
      (at === "off" ? riders.alighted : riders.aboard).add(rider);
      if (at === "disputed") riders.disputed.add(rider);
    } else {
      const reasons = mine.filter((event) => event.kind === "absent").sort(byMoment);
      if (reasons.length > 0) riders.absent.set(rider, reasons[reasons.length - 1].reason ?? "");
    }
  }
  return riders;
}
