// Changes the theme without loading the page again. Without script the form does it.
{
  const root = document.documentElement;
  document.addEventListener("submit", (event) => {
    const form = event.target;
    const pressed = event.submitter;
    if (!form.matches("[data-theme-form]") || pressed?.name !== "theme") return;
    event.preventDefault();
    root.dataset.theme = pressed.value;
    document.cookie = `guestlog_theme=${pressed.value}; path=/; max-age=31536000; samesite=lax`;
    for (const button of form.querySelectorAll("[name=theme]")) {
      button.setAttribute("aria-pressed", String(button === pressed));
    }
  });
}
