// Codes mean the same whoever reads them; a reader is told from fingers; a check's words say how it was read.
import assert from "node:assert/strict";
import { test } from "node:test";

import { isSamePlate, meaningOf, parse, placesAsked, trace } from "../../busops/web/static/tablet/scan/parse.js";
import { burst } from "../../busops/web/static/tablet/scan/reader.js";

const REAR = "busops:t/%E5%B7%9DF00008/rear/481907";

test("a tag names its vehicle, place and digits, printed in either spelling", () => {
  const read = { kind: "tag", plate: "川F00008", place: "rear", code: "481907" };
  assert.deepEqual(parse(REAR), read);
  assert.deepEqual(parse(" busops:t/川F00008/rear/481907\n"), read);
  assert.deepEqual(parse(REAR.toUpperCase()), read, "a reader with the shift lock on");
});

test("digits alone are a tag of an unknown place; a card is a card; anything else is nothing", () => {
  assert.deepEqual(parse("481 907"), { kind: "tag", plate: null, place: null, code: "481907" });
  for (const text of ["busops:r/0123456789ABCDEF", "BUSOPS:R/0123456789ABCDEF", "0123-4567-89ab-cdef", "O123 4567 89AB CDEF"]) {
    assert.deepEqual(parse(text), { kind: "card", number: "0123456789ABCDEF" }, text);
  }
  for (const text of ["", "12345", "1234567", "https://example.org", "busops:t/川F/rear/12", "busops:r/0123456789ABCDE",
    "0123456789ABCDEU"]) {
    assert.deepEqual(parse(text), { kind: "unknown" }, text);
  }
});

test("a broken percent sign in a code is read as it stands, not thrown", () => {
  assert.deepEqual(parse("busops:t/%E5%/rear/481907"), { kind: "tag", plate: "%E5%", place: "rear", code: "481907" });
});

test("a tag of another vehicle or of a place not asked is told apart at once", () => {
  const asked = ["rear", "row:2"];
  assert.deepEqual(meaningOf(parse(REAR), "川F00008", asked), { kind: "fill", place: "rear", code: "481907" });
  assert.deepEqual(meaningOf(parse(REAR), "川F00009", asked), { kind: "vehicle", plate: "川F00008" });
  assert.deepEqual(meaningOf(parse("busops:t/川F00008/row:3/226413"), "川F00008", asked), { kind: "place", place: "row:3" });
  assert.deepEqual(meaningOf(parse("226413"), "川F00008", asked), { kind: "fill", place: null, code: "226413" });
});

test("a reader that knows no Chinese character still names the vehicle, and never another", () => {
  assert.equal(isSamePlate("?F00008", "川F00008"), true);
  assert.equal(isSamePlate("鲁F00008", "川F00008"), false);
  assert.equal(isSamePlate("?F00009", "川F00008"), false);
  assert.equal(isSamePlate("???", "川"), false);
});

test("the places asked come from the pack, and from its rows where an older one does not say", () => {
  const old = /** @type {import("../../busops/web/static/tablet/model.js").Pack} */ (
    /** @type {unknown} */ ({ challenge: { attendant: [2, 7], driver: [4] } }));
  assert.deepEqual(placesAsked(old, "attendant"), ["rear", "row:2", "row:7"]);
  const places = { attendant: ["mid", "rear", "exit", "row:1"], driver: ["rear"] };
  assert.deepEqual(placesAsked({ ...old, asks: { level: "E2", places, photo: false, sensor: false } }, "attendant"), places.attendant);
});

test("how a place was read is one word, never in the future", () => {
  assert.equal(trace("row:7", "camera", 5100.4), "@row:7:camera:5100");
  assert.equal(trace("rear", "typed", -3), "@rear:typed:0");
});

/** @param {string} text @param {number} gapMs @param {string} [end] @returns {string|null} */
function typed(text, gapMs, end = "Enter") {
  const keys = burst();
  let at = 1000;
  for (const key of text) keys.key(key, (at += gapMs));
  return keys.key(end, at + gapMs).text;
}

test("only keys as fast as a reader's, and enough of them, are a reading", () => {
  assert.equal(typed(REAR, 8), REAR);
  assert.equal(typed("481907", 100), "481907");
  assert.equal(typed("481907", 101), null, "a quick person");
  assert.equal(typed("48190", 8), null, "too short");
  assert.equal(typed("481907", 8, "a"), null, "not ended");
});

test("what was typed slowly before is not part of the reading, and Shift is no key of it", () => {
  const keys = burst();
  keys.key("9", 0);
  assert.equal(keys.key("b", 500).begins, true);
  let at = 500;
  for (const key of "usops1") {
    keys.key("Shift", (at += 5));
    assert.equal(keys.key(key, (at += 5)).begins, false);
  }
  assert.equal(keys.key("Enter", at + 5).text, "busops1");
  assert.equal(keys.key("Enter", at + 6).text, null, "and it is told once");
});
