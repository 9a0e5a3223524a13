// Turns a module and all that it imports into one classic script, as a site's bundler does.

import { build } from "esbuild";

/** `contents` is the module; it imports packages of the browser tests. */
export async function bundle(contents) {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: new URL(".", import.meta.url).pathname },
    bundle: true,
    format: "iife",
    platform: "browser",
    define: { "process.env.NODE_ENV": '"production"' },
    write: false,
  });
  return outputFiles[0].text;
}
