// A USB or Bluetooth reader is a keyboard that types faster than any finger and ends with Enter.
// What it types belongs to the check or the list, never to the box the cursor happens to stand in.

const GAP_MS = 100; // between two keys of a reader; people take longer
const LEAST = 6;

/** Gathers keys into texts. Pure: the time comes with each key.
 * @returns {{key: (key: string, atMs: number) => {begins: boolean, text: string|null}}} */
export function burst() {
  let text = "";
  let lastMs = -Infinity;
  return {
    key(key, atMs) {
      const isQuick = atMs - lastMs <= GAP_MS;
      if (key === "Enter" || key === "Tab") {
        const read = isQuick && text.length >= LEAST ? text : null;
        text = "";
        return { begins: false, text: read };
      }
      if (key.length !== 1) return { begins: false, text: null }; // Shift and its like
      const begins = !isQuick || text === "";
      text = begins ? key : text + key;
      lastMs = atMs;
      return { begins, text: null };
    },
  };
}

/** Tells what a reader typed anywhere on the page; the box that had the cursor is as it was before.
 * @param {Document} page @param {(text: string) => boolean} take whether anybody wanted it @returns {void} */
export function listenToReader(page, take) {
  const keys = burst();
  /** @type {{box: HTMLInputElement|HTMLTextAreaElement, value: string}|null} */
  let before = null;
  page.addEventListener("keydown", (event) => {
    if (event.isComposing || event.ctrlKey || event.altKey || event.metaKey) return;
    const { begins, text } = keys.key(event.key, event.timeStamp);
    if (begins) {
      const box = page.activeElement;
      const isBox = box instanceof HTMLInputElement || box instanceof HTMLTextAreaElement;
      before = isBox ? { box, value: box.value } : null;
    }
    if (text === null) return;
    const held = before;
    before = null;
    const typed = held?.box.value ?? "";
    if (held) held.box.value = held.value;
    if (take(text)) {
      event.preventDefault();
      event.stopPropagation();
    } else if (held) {
      held.box.value = typed;
    }
  }, { capture: true });
}
