// Copy buttons, notices that can be closed, and menus that close on a click elsewhere.
{
  const copy = async (button) => {
    const text = document.getElementById(button.dataset.copy)?.textContent ?? "";
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Over plain http there is no clipboard API. The text is selected, so the user can copy it with the keyboard.
      getSelection()?.selectAllChildren(document.getElementById(button.dataset.copy));
      if (!document.execCommand("copy")) return;
    }
    const label = button.querySelector("[data-label]");
    if (!label || label.dataset.was) return;
    label.dataset.was = label.textContent;
    label.textContent = button.dataset.done;
    setTimeout(() => {
      label.textContent = label.dataset.was;
      delete label.dataset.was;
    }, 1600);
  };

  document.addEventListener("click", (event) => {
    const copying = event.target.closest("[data-copy]");
    if (copying) copy(copying);
    event.target.closest("[data-dismiss]")?.closest(".flash")?.remove();
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });
}
