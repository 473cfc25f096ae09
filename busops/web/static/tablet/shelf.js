// What this browser remembers of who uses it, beside any outbox: which crew member opened which run on
// which screen, and in what language. No name and no token: the worker's shell, which is the same for
// everybody, finds by it the outbox to open.

/** @typedef {"attendant"|"driver"} ScreenKind */
/** Who works on a run, on which screen. `other` leads to the other screen where that is somebody else's: the demo's
 * office stands in for both. `isVehicles`: on the vehicle's tablet, under a PIN. @typedef {{run: string, crew: string,
 *   screen: ScreenKind, other: string|null, isVehicles?: boolean}} Seat */
/** @typedef {{crews: string[], seats: Seat[]}} Shelf */

const KEY = "busops-tablet";
const MOST_SEATS = 20;
export const LANGUAGE_CACHE = "busops-language";
export const LANGUAGE_KEY = "/tablet/language";
/** The first page of a vehicle's tablet; the worker leads there from a page that wants somebody's session. */
export const VEHICLE_PATH = "/tablet/vehicle";
const VEHICLE = "busops-vehicle";

/** @returns {Shelf} */
function read() {
  try {
    const { crews, seats } = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    return { crews: Array.isArray(crews) ? crews : [], seats: Array.isArray(seats) ? seats : [] };
  } catch {
    return { crews: [], seats: [] };
  }
}

/** @param {Shelf} shelf @returns {void} */
function write(shelf) {
  try {
    localStorage.setItem(KEY, JSON.stringify(shelf));
  } catch {
    return; // without it the server says who sits where
  }
}

/** The crew members who opened a run here and did not sign out. @returns {string[]} */
export const crewsHere = () => read().crews;

/** The server has said who sits where. @param {Seat} seat @returns {void} */
export function remember(seat) {
  const { crews, seats } = read();
  write({
    crews: [...new Set([...crews, seat.crew])],
    seats: [...seats.filter((each) => each.run !== seat.run || each.crew !== seat.crew), seat].slice(-MOST_SEATS),
  });
}

/** Nobody sits here any more: a run is opened again only after the server has said by whom. @returns {void} */
export const forgetSeats = () => write({ crews: [], seats: [] });

/** Whose place an address names, as far as this browser knows him; null when the server must say. On a vehicle's
 * tablet the address says it, and a PIN proves it. @param {URL} address @returns {Seat|null} */
export function seatOf(address) {
  const run = decodeURIComponent(address.pathname.split("/")[3] ?? "");
  const { crews, seats } = read();
  const [named, asked] = [address.searchParams.get("crew"), address.searchParams.get("screen")];
  if (address.pathname.startsWith(`${VEHICLE_PATH}/`)) {
    const isWhole = run && named && (asked === "attendant" || asked === "driver");
    return isWhole ? { run, crew: named, screen: asked, other: null, isVehicles: true } : null;
  }
  const last = seats.filter((seat) => seat.run === run && (named ?? seat.crew) === seat.crew).pop() ?? null;
  const crew = named ?? last?.crew ?? "";
  if (!run || !crews.includes(crew)) return null;
  if (asked !== "attendant" && asked !== "driver") return last;
  return { run, crew, screen: asked, other: last?.screen === asked ? last.other : null };
}

/** The address at which the worker's shell opens this seat. @param {Omit<Seat, "other">} seat @returns {string} */
export const pathOf = ({ run, crew, screen, isVehicles: isShared }) =>
  `${isShared ? VEHICLE_PATH : "/tablet/runs"}/${encodeURIComponent(run)}?${new URLSearchParams({ screen, crew })}`;

/** This browser is a vehicle's tablet: the worker may know it too. @returns {Promise<void>} */
export async function rememberVehicle() {
  try {
    localStorage.setItem(VEHICLE, "true");
    if ("caches" in window) await (await caches.open(LANGUAGE_CACHE)).put(VEHICLE_PATH, new Response("true"));
  } catch {
    return; // then the address is typed
  }
}

/** Whether this browser was ever opened as a vehicle's tablet. @returns {boolean} */
export function isVehicles() {
  try {
    return localStorage.getItem(VEHICLE) === "true";
  } catch {
    return false;
  }
}

/** The worker opens its shell in this language from now on. @param {string} language @returns {Promise<void>} */
export async function rememberLanguage(language) {
  if (!("caches" in window)) return;
  const kept = await caches.open(LANGUAGE_CACHE);
  await kept.put(LANGUAGE_KEY, new Response(language));
}
