// The page for visitors. The site's script opens it with the token in the fragment of the address, which never reaches a
// server. It is moved into the form and out of the address bar, so that it is in no bookmark and no screenshot.
const found = /^#token=([\w-]{1,64})$/.exec(location.hash);
if (location.hash.startsWith("#token=")) history.replaceState(null, "", location.pathname + location.search);
const field = document.getElementById("f-number");
if (found && field) {
  field.value = found[1];
  field.focus();
}
