// Tooltips of charts and of the map. They show the <title> of each part at once, beside the pointer.
{
  const show = (area, parts, follows) => {
    const tip = document.createElement("div");
    tip.className = "tip";
    tip.hidden = true;
    area.append(tip);
    const texts = new Map();
    for (const part of area.querySelectorAll(parts)) {
      const title = part.querySelector("title");
      texts.set(part, title.textContent);
      // Otherwise the browser would show its own tooltip too.
      title.remove();
    }
    area.addEventListener("pointermove", (event) => {
      const text = texts.get(event.target.closest(parts));
      tip.hidden = !text;
      if (!text) return;
      tip.textContent = text;
      const box = area.getBoundingClientRect();
      const x = event.clientX - box.left;
      const left = x + 16 + tip.offsetWidth > box.width ? x - 16 - tip.offsetWidth : x + 16;
      tip.style.left = `${Math.max(0, left)}px`;
      if (follows) tip.style.top = `${event.clientY - box.top + 12}px`;
    });
    area.addEventListener("pointerleave", () => {
      tip.hidden = true;
    });
  };
  for (const chart of document.querySelectorAll(".chart-body")) show(chart, ".point", false);
  for (const map of document.querySelectorAll(".map-body")) show(map, "a, g > path", true);
}
