// Every file of the built page that gains by it lies there compressed as well, for servers that send files as
// they lie (src/isobath/server/page.py): nobody compresses while a page waits.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const GAINS = /\.(js|css|wasm|svg|html|json|txt|webmanifest)$/;
/** Below this nothing is gained in packets. */
const LEAST = 1200;

/** @param {string} folder */
export function press(folder) {
  for (const each of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!each.isFile() || !GAINS.test(each.name)) continue;
    const path = join(each.parentPath, each.name);
    const data = readFileSync(path);
    if (data.length < LEAST) continue;
    const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: data.length };
    writeFileSync(`${path}.br`, brotliCompressSync(data, { params }));
    writeFileSync(`${path}.gz`, gzipSync(data, { level: 9 }));
  }
}
