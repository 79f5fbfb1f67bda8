import { defineConfig, type Plugin } from "vite";
import { press } from "./press.js";

// The page is built into the Python package; everything it needs is served from there.
/** Templates keep their line breaks but not their indentation, which the minifier may not touch. */
const unindent: Plugin = {
  name: "unindent",
  apply: "build",
  enforce: "pre",
  transform: (code, id) =>
    /\/src\/(draw|jam|look|steer|ui|walk)\/.*\.ts$/.test(id) ? code.replace(/\n[ \t]+/g, "\n") : null,
};

/** The service worker (pwa/sw.js) has to know every file of the page, and when any of them is another one. */
const kept: Plugin = {
  name: "kept",
  apply: "build",
  enforce: "post",
  generateBundle(_, bundle) {
    const worker = bundle["sw.js"];
    if (worker?.type !== "chunk") return this.error("The service worker was not built.");
    // Their names carry their content, so the names are the version.
    const files = [
      "./",
      ...Object.keys(bundle)
        .filter((name) => name.startsWith("assets/"))
        .sort(),
    ];
    const version = [...files.join()].reduce(
      (hash, letter) => Math.imul(hash ^ letter.charCodeAt(0), 16777619),
      -1,
    );
    worker.code = worker.code
      .replace("__FILES__", JSON.stringify(files))
      .replace("__VERSION__", (version >>> 0).toString(36));
  },
};

const OUT = "../src/isobath/server/static";

const pressed: Plugin = {
  name: "pressed",
  apply: "build",
  enforce: "post",
  closeBundle: () => press(OUT),
};

export default defineConfig({
  plugins: [unindent, kept, pressed],
  base: "./",
  server: { fs: { allow: [".."] } }, // the sound kernel lies in ../kernel/wasm
  build: {
    outDir: OUT,
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    rollupOptions: {
      input: { index: "index.html", sw: "pwa/sw.js" },
      output: {
        entryFileNames: ({ name }) => (name === "sw" ? "sw.js" : "assets/[name]-[hash].js"),
        // What everybody fetches in any case is one file, however many parts share some of it.
        codeSplitting: {
          groups: [{ name: "page", tags: ["$initial"], test: (id) => !id.includes("/pwa/") }],
        },
      },
    },
  },
  worker: { format: "es" },
});
