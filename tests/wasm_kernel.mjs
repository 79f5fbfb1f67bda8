// The browser's build of the kernel in Node: its exports, and memory that grows as it is taken.
import { readFileSync } from "node:fs";

/** { kernel, memory, take }: take(bytes) hands out an aligned piece of the kernel's memory. */
export async function openKernel(path) {
  const { instance } = await WebAssembly.instantiate(readFileSync(path), {});
  const kernel = instance.exports;
  const memory = kernel.memory;
  let top = kernel.__heap_base.value;
  function take(bytes) {
    const at = Math.ceil(top / 64) * 64;
    top = at + Number(bytes);
    const missing = top - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / 65536));
    return at;
  }
  return { kernel, memory, take };
}

/** What the kernel answered, unless it refused. */
export function fine(code) {
  if (code < 0) throw new Error(`kernel says ${code}`);
  return code;
}
