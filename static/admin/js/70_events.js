// Pages of events: the fields of the chosen type, tags that are in use, a box that ticks all, and drop-down lists that
// filter at once.
{
  const showFields = (kind, form) => {
    for (const part of form.querySelectorAll("[data-kinds]")) {
      const isOfKind = part.dataset.kinds.split(" ").includes(kind);
      part.hidden = !isOfKind;
      // A disabled fieldset is neither validated nor sent.
      part.disabled = !isOfKind;
    }
    const picked = document.querySelector("[data-pick] [name=kind]");
    if (picked) picked.value = kind;
  };
  const chosen = document.querySelector("[data-kinds-of] input:checked");
  if (chosen) showFields(chosen.value, chosen.form);

  document.addEventListener("change", (event) => {
    const field = event.target;
    if (field.closest("[data-kinds-of]")) showFields(field.value, field.form);
    // As the Enter key does: by the first button, which says whether unfinished fields are in the way.
    if (field.matches("[data-submit]")) field.form.requestSubmit(field.form.querySelector("[type=submit]"));
    const form = field.closest("[data-choose]");
    if (!form) return;
    const boxes = [...form.querySelectorAll("[name=id]")].filter((box) => !box.closest("[hidden]"));
    const all = form.querySelector("[data-choose-all]");
    if (field === all) for (const box of boxes) box.checked = all.checked;
    const ticked = boxes.filter((box) => box.checked).length;
    all.checked = ticked > 0 && ticked === boxes.length;
    all.indeterminate = ticked > 0 && ticked < boxes.length;
  });

  // An element is picked in another tab, and its selector is filled into this form.
  const pick = document.querySelector("[data-pick]");
  const latest = async () => {
    const address = `${pick.dataset.pick}&key=${encodeURIComponent(pick.elements.key.value)}`;
    const answer = await fetch(address, { headers: { accept: "application/json" }, cache: "no-store" });
    return answer.ok ? answer.json() : {};
  };
  // An earlier pick must not be taken for the new one.
  let before = pick ? latest().catch(() => ({})) : undefined;
  let round = 0;
  pick?.addEventListener("submit", async () => {
    const state = document.getElementById("pick-state");
    const mine = (round += 1);
    const end = Date.now() + Number(pick.dataset.life);
    state.textContent = state.dataset.waiting;
    for (;;) {
      await new Promise((done) => setTimeout(done, 1500));
      if (mine !== round) return;
      const known = await latest().catch(() => ({}));
      const isOver = known.number && !known.open && known.number !== (await before).number;
      if (!isOver && Date.now() < end) continue;
      before = known;
      const field = document.getElementById("f-selector");
      if (known.selector) field.value = known.selector;
      state.textContent = known.selector ? state.dataset.picked : state.dataset.nothing;
      return;
    }
  });

  document.addEventListener("click", (event) => {
    const tag = event.target.closest("[data-add-tag]")?.dataset.addTag;
    if (tag === undefined) return;
    const field = document.getElementById("f-tags");
    const tags = field.value.split(",").map((text) => text.trim()).filter(Boolean);
    const at = tags.indexOf(tag);
    if (at < 0) tags.push(tag);
    else tags.splice(at, 1);
    field.value = tags.join(", ");
  });
}
