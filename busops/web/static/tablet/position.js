// Where the tablet is, as honestly as its satellites say: the middle of the last fixes and how wide they
// lie apart. A fix that is old says nothing, a poor one says that it is poor, and no tap ever waits for one.

/** @typedef {{lat: number, lon: number, acc: number, speed: number|null, at: number}} Fix */
/** What an event carries. @typedef {{lat6: number|null, lon6: number|null, acc: number|null}} Spot */
/** @typedef {{stop: string, name: string, lat6?: number|null, lon6?: number|null, radius_m?: number|null}} Place */
/** @typedef {"at"|"outside"|"unknown"} Standing */
/** @typedef {{watchPosition: Geolocation["watchPosition"]}} Satellites */

export const FRESH_MS = 10_000;
export const POOR_M = 100;
export const NARROWEST_M = 25;
export const LOCK_KMH = 5;
const EARTH_M = 6_371_008.8;
const MOST_FIXES = 30;
const MILLIONTHS = 1_000_000;
/** @type {Spot} */
const NOWHERE = { lat6: null, lon6: null, acc: null };

export class Whereabouts {
  /** @param {() => number} monoMs a clock that only goes forward */
  constructor(monoMs) {
    this.monoMs = monoMs;
    /** @type {Fix[]} */
    this.fixes = [];
    /** @type {(() => void)[]} */
    this.listeners = [];
  }

  /** Asks for fixes from now on; without satellites or leave there simply are none. @param {Satellites|undefined} satellites */
  watch(satellites) {
    satellites?.watchPosition(
      ({ coords }) => this.heard({ lat: coords.latitude, lon: coords.longitude, acc: coords.accuracy, speed: coords.speed }),
      () => undefined,
      { enableHighAccuracy: true, maximumAge: 0 },
    );
  }

  /** @param {Omit<Fix, "at">} fix @returns {void} */
  heard(fix) {
    this.fixes.push({ ...fix, at: this.monoMs() });
    this.fixes.splice(0, this.fixes.length - MOST_FIXES);
    for (const listener of this.listeners) listener();
  }

  /** @param {() => void} listener */
  onFix(listener) {
    this.listeners.push(listener);
  }

  /** @returns {Fix[]} */
  fresh() {
    const now = this.monoMs();
    return this.fixes.filter((fix) => now - fix.at <= FRESH_MS);
  }

  /** What an event recorded now carries. @returns {Spot} */
  spot() {
    const fixes = this.fresh();
    if (fixes.length === 0) return NOWHERE;
    const lat = median(fixes.map((fix) => fix.lat));
    const lon = median(fixes.map((fix) => fix.lon));
    // A bus that drove meanwhile makes the circle wide by itself: its middle is nobody's place.
    const apart = Math.max(...fixes.map((fix) => metres(fix, { lat, lon })));
    const acc = Math.max(median(fixes.map((fix) => fix.acc)), apart);
    return { lat6: Math.round(lat * MILLIONTHS), lon6: Math.round(lon * MILLIONTHS), acc: Math.ceil(acc) };
  }

  /** How fast the tablet moves, km/h; null when nobody can say. @returns {number|null} */
  speedKmh() {
    const fixes = this.fresh();
    const last = fixes[fixes.length - 1];
    if (!last) return null;
    if (last.speed !== null && Number.isFinite(last.speed)) return last.speed * 3.6;
    const first = fixes[0];
    const seconds = (last.at - first.at) / 1000;
    const way = metres(first, last) - first.acc - last.acc;
    return seconds < 3 ? null : (Math.max(way, 0) / seconds) * 3.6;
  }

  /** Whether the driver must keep his hands off: only when it is known that the bus moves. @returns {boolean} */
  isMoving() {
    return (this.speedKmh() ?? 0) > LOCK_KMH;
  }
}

/** Whether a spot is at a stop: outside only when its whole circle is. @param {Spot} spot @param {Place} place
 *  @returns {Standing} */
export function standing(spot, place) {
  if (spot.lat6 === null || spot.lon6 === null || spot.acc === null || spot.acc > POOR_M) return "unknown";
  if (place.lat6 == null || place.lon6 == null || place.radius_m == null) return "unknown";
  const away = metres(degrees(spot.lat6, spot.lon6), degrees(place.lat6, place.lon6));
  return away > Math.max(place.radius_m, NARROWEST_M) + spot.acc ? "outside" : "at";
}

/** The stop of the run that is nearest to a spot; null when the spot or every stop is unknown.
 * @template {Place} P @param {Spot} spot @param {P[]} places @returns {P|null} */
export function nearest(spot, places) {
  if (spot.lat6 === null || spot.lon6 === null) return null;
  const here = degrees(spot.lat6, spot.lon6);
  /** @type {{place: P, away: number}|null} */
  let found = null;
  for (const place of places) {
    if (place.lat6 == null || place.lon6 == null) continue;
    const away = metres(here, degrees(place.lat6, place.lon6));
    if (!found || away < found.away) found = { place, away };
  }
  return found?.place ?? null;
}

/** @param {number} lat6 @param {number} lon6 */
const degrees = (lat6, lon6) => ({ lat: lat6 / MILLIONTHS, lon: lon6 / MILLIONTHS });

/** @param {number[]} numbers @returns {number} */
function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The way over ground between two points, metres. @param {{lat: number, lon: number}} a @param {{lat: number, lon: number}} b */
export function metres(a, b) {
  const rad = Math.PI / 180;
  const half = Math.sin(((b.lat - a.lat) * rad) / 2) ** 2
    + Math.cos(a.lat * rad) * Math.cos(b.lat * rad) * Math.sin(((b.lon - a.lon) * rad) / 2) ** 2;
  return 2 * EARTH_M * Math.asin(Math.sqrt(Math.min(half, 1)));
}
