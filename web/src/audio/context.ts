// What has to be there before anything can sound: a context at the piece's rate, the kernel, a node.
// Every way this can fail is one sentence for the musician.

import relaxedUrl from "../../../kernel/wasm/isobath.relaxed.wasm?url";
import simdUrl from "../../../kernel/wasm/isobath.simd.wasm?url";
import spaceUrl from "../../../kernel/wasm/isobath-space.wasm?url";
import processorUrl from "./processor.ts?worker&url";
import { chooseBuild } from "./simd";
import type { FromWorklet, ToWorklet } from "./wire";

export async function fetchKernel(): Promise<WebAssembly.Module> {
  if (typeof AudioContext === "undefined" || !("audioWorklet" in AudioContext.prototype))
    throw new Error(
      isSecureContext
        ? "This browser has no AudioWorklet, so nothing can sound here. Use a current Firefox, Chrome, Edge or Safari."
        : "Browsers play sound like this only on a secure page. Open Isobath on this computer (http://127.0.0.1), or over https.",
    );
  const build = chooseBuild();
  if (build === null)
    throw new Error(
      "This browser cannot run the sound: it lacks WebAssembly SIMD. Use a current Firefox, Chrome, Edge or Safari.",
    );
  const answer = await fetch(build === "relaxed" ? relaxedUrl : simdUrl).catch(() => null);
  if (answer === null || !answer.ok)
    throw new Error(
      "The sound could not be fetched from the server. Is Isobath still running? Reload the page.",
    );
  return WebAssembly.compile(await answer.arrayBuffer());
}

/** The kernel's second module, which worlds need. */
export async function fetchSpace(): Promise<WebAssembly.Module> {
  const answer = await fetch(spaceUrl).catch(() => null);
  if (answer === null || !answer.ok)
    throw new Error(
      "This world is heard without its places, for their sound could not be fetched. Reload the page.",
    );
  return WebAssembly.compile(await answer.arrayBuffer());
}

/** A context at this rate, or at the device's own where it plays at no other; keeping `latencyHint` seconds ahead. */
export function makeContext(sampleRate: number, latencyHint: number): AudioContext {
  try {
    return new AudioContext({ sampleRate, latencyHint });
  } catch {
    return new AudioContext({ latencyHint }); // the kernel resamples the models to it
  }
}

export interface Connected {
  readonly node: AudioWorkletNode;
  readonly analyser: AnalyserNode;
  /** Samples the limiter looks ahead. */
  readonly delay: number;
}

/** A worklet with the kernel in it, connected to the ear and to an analyser. */
export async function connect(
  context: AudioContext,
  module: WebAssembly.Module,
  receive: (message: FromWorklet) => void,
  broken: (sentence: string) => void,
): Promise<Connected> {
  await context.audioWorklet.addModule(processorUrl);
  const node = new AudioWorkletNode(context, "isobath", {
    numberOfInputs: 1,
    channelCount: 2,
    channelCountMode: "clamped-max",
    outputChannelCount: [2],
  });
  const analyser = context.createAnalyser();
  analyser.fftSize = 2048;
  analyser.smoothingTimeConstant = 0.6;
  node.connect(context.destination);
  node.connect(analyser);
  return new Promise((resolve, reject) => {
    const fail = (sentence: string): void => {
      reject(new Error(sentence));
      broken(sentence);
    };
    node.onprocessorerror = () =>
      fail("The sound stopped because of a mistake of ours. Press start to play on.");
    node.port.onmessage = (event: MessageEvent<FromWorklet>) => {
      const message = event.data;
      if (message.type === "ready") resolve({ node, analyser, delay: message.delay });
      else if (message.type === "failed") fail(message.sentence);
      else receive(message);
    };
    node.port.postMessage({ type: "kernel", module } satisfies ToWorklet);
  });
}
