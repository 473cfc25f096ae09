// Which trips of two compared plans are on the map: a pure function of three switches.

/** @typedef {{a: boolean, b: boolean, onlyDifferent: boolean}} Sides */

/** A trip is shown when its plan is, unless it stands in both and only differences are asked for.
 * @param {{side?: "a"|"b", is_same?: boolean}} trip @param {Sides} sides @returns {boolean} */
export function isShown(trip, sides) {
  const isOn = trip.side === "b" ? sides.b : sides.a;
  return isOn && !(sides.onlyDifferent && trip.is_same);
}

/** The switches after one was pressed. @param {Sides} sides @param {keyof Sides} which @returns {Sides} */
export function pressed(sides, which) {
  return { ...sides, [which]: !sides[which] };
}
