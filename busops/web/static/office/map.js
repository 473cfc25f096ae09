// Maps of the office: stops, or the trips of a plan as coloured lines. No tiles unless the school
// names a source (data-tiles); without Leaflet the same lines are drawn as a plain SVG.
// <section data-map="/plans/…/map.json" data-tiles data-attribution data-people="people">
// The section fires "busops:trip" {number} when a trip is chosen on it, and listens to chooseTrip() and showTrips().

import { placeTags } from "./declutter.js";

/** @typedef {{lat: number, lon: number}} Place */
/** @typedef {Place & {id: string, name: string, count: number, is_open?: boolean}} Stop */
/** @typedef {{number: number, colour: string, is_dashed: boolean, plate: string, homeward: boolean, stops: Stop[],
 *   label?: string, side?: "a"|"b", is_same?: boolean}} Trip side, label and is_same where two plans are compared */
/** @typedef {{campus?: Place, trips?: Trip[], stops?: Stop[]}} Picture what map.json answers */
/** @typedef {{paths: () => (Element|undefined)[], front: () => void}} Line */
/** @typedef {Line & {mark: Leaflet.Marker, leader: Leaflet.Polyline, at: Leaflet.LatLng}} TaggedLine */
/** @typedef {{choose: (number: number|null) => void, show: (isShown: (trip: Trip) => boolean) => void}} Drawn */

const TAG = { width: 28, height: 22 };
const SVG = "http://www.w3.org/2000/svg";
const NOWHERE = /** @type {Leaflet.Place[]} */ ([[30, 104], [32, 105]]);
/** @type {WeakMap<HTMLElement, Drawn>} */
const drawn = new WeakMap();

/** @param {string} name @param {{[name: string]: string|number}} attributes @param {Element} [parent]
 * @returns {Element} */
function shape(name, attributes, parent) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) {
    element.setAttribute(key, String(value));
  }
  parent?.append(element);
  return element;
}

/** @param {Place} place @returns {Leaflet.Place} */
const pair = ({ lat, lon }) => [lat, lon];

/** @param {Trip} trip @param {Place|undefined} campus @returns {Leaflet.Place[]} */
function way(trip, campus) {
  const base = campus ? [campus] : [];
  return (trip.homeward ? [...base, ...trip.stops] : [...trip.stops, ...base]).map(pair);
}

/** Everything that must be seen; never empty. @param {Picture} picture @returns {Leaflet.Place[]} */
function places({ stops = [], campus, trips = [] }) {
  const all = [...stops, ...(campus ? [campus] : []), ...trips.flatMap((trip) => trip.stops)];
  return all.length ? all.map(pair) : NOWHERE;
}

/** Its outer end; none when no stop of it has a place. @param {Trip} trip @returns {Stop|undefined} */
function end(trip) {
  return trip.homeward ? trip.stops.at(-1) : trip.stops[0];
}

/** What tells a trip's line apart: its colour; of two plans also a wide and a thin line. @param {Trip} trip
 * @returns {string} */
function look(trip) {
  return `l-${trip.colour}${trip.side ? ` side--${trip.side}` : ""}${trip.is_same ? " is-same" : ""}`;
}

/** @param {string} name @param {number|null} count @param {string} people @returns {HTMLElement} */
function label(name, count, people) {
  const text = document.createElement("span");
  text.lang = "zh-Hans";
  text.textContent = count === null ? name : `${name} ${count} ${people}`;
  return text;
}

/** @param {Trip} trip @returns {HTMLElement} */
function tag(trip) {
  const mark = document.createElement("span");
  mark.className = `tagn b-${trip.colour}`;
  mark.textContent = trip.label ?? String(trip.number);
  return mark;
}

/** @param {Leaflet.Library} L @param {HTMLElement} section @param {Picture} data @returns {Drawn} */
function leafletMap(L, section, data) {
  const canvas = document.createElement("div");
  canvas.className = "map__canvas";
  section.prepend(canvas);
  const map = L.map(canvas, { zoomControl: false, zoomSnap: 0.25, attributionControl: Boolean(section.dataset.tiles) });
  L.control
    .zoom({ position: "topright", zoomInTitle: section.dataset.zoomIn, zoomOutTitle: section.dataset.zoomOut })
    .addTo(map);
  if (section.dataset.tiles) {
    L.tileLayer(section.dataset.tiles, { attribution: section.dataset.attribution }).addTo(map);
  }
  map.fitBounds(places(data), { padding: [28, 28], animate: false });
  const people = section.dataset.people ?? "";
  for (const stop of data.stops ?? []) {
    const kind = `stop ${stop.is_open ? "stop--open" : "stop--closed"}`;
    const radius = 4 + Math.min(8, Math.sqrt(stop.count));
    L.circleMarker(pair(stop), { radius, className: kind, weight: 3, fillOpacity: 1 })
      .bindTooltip(() => label(`${stop.id} ${stop.name}`, stop.count, people))
      .addTo(map);
  }
  const lines = new Map((data.trips ?? []).flatMap((trip) => {
    const line = leafletTrip(L, map, section, trip, data.campus);
    return line ? [/** @type {const} */ ([trip.number, line])] : [];
  }));
  if (data.campus) {
    const icon = L.divIcon({ className: "map-campus", iconSize: [30, 22] });
    L.marker(pair(data.campus), { icon, keyboard: false, interactive: false }).addTo(map);
  }
  const trips = [...lines.values()];
  const settle = () => settleTags(map, trips, data.campus);
  settle();
  map.on("zoomend resize", settle);
  return handles(lines, data.trips ?? []);
}

/** @param {Leaflet.Library} L @param {Leaflet.Map} map @param {HTMLElement} section @param {Trip} trip
 * @param {Place|undefined} campus @returns {TaggedLine|null} null when no stop of it has a place */
function leafletTrip(L, map, section, trip, campus) {
  const last = end(trip);
  if (!last) {
    return null;
  }
  const people = section.dataset.people ?? "";
  const dashes = trip.is_dashed ? "10 6" : undefined;
  const line = L.polyline(way(trip, campus), { className: `trip ${look(trip)}`, weight: 4, dashArray: dashes, fill: false });
  line.addTo(map);
  const stops = trip.stops.map((stop) =>
    L.circleMarker(pair(stop), { radius: 5, className: `stop ${look(trip)}`, weight: 3, fillOpacity: 1 })
      .bindTooltip(() => label(stop.name, stop.count, people))
      .addTo(map),
  );
  const quiet = trip.side ? " map-tag--quiet" : "";
  const icon = L.divIcon({ className: `map-tag${quiet}`, html: tag(trip), iconSize: [TAG.width, TAG.height] });
  const mark = L.marker(pair(last), { icon, keyboard: false, title: trip.plate }).addTo(map);
  const leader = L.polyline([], { className: `leader l-${trip.colour}${quiet}`, weight: 1.5, interactive: false }).addTo(map);
  for (const part of [line, mark]) {
    part.on("click", () => announce(section, trip.number));
  }
  const elements = () => [line.getElement(), ...stops.map((stop) => stop.getElement()), leader.getElement(), mark.getElement()];
  const front = () => [line, ...stops].forEach((part) => part.bringToFront());
  return { paths: elements, front, mark, leader, at: L.latLng(last.lat, last.lon) };
}

/** Every tag beside its stop, none over another; a thin line leads from the stop to a tag that moved.
 * @param {Leaflet.Map} map @param {TaggedLine[]} trips @param {Place|undefined} campus @returns {void} */
function settleTags(map, trips, campus) {
  const points = trips.map((trip) => map.latLngToLayerPoint(trip.at));
  const taken = campus ? [map.latLngToLayerPoint(pair(campus))] : [];
  placeTags(points, TAG, taken).forEach((place, number) => {
    const { mark, leader, at } = trips[number];
    const moved = map.layerPointToLatLng([place.x, place.y]);
    mark.setLatLng(moved);
    leader.setLatLngs([at, moved]);
  });
}

/** @param {HTMLElement} section @param {Picture} data @returns {Drawn} */
function plainMap(section, data) {
  const all = places(data);
  const lats = all.map(([lat]) => lat);
  const lons = all.map(([, lon]) => lon);
  const squeeze = Math.cos((Math.min(...lats) * Math.PI) / 180);
  const width = Math.max(0.02, (Math.max(...lons) - Math.min(...lons)) * squeeze);
  const height = Math.max(0.02, Math.max(...lats) - Math.min(...lats));
  const scale = Math.min(700 / width, 470 / height);
  /** @param {Leaflet.Place} place @returns {[number, number]} */
  const at = ([lat, lon]) => [
    30 + (lon - Math.min(...lons)) * squeeze * scale,
    30 + (Math.max(...lats) - lat) * scale,
  ];
  const picture = shape("svg", { class: "map__svg", viewBox: `0 0 ${60 + width * scale} ${60 + height * scale}`, "aria-hidden": "true" });
  section.prepend(picture);
  /** @type {Map<number, Line>} */
  const lines = new Map();
  for (const trip of data.trips ?? []) {
    const points = way(trip, data.campus).map(at);
    const line = shape("path", { class: `trip ${look(trip)}`, d: `M${points.map((point) => point.join(" ")).join("L")}` }, picture);
    if (trip.is_dashed) {
      line.setAttribute("stroke-dasharray", "10 6");
    }
    const stops = trip.stops.map((stop) => {
      const [cx, cy] = at(pair(stop));
      return shape("circle", { class: `stop ${look(trip)}`, cx, cy, r: 4.5 }, picture);
    });
    line.addEventListener("click", () => announce(section, trip.number));
    lines.set(trip.number, { paths: () => [line, ...stops], front: () => picture.append(line, ...stops) });
  }
  for (const stop of data.stops ?? []) {
    const [cx, cy] = at(pair(stop));
    const dot = shape("circle", { class: `stop ${stop.is_open ? "stop--open" : "stop--closed"}`, cx, cy, r: 5 }, picture);
    shape("title", {}, dot).textContent = `${stop.id} ${stop.name} ${stop.count}`;
  }
  return handles(lines, data.trips ?? []);
}

/** @param {Map<number, Line>} lines @param {Trip[]} trips @returns {Drawn} */
function handles(lines, trips) {
  return {
    choose: (number) => choose(lines, number),
    show: (isShown) => {
      for (const trip of trips) {
        for (const path of lines.get(trip.number)?.paths() ?? []) {
          path?.classList.toggle("trip--off", !isShown(trip));
        }
      }
    },
  };
}

/** @param {Map<number, Line>} lines @param {number|null} number @returns {void} */
function choose(lines, number) {
  for (const [other, line] of lines) {
    const isChosen = other === number;
    for (const path of line.paths()) {
      path?.classList.toggle("trip--faded", number !== null && !isChosen);
      path?.classList.toggle("is-chosen", isChosen);
    }
    line.paths()[0]?.classList.toggle("trip--sel", isChosen);
    if (isChosen) {
      line.front();
    }
  }
}

/** @param {HTMLElement} section @param {number} number @returns {void} */
function announce(section, number) {
  section.dispatchEvent(new CustomEvent("busops:trip", { detail: { number }, bubbles: true }));
}

/** Shows one trip before the others; null shows all alike. @param {HTMLElement} section @param {number|null} number
 * @returns {void} */
export function chooseTrip(section, number) {
  drawn.get(section)?.choose(number);
}

/** Shows the trips that the question says yes to, and hides the others. @param {HTMLElement} section
 * @param {(trip: Trip) => boolean} isShown @returns {void} */
export function showTrips(section, isShown) {
  drawn.get(section)?.show(isShown);
}

/** Asks for the picture and draws it. @param {HTMLElement} section @returns {Promise<void>} */
async function start(section) {
  const answer = await fetch(section.dataset.map ?? "", { credentials: "same-origin" });
  if (!answer.ok) {
    throw new Error(String(answer.status));
  }
  /** @type {Picture} */
  const data = await answer.json();
  drawn.set(section, window.L ? leafletMap(window.L, section, data) : plainMap(section, data));
  section.dataset.ready = "1";
  section.dispatchEvent(new CustomEvent("busops:drawn"));
}

for (const section of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-map]"))) {
  start(section).catch(() => section.setAttribute("data-stale", "1"));
}
