import { defineConfig } from "vite";

// The page is built into the Python package; everything it needs is served from there.
export default defineConfig({
  base: "./",
  build: {
    outDir: "../src/isobath/server/static",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
  },
  worker: { format: "es" },
});
