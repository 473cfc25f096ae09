// Keys of the office: / search, g then a letter, j k through rows, ? help. They can be switched off.
const GO_MS = 1500;
const STORE = "busops.keys";

/** Whether the person left the keys switched on. @returns {boolean} */
export function keysAreOn() {
  try {
    return localStorage.getItem(STORE) !== "off";
  } catch {
    return true;
  }
}

/** Whether a key belongs to a field or an open dialog. @param {EventTarget|null} target @returns {boolean} */
export function isTyping(target) {
  const fields = "input, select, textarea, [contenteditable], dialog[open]";
  return target instanceof Element && target.closest(fields) !== null;
}

/** @param {1|-1} step @returns {void} */
function moveRow(step) {
  const rows = [...document.querySelectorAll("tr[data-row]")];
  if (rows.length === 0) {
    return;
  }
  const at = rows.findIndex((row) => row.classList.contains("is-at"));
  const next = rows[Math.min(Math.max(at + step, 0), rows.length - 1)];
  rows[at]?.classList.remove("is-at");
  next.classList.add("is-at");
  next.scrollIntoView({ block: "nearest" });
  /** @type {HTMLElement|null} */ (next.querySelector("a, button"))?.focus({ preventScroll: true });
}

/** @returns {void} */
function openHelp() {
  const dialog = document.getElementById("keys");
  if (dialog instanceof HTMLDialogElement && !dialog.open) {
    dialog.showModal();
  }
}

/** @returns {void} */
function startSwitch() {
  const box = document.querySelector("[data-keys-switch]");
  if (!(box instanceof HTMLInputElement)) {
    return;
  }
  box.checked = keysAreOn();
  box.addEventListener("change", () => {
    try {
      localStorage.setItem(STORE, box.checked ? "on" : "off");
    } catch {
      // a browser without storage keeps the default
    }
  });
}

/** Listens for the office's keys from now on. @returns {void} */
export function startKeys() {
  let goUntil = 0;
  startSwitch();
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || !keysAreOn()) {
      return;
    }
    if (event.timeStamp < goUntil) {
      goUntil = 0;
      const link = document.querySelector(`[data-go="${CSS.escape(event.key)}"]`);
      if (link instanceof HTMLElement) {
        event.preventDefault();
        link.click();
      }
      return;
    }
    switch (event.key) {
      case "/": {
        const search = document.querySelector('[data-key="/"]');
        if (search instanceof HTMLElement) {
          event.preventDefault();
          search.focus();
        }
        break;
      }
      case "g":
        goUntil = event.timeStamp + GO_MS;
        break;
      case "j":
        moveRow(1);
        break;
      case "k":
        moveRow(-1);
        break;
      case "?":
        openHelp();
        break;
      default:
        break;
    }
  });
}
