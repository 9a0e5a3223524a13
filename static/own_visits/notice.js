// The notice on the site that this browser's visits are left out, or counted again. The server puts `words` and `wish` in
// front of this. The mark that the tracking script heeds is a cookie that says nothing of the person; the script knows how
// to set it for the whole site, as it sets its own.
const MARK = "__gl_own_visits";
const DAY_MS = 86400000;
// Browsers keep no cookie longer.
const KEPT_MS = 400 * DAY_MS;
const SHOWN_MS = 10000;
const write = document.currentScript.mark;

if (wish === "leave_out") write(MARK, "yes", KEPT_MS);
if (wish === "count") write(MARK, "", 0);

// The page's styles do not reach in here. Styles are set one by one, because the page's policy may forbid style sheets.
const host = document.createElement("guestlog-notice");
Object.assign(host.style, {
  position: "fixed", zIndex: 2147483647, left: "12px", right: "12px", bottom: "12px", pointerEvents: "none",
});
const box = document.createElement("div");
Object.assign(box.style, {
  maxWidth: "560px", margin: "0 auto", padding: "12px 16px", background: "#111827", color: "#fff", borderRadius: "8px",
  font: "14px/1.5 system-ui, sans-serif", boxShadow: "0 4px 24px rgba(0, 0, 0, .4)", boxSizing: "border-box",
});
box.setAttribute("role", "status");
host.attachShadow({ mode: "open" }).append(box);
document.documentElement.append(host);
// A live region is read aloud when its text changes after it is there.
box.textContent = words[wish];
setTimeout(() => host.remove(), SHOWN_MS);
