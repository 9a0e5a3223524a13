// Picks an element on the live page for an admin. It highlights the element under the pointer or the focus, shows its
// selector and how many elements match it, and sends the choice to the server it came from. The server writes
// `finder` and `words` in front of this.
const script = document.currentScript;
const token = script.token;
const server = script.src.replace(/\/pick\.js([?#].*)?$/, "");
const forms = token[0] === "f";
const ACTIVE = "a[href],button,input,select,textarea,summary,label,[role=button],[role=link],[role=tab],[onclick]";
// Names that a build or a framework made up. They change with the next build.
const MADE_UP = /\d{3,}|^\d|:|(?=\w*\d)(?=\w*[a-z])[0-9a-z]{8,}|[A-Z].*\d.*[a-z].*\d|__\w{5}$/;
let shown;
let chosen = "";
// The document, or the shadow root that holds the chosen element. Selectors from outside do not reach into a shadow
// root.
let place = document;

function isStable(name) {
  return name.length < 100 && !MADE_UP.test(name);
}

function found(selector) {
  try {
    return [...new Set([place, document])].flatMap((root) => [...root.querySelectorAll(selector)]);
  } catch {
    return [];
  }
}

function isOnly(selector) {
  return found(selector).length === 1;
}

// An id or a data attribute says what an element is. A path through the page only says where it is.
function selectorOf(element) {
  if (element.id && isStable(element.id)) {
    const selector = `#${CSS.escape(element.id)}`;
    if (isOnly(selector)) return selector;
  }
  const marks = [...element.attributes].filter(({ name, value }) => /^data-[\w-]+$/.test(name) && value && isStable(value));
  for (const { name, value } of marks) {
    const selector = `[${name}="${CSS.escape(value)}"]`;
    if (isOnly(selector)) return selector;
  }
  return finder(element, {
    root: place === document ? document.body : place,
    idName: isStable,
    attr: (name, value) => (/^data-[\w-]+$/.test(name) || name === "name" || name === "href") && !!value && isStable(value),
    className: (name) => isStable(name) && className(name),
    timeoutMs: 300,
  });
}

// The page's styles do not reach in here. Styles are set one by one, because the page's policy may forbid style
// sheets.
function box(parent, name, style, text) {
  const element = document.createElement(name);
  Object.assign(element.style, style);
  if (text) element.textContent = text;
  parent.append(element);
  return element;
}

const host = document.createElement("guestlog-picker");
Object.assign(host.style, { position: "fixed", zIndex: 2147483647, inset: 0, pointerEvents: "none" });
const root = host.attachShadow({ mode: "open" });
const font = "14px/1.5 system-ui, sans-serif";
const frame = box(root, "div", {
  position: "fixed", border: "2px solid #0b5cff", background: "rgba(11, 92, 255, .15)", borderRadius: "3px",
  boxSizing: "border-box", pointerEvents: "none", display: "none",
});
const bar = box(root, "div", {
  position: "fixed", left: "12px", right: "12px", bottom: "12px", maxWidth: "720px", margin: "0 auto", padding: "12px 16px",
  background: "#111827", color: "#fff", font, borderRadius: "8px", boxShadow: "0 4px 24px rgba(0, 0, 0, .4)",
  pointerEvents: "auto", boxSizing: "border-box",
});
bar.setAttribute("role", "dialog");
bar.setAttribute("aria-label", words.title);
const lead = box(bar, "div", {}, forms ? words.lead_form : words.lead);
lead.setAttribute("role", "status");
const rule = box(bar, "input", {
  display: "none", width: "100%", boxSizing: "border-box", margin: "6px 0", padding: "4px 8px", borderRadius: "4px",
  border: "1px solid #9ca3af", background: "#1f2937", color: "#fff", font: "13px/1.5 ui-monospace, monospace",
});
rule.setAttribute("aria-label", words.rule);
rule.spellcheck = false;
rule.maxLength = 1024;
const buttons = box(bar, "div", { display: "flex", gap: "8px", marginTop: "8px" });
const buttonStyle = { font, padding: "4px 12px", borderRadius: "6px", border: "1px solid #fff", cursor: "pointer" };
const use = box(buttons, "button", { ...buttonStyle, background: "#fff", color: "#111827", display: "none" }, words.use);
const cancel = box(buttons, "button", { ...buttonStyle, background: "transparent", color: "#fff" }, words.cancel);

// The element that is meant by what is under the pointer: the thing that can be pressed, not a part of it.
function meant(element) {
  if (!(element instanceof Element) || element === host || element === document.documentElement) return undefined;
  return forms ? formOf(element) : element.closest(ACTIVE) ?? element;
}

function show(element) {
  shown = element;
  if (!element) {
    frame.style.display = "none";
    return;
  }
  const place = element.getBoundingClientRect();
  Object.assign(frame.style, {
    display: "block", left: `${place.left}px`, top: `${place.top}px`, width: `${place.width}px`, height: `${place.height}px`,
  });
}

// How many elements the whole selector matches, as it was found or as the admin changed it.
function judge(selector) {
  const all = found(selector);
  const matches = all.length;
  chosen = selector;
  lead.textContent = (matches === 1 ? words.matches_one : words.matches).replace("{n}", matches);
  rule.style.display = "block";
  use.style.display = matches ? "" : "none";
  if (matches) show(all[0]);
}

// An element that has no selector of its own is chosen with the element around it.
function choose(element) {
  if (!element) return;
  place = element.getRootNode();
  try {
    rule.value = selectorOf(element);
  } catch {
    choose(around(element));
    return;
  }
  judge(rule.value);
  show(element);
}

function around(element) {
  const root = element.getRootNode();
  return element.parentElement ?? (root instanceof ShadowRoot ? root.host : undefined);
}

// The sending of a form inside a shadow root cannot be seen from outside. The form around it is meant.
function formOf(element) {
  const root = element.getRootNode();
  return root instanceof ShadowRoot ? formOf(root.host) : element.closest("form") ?? undefined;
}

function end(text) {
  for (const [type, heard] of Object.entries(heardBy)) removeEventListener(type, heard, true);
  frame.remove();
  rule.remove();
  buttons.remove();
  lead.textContent = text;
}

function tell(what) {
  const asked = { method: "POST", credentials: "omit", keepalive: true, body: JSON.stringify({ token, ...what }) };
  return fetch(`${server}/pick`, asked).catch(() => ({ ok: false }));
}

async function send() {
  const answer = await tell({ selector: chosen });
  end(answer.ok ? words.sent : words.failed);
}

// The waiting form of the admin pages is notified as well.
function giveUp() {
  tell({ cancelled: true });
  end(words.cancelled);
}

function isOurs(event) {
  return event.composedPath().includes(host);
}

// While an element is being picked, the page itself does not react.
function still(event) {
  if (isOurs(event)) return false;
  event.preventDefault();
  event.stopImmediatePropagation();
  return true;
}

const heardBy = {
  pointermove: (event) => chosen || isOurs(event) || show(meant(event.composedPath()[0])),
  focusin: (event) => chosen || isOurs(event) || show(meant(event.composedPath()[0])),
  scroll: () => shown && show(shown),
  pointerdown: still,
  mousedown: still,
  pointerup: still,
  mouseup: still,
  auxclick: still,
  submit: still,
  click: (event) => still(event) && choose(meant(event.composedPath()[0])),
  keydown: (event) => {
    if (event.key === "Escape") {
      still(event);
      giveUp();
    } else if (!isOurs(event) && event.key === "Enter") {
      still(event);
      choose(shown);
    } else if (!isOurs(event) && event.key === "ArrowUp" && shown && shown.parentElement !== document.documentElement) {
      still(event);
      if (chosen) choose(around(shown));
      else show(around(shown));
    }
  },
};
for (const [type, heard] of Object.entries(heardBy)) addEventListener(type, heard, true);
rule.addEventListener("input", () => judge(rule.value.trim()));
use.addEventListener("click", send);
cancel.addEventListener("click", giveUp);
document.documentElement.append(host);
