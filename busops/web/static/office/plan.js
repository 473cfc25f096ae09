// The plan page: a trip chosen in the table is shown on the map, and the other way round.
import { chooseTrip } from "./map.js";

const map = document.getElementById("map");
const rows = new Map();
for (const mark of document.querySelectorAll("[data-trip]")) {
  rows.set(Number(mark.dataset.trip), mark.closest("tr"));
}
let chosen = null;

function select(number) {
  chosen = number === chosen ? null : number;
  for (const [other, row] of rows) {
    const isChosen = other === chosen;
    row.toggleAttribute("aria-selected", isChosen);
    if (isChosen) {
      row.setAttribute("aria-selected", "true");
    }
    row.querySelector("[data-trip]").setAttribute("aria-pressed", String(isChosen));
  }
  if (map) {
    chooseTrip(map, chosen);
  }
}

document.addEventListener("click", (event) => {
  const mark = event.target.closest("[data-trip]");
  if (mark) {
    select(Number(mark.dataset.trip));
  }
});
map?.addEventListener("busops:trip", (event) => {
  select(event.detail.number);
  rows.get(event.detail.number)?.scrollIntoView({ block: "nearest" });
});
