// Finds elements by selector: CSS, and the additions of jQuery that rules of events use.
const EXTRA = /:(contains|visible|first|eq)(?![\w-])(?:\(\s*("[^"]*"|'[^']*'|[^)]*?)\s*\))?/;

function all(root, css) {
  return [].slice.call(root.querySelectorAll(css));
}

// The browser's own function is called, because a form may have a field whose name hides it.
function fits(element, css) {
  return w.Element.prototype.matches.call(element, css);
}

// `:first` and `:eq()` count in everything that was found up to them, as in jQuery.
function narrow(found, name, said) {
  const text = (said || '').replace(/^(["'])([^]*)\1$/, '$2');
  if (name == 'contains') return found.filter(element => element.textContent.indexOf(text) >= 0);
  if (name == 'visible') return found.filter(element => element.getClientRects().length);
  const place = name == 'eq' ? +text : 0;
  return found.slice(place, place + 1 || undefined);
}

// What follows in a selector: first more conditions on the same elements, then a way to others.
function follow(found, css) {
  if (!found) return all(d, css || '*');
  const parts = /^([^\s>+~]*)([^]*)$/.exec(css);
  if (parts[1]) found = found.filter(element => fits(element, parts[1]));
  if (!parts[2]) return found;
  const deeper = new Set();
  found.forEach(element => all(element, ':scope' + parts[2]).forEach(inner => deeper.add(inner)));
  return Array.from(deeper);
}

function findOne(css) {
  let found;
  let extra = EXTRA.exec(css);
  while (extra) {
    const before = css.slice(0, extra.index).replace(/[\s>+~]$/, '$&*');
    found = narrow(follow(found, before), extra[1], extra[2]);
    css = css.slice(extra.index + extra[0].length);
    extra = EXTRA.exec(css);
  }
  return follow(found, css);
}

// Several selectors are separated by commas. Quotes and brackets may contain commas too.
function findAll(css) {
  const list = css.match(/("[^"]*"|'[^']*'|\((?:"[^"]*"|'[^']*'|[^)])*\)|\[[^\]]*\]|[^,])+/g);
  return [].concat.apply([], list.map(one => findOne(one.trim())));
}

// A selector that neither knows is given to the page's own jQuery, to the function that never creates elements of a
// text.
function find(css) {
  return safe(all, d, css) || safe(findAll, css) || safe(() => w.jQuery.find(css)) || [];
}

// The argument for functions that are asked for a value.
const library = {
  $: css => {
    const found = find(css);
    const first = found[0];
    return {
      length: found.length,
      text: () => found.map(element => element.textContent).join(''),
      val: () => first && first.value,
      attr: name => first && first.hasAttribute(name) ? first.getAttribute(name) : undefined
    };
  }
};
