// Elements that update automatically: `data-live="/address"`, `data-every="2000"` (milliseconds). The address answers
// with a page, and its element with the same id replaces the old one. Nothing is requested while the tab is hidden, and
// the pause gets longer while the server does not answer.
{
  const SLOWEST_MS = 30_000;

  const renew = async (id) => {
    const old = document.getElementById(id);
    const answer = await fetch(old.dataset.live, { headers: { accept: "text/html" }, cache: "no-store" });
    if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById(id);
    if (!fresh) throw new Error("gone");
    // An element is not replaced while the focus is in it.
    if (!old.contains(document.activeElement)) old.replaceWith(document.adoptNode(fresh));
  };

  for (const part of document.querySelectorAll("[data-live][id]")) {
    const { id } = part;
    const every = Math.max(1000, Number(part.dataset.every) || 5000);
    let pause = every;
    const turn = async () => {
      if (!document.hidden) {
        try {
          await renew(id);
          pause = every;
        } catch {
          pause = Math.min(pause * 2, SLOWEST_MS);
        }
      }
      if (document.getElementById(id)?.dataset.live) setTimeout(turn, pause);
    };
    setTimeout(turn, every);
  }
}
