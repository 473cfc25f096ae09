// What this browser remembers of who uses it, beside any outbox: which crew member opened which run on
// which screen, and in what language. No name and no token: the worker's shell, which is the same for
// everybody, finds by it the outbox to open.

/** @typedef {"attendant"|"driver"} ScreenKind */
/** Who works on a run, on which screen. `other` leads to the other screen where that is somebody else's: the demo's
 * office stands in for both. @typedef {{run: string, crew: string, screen: ScreenKind, other: string|null}} Seat */
/** @typedef {{crews: string[], seats: Seat[]}} Shelf */

const KEY = "busops-tablet";
const MOST_SEATS = 20;
export const LANGUAGE_CACHE = "busops-language";
export const LANGUAGE_KEY = "/tablet/language";

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

/** Whose place an address names, as far as this browser knows him; null when the server must say.
 * @param {URL} address @returns {Seat|null} */
export function seatOf(address) {
  const run = decodeURIComponent(address.pathname.split("/")[3] ?? "");
  const { crews, seats } = read();
  const [named, asked] = [address.searchParams.get("crew"), address.searchParams.get("screen")];
  const last = seats.filter((seat) => seat.run === run && (named ?? seat.crew) === seat.crew).pop() ?? null;
  const crew = named ?? last?.crew ?? "";
  if (!run || !crews.includes(crew)) return null;
  if (asked !== "attendant" && asked !== "driver") return last;
  return { run, crew, screen: asked, other: last?.screen === asked ? last.other : null };
}

/** The address at which the worker's shell opens this seat. @param {Omit<Seat, "other">} seat @returns {string} */
export const pathOf = ({ run, crew, screen }) =>
  `/tablet/runs/${encodeURIComponent(run)}?${new URLSearchParams({ screen, crew })}`;

/** The worker opens its shell in this language from now on. @param {string} language @returns {Promise<void>} */
export async function rememberLanguage(language) {
  if (!("caches" in window)) return;
  const kept = await caches.open(LANGUAGE_CACHE);
  await kept.put(LANGUAGE_KEY, new Response(language));
}
