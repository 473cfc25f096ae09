// What every office page can do: keys, dialogs, toasts, filters that submit, parts that refresh.
// No page needs it to be read or sent; it only makes both quicker.
import { startKeys } from "./keys.js";
import { startRefreshing } from "./refresh.js";

const TOAST_MS = 8000;

function startDialogs() {
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-opens]");
    if (opener) {
      const dialog = document.getElementById(opener.dataset.opens);
      if (dialog && !dialog.open) {
        dialog.showModal();
      }
      return;
    }
    const closer = event.target.closest("[data-closes]");
    if (closer) {
      closer.closest("dialog")?.close();
    }
  });
}

function startToasts() {
  for (const toast of document.querySelectorAll("[data-toast]")) {
    const timer = setTimeout(() => toast.remove(), TOAST_MS);
    toast.addEventListener("focusin", () => clearTimeout(timer));
    toast.querySelector("[data-dismiss]")?.addEventListener("click", () => toast.remove());
  }
}

function startFilters() {
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submits]")) {
      event.target.form?.requestSubmit();
    }
  });
}

// A second press of "send" while the first is under way would send it twice.
function startOnceOnly() {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || event.defaultPrevented) {
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
