// The plan page: a trip chosen in the table is shown on the map, and the other way round.
import { chooseTrip } from "./map.js";

const map = document.getElementById("map");
/** @type {Map<number, HTMLTableRowElement>} */
const rows = new Map();
for (const mark of document.querySelectorAll("[data-trip]")) {
  const row = mark.closest("tr");
  if (row) {
    rows.set(tripOf(mark), row);
  }
}
/** @type {number|null} */
let chosen = null;

/** @param {Element} mark @returns {number} */
function tripOf(mark) {
  return Number(mark.getAttribute("data-trip"));
}

/** Shows this trip before the others; choosing it again shows all alike. @param {number} number @returns {void} */
function select(number) {
  chosen = number === chosen ? null : number;
  for (const [other, row] of rows) {
    const isChosen = other === chosen;
    row.toggleAttribute("aria-selected", isChosen);
    if (isChosen) {
      row.setAttribute("aria-selected", "true");
    }
    row.querySelector("[data-trip]")?.setAttribute("aria-pressed", String(isChosen));
  }
  if (map) {
    chooseTrip(map, chosen);
  }
}

document.addEventListener("click", (event) => {
  const mark = event.target instanceof Element ? event.target.closest("[data-trip]") : null;
  if (mark) {
    select(tripOf(mark));
  }
});
map?.addEventListener("busops:trip", (event) => {
  select(event.detail.number);
  rows.get(event.detail.number)?.scrollIntoView({ block: "nearest" });
});
