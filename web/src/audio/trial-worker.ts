// How long a model takes to make a hop in this browser: played for a fifth of a second, heard by nobody.

import { Player } from "./player";

export interface Trial {
  readonly module: WebAssembly.Module;
  readonly blob: ArrayBuffer;
  readonly rate: number;
}

const SECONDS = 0.2;

self.onmessage = (event: MessageEvent<Trial>) => {
  const { module, blob, rate } = event.data;
  try {
    const player = new Player(module, 2, rate);
    const { hop, dims } = player.load(0, blob, 1);
    const latent = new Float64Array(dims);
    const out = [new Float32Array(hop), new Float32Array(hop)];
    const times: number[] = [];
    const end = performance.now() + 1000 * SECONDS;
    while (performance.now() < end || times.length < 3) {
      const begun = performance.now();
      player.due();
      player.incoming(0, latent);
      player.render(out, 0, Math.min(hop, player.stretch()));
      times.push(performance.now() - begun);
    }
    times.sort((a, b) => a - b);
    self.postMessage(((times[times.length >> 1] ?? 0) * rate) / (1000 * hop));
  } catch {
    self.postMessage(null); // whoever plays it says what is wrong with it
  }
};
