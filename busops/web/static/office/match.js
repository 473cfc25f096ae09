// Keys of the match queue: Enter or a digit takes a proposal, j and k (or arrows, n) move, r refuses,
// x sets aside, / searches here and not in the whole house: that is why they are caught on the way down.
import { isTyping, keysAreOn } from "./keys.js";

/** @type {Record<string, string>} */
const SAME = { Enter: "1", ArrowDown: "j", ArrowUp: "k", n: "j" };

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || !keysAreOn()) {
    return;
  }
  if (event.key === "Enter" && event.target instanceof Element && event.target.closest("a, button")) {
    return; // the pressed thing itself is meant
  }
  const key = SAME[event.key] ?? event.key;
  const target = document.querySelector(`[data-choice="${CSS.escape(key)}"]`);
  if (target instanceof HTMLElement) {
    event.preventDefault();
    event.stopImmediatePropagation();
    if (target instanceof HTMLInputElement) {
      target.focus();
    } else {
      target.click();
    }
  }
}, { capture: true });
