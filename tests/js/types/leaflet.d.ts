// The part of Leaflet 1.9 that the office's maps use. For the type check only; never shipped.

declare namespace Leaflet {
  type Place = [number, number];
  type LatLng = { lat: number; lng: number };
  type Point = { x: number; y: number };

  interface Layer {
    addTo(map: Map): this;
    on(names: string, act: () => void): this;
    bindTooltip(content: () => HTMLElement): this;
    getElement(): Element | undefined;
  }
  interface Path extends Layer {
    bringToFront(): this;
  }
  interface Polyline extends Path {
    setLatLngs(places: (Place | LatLng)[]): this;
  }
  interface Marker extends Layer {
    setLatLng(place: Place | LatLng): this;
  }
  interface Icon {
    readonly options: object;
  }
  interface Map {
    fitBounds(places: Place[], options: { padding: Place; animate: boolean }): this;
    latLngToLayerPoint(place: Place | LatLng): Point;
    layerPointToLatLng(point: Place): LatLng;
    on(names: string, act: () => void): this;
  }

  interface PathOptions {
    className?: string;
    weight?: number;
    dashArray?: string;
    fill?: boolean;
    fillOpacity?: number;
    interactive?: boolean;
  }
  interface Library {
    map(element: HTMLElement, options: { zoomControl: boolean; zoomSnap: number; attributionControl: boolean }): Map;
    control: {
      zoom(options: { position: "topright"; zoomInTitle?: string; zoomOutTitle?: string }): { addTo(map: Map): void };
    };
    tileLayer(address: string, options: { attribution?: string }): { addTo(map: Map): void };
    circleMarker(place: Place, options: PathOptions & { radius: number }): Path;
    polyline(places: Place[], options: PathOptions): Polyline;
    divIcon(options: { className: string; iconSize: Place; html?: HTMLElement }): Icon;
    marker(place: Place, options: { icon: Icon; keyboard: boolean; interactive?: boolean; title?: string }): Marker;
    latLng(lat: number, lng: number): LatLng;
  }
}

interface Window {
  /** Leaflet's global, where its script was found. */
  readonly L?: Leaflet.Library;
}
