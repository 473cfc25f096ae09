// Who acts on a vehicle's tablet since a PIN was shown: kept as long as the tab lives, so that a page that
// loads itself anew asks nobody twice. Left alone it locks itself, but never while riders wait to be marked.

/** The person and the token that speaks for him. @typedef {{crew: string, name: string, role: "ATTENDANT"|"DRIVER",
 *   token: string}} Person */
/** @typedef {Pick<Storage, "getItem"|"setItem"|"removeItem">} Shelf */

const KEY = "busops-acting";
const TOUCHED = "busops-acting-touched";
export const LOCK_MS = 120_000;

/** Who acts, if it is this crew member. @param {string} crew @param {Shelf} [shelf] @returns {Person|null} */
export function actingAs(crew, shelf = sessionStorage) {
  try {
    const person = JSON.parse(shelf.getItem(KEY) ?? "null");
    return person?.crew === crew ? person : null;
  } catch {
    return null;
  }
}

/** From now on this person acts. @param {Person} person @param {number} nowMs @param {Shelf} [shelf] @returns {void} */
export function act({ crew, name, role, token }, nowMs, shelf = sessionStorage) {
  shelf.setItem(KEY, JSON.stringify({ crew, name, role, token }));
  touched(nowMs, shelf);
}

/** Nobody acts any more. @param {Shelf} [shelf] @returns {void} */
export const forgetActing = (shelf = sessionStorage) => shelf.removeItem(KEY);

/** Somebody touches the screen. @param {number} nowMs @param {Shelf} [shelf] @returns {void} */
export const touched = (nowMs, shelf = sessionStorage) => shelf.setItem(TOUCHED, String(nowMs));

/** Whether the screen has been left alone so long that it locks; a clock that was set back locks too.
 * @param {number} nowMs @param {Shelf} [shelf] @returns {boolean} */
export function isLeftAlone(nowMs, shelf = sessionStorage) {
  const since = nowMs - Number(shelf.getItem(TOUCHED) ?? -Infinity);
  return !(since >= -LOCK_MS && since < LOCK_MS);
}

/** Whether the bus needs its marks: somebody is aboard, or is to get on where the bus stands. Then no screen locks.
 * @param {import("./model.js").View} shown @param {import("./model.js").News|null} news @returns {boolean} */
export const mustStayOpen = (shown, news) =>
  !news?.closed && (shown.counts.aboard > 0 || (shown.isAcked && shown.boarding.length > 0));
