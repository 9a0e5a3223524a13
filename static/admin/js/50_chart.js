// The tooltip of a chart: the texts the points carry already, shown at once and beside the pointer.
{
  for (const chart of document.querySelectorAll(".chart-body")) {
    const tip = document.createElement("div");
    tip.className = "tip";
    tip.hidden = true;
    chart.append(tip);
    const texts = new Map();
    for (const point of chart.querySelectorAll(".point")) {
      const title = point.querySelector("title");
      texts.set(point, title.textContent);
      // Else the browser shows its own tooltip as well.
      title.remove();
    }
    chart.addEventListener("pointermove", (event) => {
      const text = texts.get(event.target.closest(".point"));
      tip.hidden = !text;
      if (!text) return;
      tip.textContent = text;
      const box = chart.getBoundingClientRect();
      const x = event.clientX - box.left;
      const left = x + 16 + tip.offsetWidth > box.width ? x - 16 - tip.offsetWidth : x + 16;
      tip.style.left = `${Math.max(0, left)}px`;
    });
    chart.addEventListener("pointerleave", () => {
      tip.hidden = true;
    });
  }
}
