// The preview of the consent banner follows the form beside it: `data-previewed="id"` on the form, and on the element with
// this id `data-preview="/address"`, which answers with a page that has the preview for the query.
{
  const WAIT_MS = 400;
  const form = document.querySelector("[data-previewed]");
  const area = form && document.getElementById(form.dataset.previewed);
  let timer;
  let round = 0;

  const query = () => {
    const fields = new URLSearchParams(new FormData(form));
    for (const name of ["csrf", "revision"]) fields.delete(name);
    // A box that is not ticked is not sent.
    for (const box of form.querySelectorAll("[type=checkbox]")) fields.set(box.name, box.checked ? "1" : "0");
    return fields;
  };

  const renew = async () => {
    const mine = (round += 1);
    try {
      const answer = await fetch(`${area.dataset.preview}?${query()}`, { headers: { accept: "text/html" }, cache: "no-store" });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.querySelector(".banner-preview, main [role=alert]");
      if (answer.redirected || !fresh) throw new Error(String(answer.status));
      if (mine === round) area.replaceChildren(document.adoptNode(fresh));
    } catch {
      if (mine === round) area.textContent = area.dataset.failed;
    }
  };

  form?.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(renew, WAIT_MS);
  });
}
