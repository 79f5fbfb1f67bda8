import { defineConfig, type Plugin } from "vite";

// The page is built into the Python package; everything it needs is served from there.
/** Templates keep their line breaks but not their indentation, which the minifier may not touch. */
const unindent: Plugin = {
  name: "unindent",
  apply: "build",
  enforce: "pre",
  transform: (code, id) => (/\/src\/(ui|steer)\/.*\.ts$/.test(id) ? code.replace(/\n[ \t]+/g, "\n") : null),
};

export default defineConfig({
  plugins: [unindent],
  base: "./",
  server: { fs: { allow: [".."] } }, // the sound kernel lies in ../kernel/wasm
  build: {
    outDir: "../src/isobath/server/static",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
  },
  worker: { format: "es" },
});
