// Parts that keep themselves fresh: <div id="board" data-refresh="10" data-from="/dispatch/board">.
// data-refresh: seconds; data-from: an address that answers with the new inner HTML (else this page).
// data-at-once: the first time without waiting, for parts that take long to make.
// A part is left alone while a field or an open dialog inside it is in use, or the tab is hidden.
const SLOWEST = 6;

/** @param {HTMLElement} part @returns {boolean} */
function isInUse(part) {
  const focused = document.activeElement;
  const isTyping = part.contains(focused) && focused?.matches("input, select, textarea");
  return isTyping || part.querySelector("dialog[open], details[open]") !== null || document.hidden;
}

/** What to find the focused element by when the part was made anew. @param {HTMLElement} part @returns {string|null} */
function focusName(part) {
  const focused = document.activeElement;
  return focused && part.contains(focused) ? focused.id || focused.getAttribute("href") : null;
}

/** @param {HTMLElement} part @param {string|null} name @returns {void} */
function restoreFocus(part, name) {
  if (!name) {
    return;
  }
  /** @type {HTMLElement|null} */
  const again = part.querySelector(`[id="${CSS.escape(name)}"], [href="${CSS.escape(name)}"]`);
  again?.focus({ preventScroll: true });
}

/** The part shows what its address answers now; rejects when it does not. @param {HTMLElement} part @returns {Promise<void>} */
async function freshen(part) {
  const from = part.dataset.from;
  const answer = await fetch(from || location.href, {
    headers: { "X-Refresh": part.id },
    credentials: "same-origin",
    redirect: "error",
  });
  if (answer.status === 401) {
    location.reload(); // signed out meanwhile: what is on the screen must go too
  }
  if (!answer.ok) {
    throw new Error(String(answer.status));
  }
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = from ? page.getElementById(part.id) || page.body : page.getElementById(part.id);
  if (!fresh || fresh.innerHTML === part.innerHTML) {
    return;
  }
  const name = focusName(part);
  part.replaceChildren(...fresh.childNodes);
  restoreFocus(part, name);
  part.dispatchEvent(new CustomEvent("busops:fresh", { bubbles: true }));
}

/** @param {HTMLElement} part @returns {void} */
function keepFresh(part) {
  const every = Number(part.dataset.refresh) * 1000;
  let misses = 0;
  const again = () => setTimeout(step, every * Math.min(misses + 1, SLOWEST));
  /** @returns {Promise<void>} */
  async function step() {
    if (!isInUse(part)) {
      try {
        await freshen(part);
        misses = 0;
        part.removeAttribute("data-stale");
      } catch {
        misses += 1;
        part.setAttribute("data-stale", String(misses));
      }
    }
    if (part.isConnected) {
      again();
    }
  }
  if ("atOnce" in part.dataset) {
    void step();
  } else {
    again();
  }
}

/** Every part that asks for it keeps itself fresh from now on. @returns {void} */
export function startRefreshing() {
  for (const part of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-refresh]"))) {
    keepFresh(part);
  }
}
