// Keys of the match queue: a digit takes that proposal, j and k move on and back, n sets aside.
import { keysAreOn } from "./keys.js";

document.addEventListener("keydown", (event) => {
  const isTyping = event.target.closest?.("input, select, textarea, dialog[open]");
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping || !keysAreOn()) {
    return;
  }
  const target = document.querySelector(`[data-choice="${CSS.escape(event.key)}"]`);
  if (target) {
    event.preventDefault();
    target.click();
  }
});
