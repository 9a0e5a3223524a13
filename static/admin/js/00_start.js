// Script of the admin pages. Every page works without it. The server joins the files of this folder, in the order of
// their names, into one module. Each file keeps its names in a block, sends requests only to this server, and inserts
// text into pages, never HTML.
document.documentElement.classList.add("scripted");
