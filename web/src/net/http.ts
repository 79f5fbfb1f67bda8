// What the page asks of the server beside the socket: models, sounds to encode, pieces as files.
// Every refusal carries a sentence for the musician.

import { decode } from "@msgpack/msgpack";
import { type Prior, readPrior } from "../audio/prior";
import type {
  Demonstration,
  Encoded,
  Hazards,
  ModelSummary,
  Refusal,
  SoundData,
  SoundKept,
} from "../protocol/messages";
import type { ModelDescription } from "./models";
import { unpacked } from "./unpack";

export const AWAY =
  "Isobath's server does not answer. What you have keeps playing; try again once it is back.";

/** Of a page that stands alone: the files that have what a server would answer. */
let files: Readonly<Record<string, string>> | null = null;

export function known(all: Readonly<Record<string, string>>): void {
  files = all;
}

const ABSENT =
  "This page stands alone, and that is not in it. Where Isobath runs it can be had: isobath play.";

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
  const file = files === null ? path : files[decodeURIComponent(path)];
  if (file === undefined) throw new Error(ABSENT);
  const answer = await fetch(url(file)).catch(() => null);
  if (answer === null) throw new Error(AWAY);
  if (!answer.ok) throw await refused(answer);
  return answer;
}

export async function post(
  path: string,
  body: Blob | string,
  type = "application/octet-stream",
): Promise<Response> {
  if (files !== null) throw new Error(ABSENT);
  const headers = { "content-type": type };
  const answer = await fetch(url(path), { method: "POST", body, headers }).catch(() => null);
  if (answer === null) throw new Error(AWAY);
  if (!answer.ok) throw await refused(answer);
  return answer;
}

export async function fetchDescription(model: string): Promise<ModelDescription> {
  return (await get(`models/${encodeURIComponent(model)}`)).json() as Promise<ModelDescription>;
}

/** Where a model is loud and where it is rough. */
export async function fetchHazards(model: string): Promise<Hazards> {
  return (await get(`models/${encodeURIComponent(model)}/hazards`)).json() as Promise<Hazards>;
}

/** A recorded WAV as FLAC: the same samples in about half the bytes. */
export async function asFlac(wav: Blob): Promise<Blob> {
  return (await post("sounds/flac", wav)).blob();
}

/** A sound file into the library, for voices to listen to. */
export async function keepSound(file: Blob): Promise<SoundKept> {
  return (await post("sounds", file)).json() as Promise<SoundKept>;
}

const SOUNDS = 4;
const sounds = new Map<string, Promise<readonly Float32Array[]>>();

/** A sound of the library at a rate, channel by channel; the last few are kept here. */
export function fetchSound(id: string, rate: number): Promise<readonly Float32Array[]> {
  const key = `${id}/${rate}`;
  const found = sounds.get(key) ?? get(`sounds/${key}`).then(soundIn);
  sounds.delete(key);
  sounds.set(key, found);
  found.catch(() => sounds.delete(key));
  for (const old of sounds.keys()) if (sounds.size > SOUNDS) sounds.delete(old);
  return found;
}

async function soundIn(answer: Response): Promise<readonly Float32Array[]> {
  const { audio, channels, samples } = decode(await answer.arrayBuffer()) as SoundData;
  const bytes = audio.slice().buffer;
  return Array.from({ length: channels }, (_, c) => new Float32Array(bytes, 4 * c * samples, samples));
}

const priors = new Map<string, Promise<Prior>>();

/** What a model's prior knows; the last one is kept here. */
export function fetchPrior(model: string): Promise<Prior> {
  const known = priors.get(model);
  if (known !== undefined) return known;
  const found = get(`models/${encodeURIComponent(model)}/prior`)
    .then((answer) => answer.arrayBuffer())
    .then(readPrior);
  priors.clear();
  priors.set(model, found);
  found.catch(() => priors.delete(model));
  return found;
}

const decoders = new Map<string, Promise<ArrayBuffer>>();

/** The kernel's bytes of a model, fetched once per content; "both" for a voice that listens. */
export function fetchBlob(model: string, sha256: string, part: "decoder" | "both"): Promise<ArrayBuffer> {
  const key = `${model} ${part} ${sha256}`;
  let blob = decoders.get(key);
  if (blob === undefined) {
    blob = get(`models/${encodeURIComponent(model)}/${part}/sent`)
      .then((answer) => answer.arrayBuffer())
      .then(unpacked);
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

/** The piece as a folder that needs no server, as a zip. */
export async function exportAlone(id: string): Promise<Blob> {
  return (await get(`pieces/${encodeURIComponent(id)}/alone`)).blob();
}

/** What is in another program's file: demonstrations whose points are 0..1, and sentences about it. */
export interface Brought {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Per axis, which inputs are its ends, 0 and 1. */
  readonly spans: readonly (readonly [number, number])[];
  readonly demonstrations: readonly Demonstration[];
  readonly notes: readonly string[];
}

/** Wekinator's project (a zip) or ARFF, FluCoMa's JSON (or a zip of two data sets), CSV, our JSON. */
export async function readDemonstrations(file: File): Promise<Brought> {
  const answer = await post(`demonstrations/import?name=${encodeURIComponent(file.name)}`, file);
  return answer.json() as Promise<Brought>;
}

export type ExchangeKind = "arff" | "wekinator" | "flucoma" | "csv" | "json";

export async function writeDemonstrations(
  kind: ExchangeKind,
  name: string,
  demonstrations: readonly Demonstration[],
): Promise<Blob> {
  const path = `demonstrations/export?to=${kind}&name=${encodeURIComponent(name)}`;
  return (await post(path, JSON.stringify({ demonstrations }))).blob();
}

/** A model file into the library, ours or another program's, which is tried out there and takes a while. */
export async function addModel(file: File): Promise<ModelSummary & { readonly sentence: string }> {
  const answer = await post(`models?name=${encodeURIComponent(file.name)}`, file);
  return answer.json() as Promise<ModelSummary & { sentence: string }>;
}

/** Whether the server is there at all. */
export async function isThere(): Promise<boolean> {
  const answer = await fetch(url("health"), { cache: "no-store" }).catch(() => null);
  return answer?.ok === true;
}
