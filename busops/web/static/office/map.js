// Maps of the office: stops, or the trips of a plan as coloured lines. No tiles unless the school
// names a source (data-tiles); without Leaflet the same lines are drawn as a plain SVG.
// <section data-map="/plans/…/map.json" data-tiles data-attribution data-people="people">
// The section fires "busops:trip" {number} when a trip is chosen on it, and listens to chooseTrip().

import { placeTags } from "./declutter.js";

const TAG = { width: 28, height: 22 };
const SVG = "http://www.w3.org/2000/svg";
const drawn = new WeakMap();

function shape(name, attributes, parent) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) {
    element.setAttribute(key, String(value));
  }
  parent?.append(element);
  return element;
}

function way(trip, campus) {
  const stops = trip.stops.map((stop) => [stop.lat, stop.lon]);
  return trip.homeward ? [[campus.lat, campus.lon], ...stops] : [...stops, [campus.lat, campus.lon]];
}

function places(data) {
  const all = (data.stops ?? []).map((stop) => [stop.lat, stop.lon]);
  if (data.campus) {
    all.push([data.campus.lat, data.campus.lon]);
  }
  for (const trip of data.trips ?? []) {
    all.push(...trip.stops.map((stop) => [stop.lat, stop.lon]));
  }
  return all;
}

function end(trip) {
  return trip.homeward ? trip.stops.at(-1) : trip.stops[0];
}

function label(name, count, people) {
  const text = document.createElement("span");
  text.lang = "zh-Hans";
  text.textContent = count === null ? name : `${name} ${count} ${people}`;
  return text;
}

function tag(trip) {
  const mark = document.createElement("span");
  mark.className = `tagn b-${trip.colour}`;
  mark.textContent = String(trip.number);
  return mark;
}


function leafletMap(section, data) {
  const L = window.L;
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
  const all = places(data);
  map.fitBounds(all.length ? all : [[30, 104], [32, 105]], { padding: [28, 28], animate: false });
  const people = section.dataset.people ?? "";
  for (const stop of data.stops ?? []) {
    const look = `stop ${stop.is_open ? "stop--open" : "stop--closed"}`;
    const radius = 4 + Math.min(8, Math.sqrt(stop.count));
    L.circleMarker([stop.lat, stop.lon], { radius, className: look, weight: 3, fillOpacity: 1 })
      .bindTooltip(() => label(`${stop.id} ${stop.name}`, stop.count, people))
      .addTo(map);
  }
  const lines = new Map((data.trips ?? []).map((trip) => [trip.number, leafletTrip(map, section, trip, data.campus)]));
  if (data.campus) {
    const icon = L.divIcon({ className: "map-campus", iconSize: [30, 22] });
    L.marker([data.campus.lat, data.campus.lon], { icon, keyboard: false, interactive: false }).addTo(map);
  }
  const trips = [...lines.values()];
  const settle = () => settleTags(map, trips, data.campus);
  settle();
  map.on("zoomend resize", settle);
  return (number) => choose(lines, number);
}

function leafletTrip(map, section, trip, campus) {
  const L = window.L;
  const people = section.dataset.people ?? "";
  const dashes = trip.is_dashed ? "10 6" : null;
  const line = L.polyline(way(trip, campus), { className: `trip l-${trip.colour}`, weight: 4, dashArray: dashes, fill: false });
  line.addTo(map);
  const stops = trip.stops.map((stop) =>
    L.circleMarker([stop.lat, stop.lon], { radius: 5, className: `stop l-${trip.colour}`, weight: 3, fillOpacity: 1 })
      .bindTooltip(() => label(stop.name, stop.count, people))
      .addTo(map),
  );
  const last = end(trip);
  const icon = L.divIcon({ className: "map-tag", html: tag(trip), iconSize: [TAG.width, TAG.height] });
  const mark = L.marker([last.lat, last.lon], { icon, keyboard: false, title: trip.plate }).addTo(map);
  const leader = L.polyline([], { className: `leader l-${trip.colour}`, weight: 1.5, interactive: false }).addTo(map);
  for (const part of [line, mark]) {
    part.on("click", () => announce(section, trip.number));
  }
  const elements = () => [line.getElement(), ...stops.map((stop) => stop.getElement()), leader.getElement(), mark.getElement()];
  return { paths: elements, front: () => line.bringToFront(), mark, leader, at: L.latLng(last.lat, last.lon) };
}

/** Every tag beside its stop, none over another; a thin line leads from the stop to a tag that moved. */
function settleTags(map, trips, campus) {
  const points = trips.map((trip) => map.latLngToLayerPoint(trip.at));
  const taken = campus ? [map.latLngToLayerPoint([campus.lat, campus.lon])] : [];
  placeTags(points, TAG, taken).forEach((place, number) => {
    const { mark, leader, at } = trips[number];
    const moved = map.layerPointToLatLng([place.x, place.y]);
    mark.setLatLng(moved);
    leader.setLatLngs([at, moved]);
  });
}


function plainMap(section, data) {
  const all = places(data);
  const lats = all.map(([lat]) => lat);
  const lons = all.map(([, lon]) => lon);
  const squeeze = Math.cos((Math.min(...lats) * Math.PI) / 180);
  const width = Math.max(0.02, (Math.max(...lons) - Math.min(...lons)) * squeeze);
  const height = Math.max(0.02, Math.max(...lats) - Math.min(...lats));
  const scale = Math.min(700 / width, 470 / height);
  const at = ([lat, lon]) => [
    30 + (lon - Math.min(...lons)) * squeeze * scale,
    30 + (Math.max(...lats) - lat) * scale,
  ];
  const picture = shape("svg", { class: "map__svg", viewBox: `0 0 ${60 + width * scale} ${60 + height * scale}`, "aria-hidden": "true" });
  section.prepend(picture);
  const lines = new Map();
  for (const trip of data.trips ?? []) {
    const points = way(trip, data.campus).map(at);
    const dash = trip.is_dashed ? { "stroke-dasharray": "10 6" } : {};
    const line = shape("path", { class: `trip l-${trip.colour}`, d: `M${points.map((point) => point.join(" ")).join("L")}`, ...dash }, picture);
    const stops = trip.stops.map((stop) => {
      const [cx, cy] = at([stop.lat, stop.lon]);
      return shape("circle", { class: `stop l-${trip.colour}`, cx, cy, r: 4.5 }, picture);
    });
    line.addEventListener("click", () => announce(section, trip.number));
    lines.set(trip.number, { paths: () => [line, ...stops], front: () => picture.append(line, ...stops) });
  }
  for (const stop of data.stops ?? []) {
    const [cx, cy] = at([stop.lat, stop.lon]);
    const dot = shape("circle", { class: `stop ${stop.is_open ? "stop--open" : "stop--closed"}`, cx, cy, r: 5 }, picture);
    shape("title", {}, dot).textContent = `${stop.id} ${stop.name} ${stop.count}`;
  }
  return (number) => choose(lines, number);
}


function choose(lines, number) {
  for (const [other, line] of lines) {
    const isChosen = other === number;
    for (const path of line.paths()) {
      path?.classList.toggle("trip--faded", number !== null && !isChosen);
    }
    line.paths()[0]?.classList.toggle("trip--sel", isChosen);
    if (isChosen) {
      line.front();
    }
  }
}

function announce(section, number) {
  section.dispatchEvent(new CustomEvent("busops:trip", { detail: { number }, bubbles: true }));
}

/** Shows one trip before the others; null shows all alike. */
export function chooseTrip(section, number) {
  drawn.get(section)?.(number);
}

async function start(section) {
  const answer = await fetch(section.dataset.map, { credentials: "same-origin" });
  if (!answer.ok) {
    throw new Error(String(answer.status));
  }
  const data = await answer.json();
  drawn.set(section, window.L ? leafletMap(section, data) : plainMap(section, data));
  section.dataset.ready = "1";
}

for (const section of document.querySelectorAll("[data-map]")) {
  start(section).catch(() => section.setAttribute("data-stale", "1"));
}
