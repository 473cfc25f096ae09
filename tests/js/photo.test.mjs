// Photos wait apart from the taps, the newest are kept, and only the server's word lets one go.
import assert from "node:assert/strict";
import { test } from "node:test";

import { keepPhoto, photoWord, sendPhotos } from "../../busops/web/static/tablet/scan/photo.js";

/** @typedef {import("../../busops/web/static/tablet/scan/photo.js").KeptPhoto} KeptPhoto */

/** @returns {import("../../busops/web/static/tablet/scan/photo.js").Album} */
function album() {
  /** @type {Map<string, KeptPhoto>} */
  const kept = new Map();
  return {
    all: async () => [...kept.values()],
    add: async (photo) => void kept.set(photo.hash, photo),
    drop: async (hash) => void kept.delete(hash),
  };
}

/** @param {number} n @returns {KeptPhoto} */
const photo = (n) => ({ hash: `h${n}`, run: "run 1", atMs: n, blob: new Blob(["x"]) });

test("of more than twenty the oldest go, whatever order they came in", async () => {
  const box = album();
  for (let n = 25; n > 0; n -= 1) await keepPhoto(box, photo(n));
  const left = (await box.all()).map(({ atMs }) => atMs).sort((a, b) => a - b);
  assert.deepEqual([left.length, left[0], left[19]], [20, 6, 25]);
});

test("a photo goes when the server settled it, and waits for anything else", async () => {
  const box = album();
  for (const n of [1, 2, 3, 4, 5, 6]) await box.add(photo(n));
  const answers = [201, 409, 401, 503, 413];
  /** @type {string[]} */
  const asked = [];
  const ask = /** @type {typeof fetch} */ (async (path) => {
    asked.push(String(path));
    const status = answers.shift();
    if (!status) throw new TypeError("no network");
    return new Response(null, { status });
  });
  assert.equal(await sendPhotos(box, {}, ask), 3);
  assert.deepEqual((await box.all()).map(({ hash }) => hash), ["h3", "h4", "h6"]);
  assert.equal(asked[0], "/api/v1/runs/run%201/photos");
});

test("a check names a photo by the start of its hash", () => {
  assert.equal(photoWord("ab".repeat(32)), `photo:${"ab".repeat(16)}`);
});
