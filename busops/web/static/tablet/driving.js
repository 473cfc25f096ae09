// What a tablet does because it rides in a bus: it knows where it is, asks when that is not the stop, keeps
// its screen on during the run, and locks the driver's page while the bus is known to move.

import { Whereabouts, nearest, standing } from "./position.js";
import { h, icon, say } from "./screens/parts.js";
import { askAboutPlace, askWhyByHand } from "./screens/standing.js";
import { keepAwake } from "./wake.js";

/** @typedef {import("./main.js").Context} Context */
/** @typedef {import("./main.js").Fields} Fields */
/** @typedef {import("./canonical.js").Kind} Kind */

const LOOK_MS = 1000;
const AWAKE_MS = 15_000;

/** The run's page rides along. @param {Context} context @param {boolean} isDriver @returns {void} */
export function installDriving(context, isDriver) {
  const where = new Whereabouts(() => performance.now());
  where.watch(navigator.geolocation);
  context.outbox.means.spot = () => where.spot();
  const record = context.tap;
  context.tap = (kind, fields) => tapSomewhere(context, where, record, kind, fields);
  const settle = keepAwake(navigator.wakeLock, document, () => !context.news()?.closed);
  void settle();
  window.setInterval(() => void settle(), AWAKE_MS);
  if (isDriver) lockWhileMoving(where);
}

/** A tap at a stop is asked about when the satellites do not agree with it; then it is recorded.
 * @param {Context} context @param {Whereabouts} where @param {Context["tap"]} record @param {Kind} kind
 * @param {Fields} fields @returns {Promise<boolean>} */
export async function tapSomewhere(context, where, record, kind, fields) {
  const place = context.pack.stops.find((stop) => stop.stop === fields.stop);
  if (!place || where.fixes.length === 0) return record(kind, fields);
  const spot = where.spot();
  const found = standing(spot, place);
  if (kind === "arrive" && found !== "at" && place.lat6 != null) {
    const why = await askWhyByHand(place);
    return why !== null && (await record(kind, fields)) && record("note", { text: `${place.stop} ${why}` });
  }
  if ((kind !== "board" && kind !== "alight") || found !== "outside") return record(kind, fields);
  const near = nearest(spot, context.pack.stops);
  const isNear = near !== null && near.stop !== place.stop && standing(spot, near) === "at";
  const said = await askAboutPlace(kind, place, isNear ? near : null);
  if (!said || !(await record(kind, { ...fields, stop: said.stop }))) return false;
  return record("note", { rider: fields.rider ?? null, text: said.why });
}

/** The driver's page takes no tap while the bus is known to move. @param {Whereabouts} where @returns {void} */
function lockWhileMoving(where) {
  const cover = h("div", { class: "moving", role: "status", hidden: true },
    icon("bus"), h("strong", {}, say("moving_locked")), h("p", {}, say("moving_text")));
  document.body.append(cover);
  const draw = () => {
    const isMoving = where.isMoving();
    cover.hidden = !isMoving;
    document.querySelector("main")?.toggleAttribute("inert", isMoving);
  };
  where.onFix(draw);
  window.setInterval(draw, LOOK_MS);
}
