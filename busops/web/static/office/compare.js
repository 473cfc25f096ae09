// Two plans on one map: each can be taken off it, and so can what both have.
import { showTrips } from "./map.js";
import { isShown, pressed } from "./sides.js";
import { startTripRows } from "./trip_rows.js";

/** @typedef {import("./sides.js").Sides} Sides */

const map = document.getElementById("map");
/** @type {Sides} */
let sides = { a: true, b: true, onlyDifferent: false };

/** @param {Element} button @returns {keyof Sides} */
function switchOf(button) {
  const side = button.getAttribute("data-side");
  return side === "a" || side === "b" ? side : "onlyDifferent";
}

/** @returns {void} */
function show() {
  if (map) {
    showTrips(map, (trip) => isShown(trip, sides));
  }
}

for (const button of document.querySelectorAll("[data-side], [data-only-different]")) {
  button.addEventListener("click", () => {
    sides = pressed(sides, switchOf(button));
    button.setAttribute("aria-pressed", String(sides[switchOf(button)]));
    show();
  });
}
map?.addEventListener("busops:drawn", show);
startTripRows(map);
