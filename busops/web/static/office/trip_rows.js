// Rows of trips beside a map: a trip chosen in a table is shown on the map, and the other way round.
import { chooseTrip } from "./map.js";

/** The trip that is chosen next: the same one again means none. @param {number|null} chosen @param {number} pressed
 * @returns {number|null} */
export function chosenNext(chosen, pressed) {
  return pressed === chosen ? null : pressed;
}

/** @param {Element} mark @returns {number} */
function tripOf(mark) {
  return Number(mark.getAttribute("data-trip"));
}

/** Every [data-trip] of the page chooses its trip from now on. @param {HTMLElement|null} map @returns {void} */
export function startTripRows(map) {
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

  /** @param {number} number @returns {void} */
  function select(number) {
    chosen = chosenNext(chosen, number);
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
}
