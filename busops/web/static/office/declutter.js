// Where the number tags of a map go, so that none hides another: a pure function of pixels.

/** @typedef {{x: number, y: number}} Point */
/** @typedef {{width: number, height: number}} Size */

const GAP = 2;
const RINGS = [0, 20, 34, 48, 64, 82];
const TURNS = 12;

/** The pixels that two tags share. @param {Point} one @param {Point} other @param {Size} size @returns {number} */
function overlap(one, other, size) {
  const wide = size.width + GAP - Math.abs(one.x - other.x);
  const high = size.height + GAP - Math.abs(one.y - other.y);
  return wide > 0 && high > 0 ? wide * high : 0;
}

/** Places to try around a point, the nearest first. @param {Point} point @returns {Point[]} */
function candidates(point) {
  const tried = [];
  for (const ring of RINGS) {
    for (let turn = 0; turn < (ring ? TURNS : 1); turn += 1) {
      const angle = (2 * Math.PI * turn) / TURNS - Math.PI / 2;
      tried.push({ x: point.x + ring * Math.cos(angle), y: point.y + ring * Math.sin(angle) });
    }
  }
  return tried;
}

/**
 * The middle of each tag, in the order of `points`: the nearest place that covers no other tag and
 * nothing of `taken`; where there is none, the one that covers least.
 * @param {Point[]} points @param {Size} size @param {Point[]} [taken] @returns {Point[]}
 */
export function placeTags(points, size, taken = []) {
  const placed = [...taken];
  return points.map((point) => {
    let best = { place: point, covered: Infinity };
    for (const place of candidates(point)) {
      const covered = placed.reduce((sum, other) => sum + overlap(place, other, size), 0);
      if (covered < best.covered) {
        best = { place, covered };
      }
      if (covered === 0) {
        break;
      }
    }
    placed.push(best.place);
    return best.place;
  });
}
