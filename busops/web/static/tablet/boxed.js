// What names riders lies in the store only in a closed box: AES-GCM under a key of this tablet that no script
// can read. It stops whoever copies the files of a browser; it does not stop whoever holds an unlocked tablet.
// Lists that an older version kept in the open are closed at the next look, and whatever opens no more is gone.

/** @typedef {import("./outbox.js").Store} Store */
/** @typedef {import("./outbox.js").Kept} Kept */
/** @typedef {{iv: Uint8Array<ArrayBuffer>, box: ArrayBuffer}} Box */

const NAMING = /^(pack|news):/;
const IV_BYTES = 12;

/** The store as everybody sees it: boxes are closed on the way in and opened on the way out.
 * @param {Store} plain @returns {Store} */
export function boxed(plain) {
  /** @type {Promise<CryptoKey>|null} */
  let asked = null;
  const key = () => (asked ??= ownKey(plain));
  return {
    ...plain,
    get: async (name) => {
      const found = await plain.get(name);
      if (found === undefined || !NAMING.test(name)) return found;
      if (isBox(found)) return opened(plain, name, found, await key());
      await plain.put(name, /** @type {never} */ (await closed(name, found, await key())));
      return found;
    },
    put: async (name, value) =>
      plain.put(name, NAMING.test(name) ? /** @type {never} */ (await closed(name, value, await key())) : value),
  };
}

/** Every list that still lies open is closed. @param {Store} store a boxed one @returns {Promise<void>} */
export async function closeAll(store) {
  for (const name of await store.keys()) if (NAMING.test(name)) await store.get(/** @type {keyof Kept} */ (name));
}

/** Two pages may ask at once: the one key that was first on disk is everybody's.
 * @param {Store} plain @returns {Promise<CryptoKey>} */
async function ownKey(plain) {
  const known = await plain.get("names_key");
  if (known) return known;
  return plain.claim("names_key", await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]));
}

/** The name is part of what is closed: the box of one run opens as no other's.
 * @param {string} name @param {unknown} value @param {CryptoKey} key @returns {Promise<Box>} */
async function closed(name, value, key) {
  const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  return { iv, box: await crypto.subtle.encrypt(way(name, iv), key, bytes) };
}

/** @param {Store} plain @param {keyof Kept} name @param {Box} found @param {CryptoKey} key @returns {Promise<any>} */
async function opened(plain, name, found, key) {
  let bytes;
  try {
    bytes = await crypto.subtle.decrypt(way(name, found.iv), key, found.box);
  } catch {
    await plain.drop(name);
    return undefined;
  }
  return JSON.parse(new TextDecoder().decode(bytes));
}

/** @param {string} name @param {Uint8Array<ArrayBuffer>} iv @returns {AesGcmParams} */
const way = (name, iv) => ({ name: "AES-GCM", iv, additionalData: new TextEncoder().encode(name) });

/** @param {unknown} value @returns {value is Box} */
const isBox = (value) => typeof value === "object" && value !== null && "iv" in value && "box" in value;
