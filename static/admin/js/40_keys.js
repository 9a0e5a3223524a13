// Keyboard shortcuts: ? lists them, g and a letter open a page, / searches, arrows move the period, Esc closes and clears.
{
  const WAIT_MS = 1200;
  let goUntil = 0;

  const typing = (target) => target.closest?.("input, select, textarea, [contenteditable]");
  const follow = (selector) => {
    const link = document.querySelector(selector);
    link?.click();
    return Boolean(link);
  };

  const escape = (target) => {
    const open = document.querySelector("details.menu[open]");
    if (open) {
      open.open = false;
      open.querySelector("summary").focus();
      return true;
    }
    if (target.matches?.("[data-search]")) {
      if (target.value) {
        target.value = "";
        target.dispatchEvent(new Event("input", { bubbles: true }));
      } else {
        target.blur();
      }
      return true;
    }
    // The browser closes an open popover itself.
    return !typing(target) && !document.querySelector(":popover-open") && follow("[data-clear]");
  };

  const press = (key) => {
    if (goUntil > performance.now()) {
      goUntil = 0;
      return follow(`[data-go="${CSS.escape(key)}"]`);
    }
    switch (key) {
      case "g":
        goUntil = performance.now() + WAIT_MS;
        return true;
      case "?":
        document.getElementById("keys")?.togglePopover();
        return true;
      case "/": {
        const field = document.querySelector("[data-search]");
        field?.focus();
        return Boolean(field);
      }
      case "ArrowLeft":
        return follow("[data-period=earlier]");
      case "ArrowRight":
        return follow("[data-period=later]");
      default:
        return false;
    }
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return;
    const target = event.target;
    let done = false;
    if (event.key === "Escape") done = escape(target);
    // Elements that can be scrolled or operated with the arrow keys keep them.
    else if (!typing(target) && !target.closest?.("[tabindex='0']")) done = press(event.key);
    if (done) event.preventDefault();
  });
}
