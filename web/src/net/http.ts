// What the page asks of the server beside the socket: models, sounds to encode, pieces as files.
// Every refusal carries a sentence for the musician.

import { decode } from "@msgpack/msgpack";
import type { Encoded, ModelSummary, Refusal } from "../protocol/messages";
import type { ModelDescription } from "./models";

export const AWAY =
  "Isobath's server does not answer. What you have keeps playing; try again once it is back.";

export function url(path: string): URL {
  return new URL(path, document.baseURI);
}

async function refused(answer: Response): Promise<Error> {
  const text = await answer.text().catch(() => "");
  return new Error(sentenceIn(text, answer.status));
}

export function sentenceIn(body: string, status: number): string {
  try {
    const refusal = JSON.parse(body) as Partial<Refusal>;
    if (typeof refusal.sentence === "string") return refusal.sentence;
  } catch {}
  return `The server refused (${status}). Reload the page.`;
}

export async function get(path: string): Promise<Response> {
  const answer = await fetch(url(path)).catch(() => null);
  if (answer === null) throw new Error(AWAY);
  if (!answer.ok) throw await refused(answer);
  return answer;
}

export async function post(
  path: string,
  body: Blob | string,
  type = "application/octet-stream",
): Promise<Response> {
  const headers = { "content-type": type };
  const answer = await fetch(url(path), { method: "POST", body, headers }).catch(() => null);
  if (answer === null) throw new Error(AWAY);
  if (!answer.ok) throw await refused(answer);
  return answer;
}

export async function fetchDescription(model: string): Promise<ModelDescription> {
  return (await get(`models/${encodeURIComponent(model)}`)).json() as Promise<ModelDescription>;
}

/** A recorded WAV as FLAC: the same samples in about half the bytes. */
export async function asFlac(wav: Blob): Promise<Blob> {
  return (await post("sounds/flac", wav)).blob();
}

const decoders = new Map<string, Promise<ArrayBuffer>>();

/** The kernel's bytes of a model, fetched once per content. */
export function fetchDecoder(model: string, sha256: string): Promise<ArrayBuffer> {
  const key = `${model} ${sha256}`;
  let blob = decoders.get(key);
  if (blob === undefined) {
    blob = get(`models/${encodeURIComponent(model)}/decoder`).then((answer) => answer.arrayBuffer());
    blob.catch(() => decoders.delete(key));
    decoders.set(key, blob);
  }
  return blob;
}

/** A sound through the model's encoder. `progress` goes 0..1 while it is sent. */
export function encodeFile(
  model: string,
  file: File,
  progress: (share: number) => void = () => {},
): Promise<Encoded> {
  return new Promise((resolve, reject) => {
    // XMLHttpRequest, because fetch does not tell how much has been sent.
    const request = new XMLHttpRequest();
    const path = `models/${encodeURIComponent(model)}/encode?name=${encodeURIComponent(file.name)}`;
    request.open("POST", url(path));
    request.responseType = "arraybuffer";
    request.setRequestHeader("content-type", "application/octet-stream");
    request.upload.onprogress = (event) => progress(event.total > 0 ? event.loaded / event.total : 0);
    request.onerror = () => reject(new Error(AWAY));
    request.onload = () => {
      const body = request.response as ArrayBuffer;
      if (request.status === 200) resolve(decode(body) as Encoded);
      else reject(new Error(sentenceIn(new TextDecoder().decode(body), request.status)));
    };
    request.send(file);
  });
}

/** A .isobath file into the library; the new piece's id, and sentences about what was left out. */
export async function importPiece(file: Blob): Promise<{ id: string; notes: readonly string[] }> {
  return (await post("pieces/import", file)).json() as Promise<{ id: string; notes: string[] }>;
}

export async function exportPiece(id: string): Promise<Blob> {
  return (await get(`pieces/${encodeURIComponent(id)}/export`)).blob();
}

/** A .safetensors model into the library. */
export async function addModel(file: Blob): Promise<ModelSummary> {
  return (await post("models", file)).json() as Promise<ModelSummary>;
}

/** Whether the server is there at all. */
export async function isThere(): Promise<boolean> {
  const answer = await fetch(url("health"), { cache: "no-store" }).catch(() => null);
  return answer?.ok === true;
}
