// The photo of a check: made small here, named by its hash in the check, kept apart from the taps and
// sent when there is a network. Photos never stand between a tap and the disk: they are few and go first.

import { openDB } from "../../vendor/idb/build/index.js";

/** @typedef {{hash: string, run: string, atMs: number, blob: Blob}} KeptPhoto */
/** @typedef {{all: () => Promise<KeptPhoto[]>, add: (photo: KeptPhoto) => Promise<void>, drop: (hash: string) => Promise<void>}} Album */

const LONGEST_PX = 1280;
const QUALITY = 0.8;
const MOST = 20;
const SETTLED = new Set([201, 400, 409, 413]); // kept, or never to be taken; anything else is tried again

/** The hash's first letters, as a check says them. @param {string} hash @returns {string} */
export const photoWord = (hash) => `photo:${hash.slice(0, 32)}`;

/** A picture file as a small JPEG without anything but its pixels. @param {Blob} file @returns {Promise<Blob>} */
export async function smallJpeg(file) {
  const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  const scale = Math.min(1, LONGEST_PX / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  canvas.getContext("2d")?.drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  return new Promise((resolve, reject) => {
    canvas.toBlob((made) => (made ? resolve(made) : reject(new Error("photo_unreadable"))), "image/jpeg", QUALITY);
  });
}

/** @param {Blob} blob @returns {Promise<string>} */
export async function hashOf(blob) {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", await blob.arrayBuffer()));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The photos that wait, in a database of their own. @returns {Promise<Album>} */
export async function openAlbum() {
  const db = await openDB("busops-photos", 1, {
    upgrade(fresh) {
      fresh.createObjectStore("photos", { keyPath: "hash" });
    },
  });
  return {
    all: () => db.getAll("photos"),
    add: async (photo) => void (await db.put("photos", photo)),
    drop: (hash) => db.delete("photos", hash),
  };
}

/** The photo waits for a network; of too many the oldest goes. @param {Album} album @param {KeptPhoto} photo
 *  @returns {Promise<void>} */
export async function keepPhoto(album, photo) {
  await album.add(photo);
  const old = (await album.all()).sort((a, b) => b.atMs - a.atMs).slice(MOST);
  for (const { hash } of old) await album.drop(hash);
}

/** Sends what waits, one after another; what the server settled is dropped. How many are left.
 * @param {Album} album @param {{[name: string]: string}} headers @param {typeof fetch} ask @returns {Promise<number>} */
export async function sendPhotos(album, headers, ask) {
  let left = 0;
  for (const { hash, run, blob } of await album.all()) {
    const answer = await ask(`/api/v1/runs/${encodeURIComponent(run)}/photos`, {
      method: "POST", headers: { ...headers, "Content-Type": "image/jpeg" }, body: blob,
    }).catch(() => null);
    if (answer && SETTLED.has(answer.status)) await album.drop(hash);
    else left += 1;
  }
  return left;
}
