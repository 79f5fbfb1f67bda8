// Asks a worker how fast this browser is with a model.

import { fetchKernel } from "./context";
import type { Trial } from "./trial-worker";

/** Time to make a hop over the time it lasts; null where that could not be measured. */
export async function tryOut(blob: ArrayBuffer, rate: number): Promise<number | null> {
  const module = await fetchKernel();
  const worker = new Worker(new URL("./trial-worker.ts", import.meta.url), { type: "module" });
  try {
    return await new Promise<number | null>((resolve) => {
      worker.onmessage = (event: MessageEvent<number | null>) => resolve(event.data);
      worker.onerror = () => resolve(null);
      worker.postMessage({ module, blob, rate } satisfies Trial);
    });
  } finally {
    worker.terminate();
  }
}
