// The plan page: its trips on the map.
import { startTripRows } from "./trip_rows.js";

startTripRows(document.getElementById("map"));
