// Keys of the match queue: a digit takes that proposal, j and k move on and back, n sets aside.
import { isTyping, keysAreOn } from "./keys.js";

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || !keysAreOn()) {
    return;
  }
  const target = document.querySelector(`[data-choice="${CSS.escape(event.key)}"]`);
  if (target instanceof HTMLElement) {
    event.preventDefault();
    target.click();
  }
});
