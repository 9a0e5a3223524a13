// Finds elements by selector: CSS, and the additions of jQuery that rules of events use.
const EXTRA = /:(contains|visible|first|eq)(?![\w-])(?:\(\s*("[^"]*"|'[^']*'|[^)]*?)\s*\))?/;

function all(root, css) {
  const found = root == d ? ask('querySelectorAll', css) : root.querySelectorAll(css);
  return filter(found, element => element);
}

// The browser's own function is called, because a form may have a field whose name hides it.
function fits(element, css) {
  return w.Element.prototype.matches.call(element, css);
}

// `:first` and `:eq()` count in everything that was found up to them, as in jQuery.
function narrow(found, name, said) {
  const text = (said || '').replace(/^(["'])([^]*)\1$/, '$2');
  if (name == 'contains') return filter(found, element => element.textContent.indexOf(text) >= 0);
  if (name == 'visible') return filter(found, element => element.getClientRects().length);
  const place = name == 'eq' ? +text : 0;
  return filter(found, (element, i) => i == (place < 0 ? found.length + place : place));
}

// What follows in a selector: first more conditions on the same elements, then a way to others.
function follow(found, css) {
  if (!found) return all(d, css || '*');
  const parts = /^([^\s>+~]*)([^]*)$/.exec(css);
  if (parts[1]) found = filter(found, element => fits(element, parts[1]));
  if (!parts[2]) return found;
  const known = new Set();
  const deeper = [];
  each(found, element => each(all(element, ':scope' + parts[2]), inner => {
    if (!known.has(inner)) add(deeper, inner);
    known.add(inner);
  }));
  return deeper;
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
  const found = [];
  each(list, one => each(findOne(one.trim()), element => add(found, element)));
  return found;
}

// A selector that neither knows is given to the page's own jQuery, to the function that never creates elements of a
// text.
function find(css) {
  return safe(all, d, css) || safe(findAll, css) || safe(() => w.jQuery.find(css)) || [];
}

library.$ = css => {
  const found = find(css);
  const first = found[0];
  return {
    length: found.length,
    text: () => join(map(found, element => element.textContent), ''),
    val: () => first && first.value,
    attr: name => first && first.hasAttribute(name) ? first.getAttribute(name) : undefined
  };
};
