// Copy buttons, notices that can be closed, menus that close by themselves.
{
  const copy = async (button) => {
    const text = document.getElementById(button.dataset.copy)?.textContent ?? "";
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Plain http has no clipboard: the text is selected, so that the keys copy it.
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
