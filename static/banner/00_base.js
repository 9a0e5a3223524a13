// The look of the consent banner: a file of its own, which the tracker's script loads when something is to be shown. It
// stores nothing, sends nothing and decides nothing.
//
// How the tracker's script uses it. The file sets one global, a function. In the `load` event of its script element, before
// another account's file can run, the script takes it and calls it once:
//
//   const banner = window.__guestlogBanner({
//     policy: { type: 4, isByCategory: true, gpc: false },
//     current: { analytics: true, advertisement: false, functionality: false },
//     choose(categories, how) {},
//     dismiss() {}
//   });
//
// - `policy.type` has HubSpot's numbers: 2 notify, 3 opt-in, 4 opt-in by category, 5 opt-out, 6 opt-out by category. With
//   `policy.gpc` the small notice about Global Privacy Control is shown in place of the banner.
// - `current` is what the visitor allows now, with the same three names; undefined before the first choice. The dialog begins
//   with it. It may be a getter, because the dialog may open more than once.
// - `choose` gets the three categories as booleans, and how they were chosen: `accept`, `reject` (a button), `save` (the
//   dialog) or `close` (an opt-out banner that was closed, which counts as accepting).
// - `dismiss` is called when the visitor answers nothing: a notice is confirmed, or an opt-in banner is closed.
//
// What is returned: `show(takesFocus)` shows the banner or notice, `hide()` removes all that is shown, `showDialog()` opens the
// dialog with the categories, `showReopen(open)` puts the small button on the page that calls `open`. After `choose` and
// `dismiss` nothing of it is shown, so there is no need to call `hide`. The language is that of the file.
const w = window;
const d = document;
const CATEGORIES = ['analytics', 'advertisement', 'functionality'];

// Makes an element of plain text and children, never of HTML.
function make(name, attributes, children) {
  const element = d.createElement(name);
  Object.keys(attributes).forEach(key => element.setAttribute(key, attributes[key]));
  (children || []).forEach(child => child && element.appendChild(child.nodeType ? child : d.createTextNode(child)));
  return element;
}

function button(id, kind, text, press) {
  const made = make('button', { id: id, type: 'button', class: kind }, [text]);
  made.addEventListener('click', press);
  return made;
}

// Its cross is drawn by the style sheet, because the letter looks different in every font.
function closeButton(id, press) {
  const made = button(id, 'close', '', press);
  made.setAttribute('aria-label', texts.close);
  return made;
}

// A policy of the site that forbids inline styles does not concern style sheets that a script constructs, nor rules that
// it adds to a sheet. Each line of `css` is one rule. A browser that refuses one rule has the others.
function addStyle() {
  const rules = (css + '\n.glc.glc.glc{--glc-accent:' + accent + ';--glc-on-accent:' + accentText + '}').split('\n');
  let sheet;
  try {
    sheet = new CSSStyleSheet();
    d.adoptedStyleSheets = d.adoptedStyleSheets.concat(sheet);
  } catch (e) {
    sheet = d.head.appendChild(make('style', {})).sheet;
  }
  if (sheet) rules.forEach(rule => {
    try {
      sheet.insertRule(rule, sheet.cssRules.length);
    } catch (e) {}
  });
  return sheet;
}

// What is shown stands before the body, not in it. So it is the first thing that the keyboard reaches, no rule of the page
// about its first, last or next element moves anything, and a framework that replaces the body leaves it alone.
function add(element) {
  styled = styled || addStyle();
  // A browser from before 2023 on a site that forbids inline styles has neither. There it is plain, and in its place.
  if (!styled) element.style.cssText = 'position:fixed;inset:auto 0 0;z-index:2147483647;padding:1em;background:#fff;color:#000';
  element.lang = language;
  element.dir = isRightToLeft ? 'rtl' : 'ltr';
  return d.documentElement.insertBefore(element, d.body);
}

let styled;

// Above everything, whatever z-index the page uses, where the browser can.
function raise(element) {
  if (!element.showPopover) return;
  element.setAttribute('popover', 'manual');
  element.showPopover();
}
