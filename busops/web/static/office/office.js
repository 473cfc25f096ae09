// What every office page can do: keys, dialogs, toasts, filters that submit, parts that refresh.
// No page needs it to be read or sent; it only makes both quicker.
import { startKeys } from "./keys.js";
import { startRefreshing } from "./refresh.js";

const TOAST_MS = 8000;

/** The element that an event began at or in and that `selector` names. @param {Event} event @param {string} selector
 * @returns {HTMLElement|null} */
function origin(event, selector) {
  return event.target instanceof Element ? event.target.closest(selector) : null;
}

/** @returns {void} */
function startDialogs() {
  document.addEventListener("click", (event) => {
    const opener = origin(event, "[data-opens]");
    if (opener) {
      const dialog = document.getElementById(opener.dataset.opens ?? "");
      if (dialog instanceof HTMLDialogElement && !dialog.open) {
        dialog.showModal();
      }
      return;
    }
    origin(event, "[data-closes]")?.closest("dialog")?.close();
  });
}

/** @returns {void} */
function startToasts() {
  for (const toast of document.querySelectorAll("[data-toast]")) {
    const timer = setTimeout(() => toast.remove(), TOAST_MS);
    toast.addEventListener("focusin", () => clearTimeout(timer));
    toast.querySelector("[data-dismiss]")?.addEventListener("click", () => toast.remove());
  }
}

/** @returns {void} */
function startFilters() {
  document.addEventListener("change", (event) => {
    const field = event.target;
    if ((field instanceof HTMLInputElement || field instanceof HTMLSelectElement) && field.matches("[data-submits]")) {
      field.form?.requestSubmit();
    }
  });
}

/** A second press of "send" while the first is under way would send it twice. @returns {void} */
function startOnceOnly() {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || form.method !== "post" || event.defaultPrevented) {
      return;
    }
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "1";
  });
  window.addEventListener("pageshow", () => {
    for (const form of document.forms) {
      delete form.dataset.sent;
    }
  });
}

startDialogs();
startToasts();
startFilters();
startOnceOnly();
startKeys();
startRefreshing();
