// Hides the rows of a table that do not contain the typed text.
{
  document.addEventListener("input", (event) => {
    const rows = document.getElementById(event.target.dataset.search ?? "");
    if (!rows) return;
    const wanted = event.target.value.trim().toLocaleLowerCase();
    for (const row of rows.rows) {
      row.hidden = !row.textContent.toLocaleLowerCase().includes(wanted);
    }
  });
}
