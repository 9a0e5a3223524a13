// Comfort of the admin pages. Every page works without it. The files of this folder are joined in the order
// of their names into one module; each keeps to its own block, asks only its own server and writes text,
// never markup.
document.documentElement.classList.add("scripted");
