// What the *Make* page asks of the server: sounds brought, trainings begun and ended, models taken over.

import type { BringSet, ModelSummary, PrepareSet, SetDetails, StartRun } from "../protocol/messages";
import { AWAY, get, post, sentenceIn, url } from "./http";

const at = (kind: "sets" | "runs", id: string, what = ""): string =>
  `making/${kind}/${encodeURIComponent(id)}${what === "" ? "" : `/${what}`}`;

async function tell<T>(path: string, body: unknown = {}): Promise<T> {
  return (await post(path, JSON.stringify(body), "application/json")).json() as Promise<T>;
}

export async function bringSet(asked: BringSet): Promise<string> {
  return (await tell<{ id: string }>("making/sets", asked)).id;
}

/** One recording into a set; the name it got. `progress` hears how much of it has been sent, 0 to 1. */
export function bringSound(set: string, file: File, progress: (share: number) => void): Promise<string> {
  return new Promise((resolve, reject) => {
    // XMLHttpRequest, because fetch does not tell how much has been sent.
    const request = new XMLHttpRequest();
    request.open("POST", url(`${at("sets", set, "sounds")}?name=${encodeURIComponent(file.name)}`));
    request.setRequestHeader("content-type", "application/octet-stream");
    request.upload.onprogress = (event) => progress(event.total > 0 ? event.loaded / event.total : 0);
    request.onerror = () => reject(new Error(AWAY));
    request.onload = () => {
      if (request.status === 200) resolve((JSON.parse(request.responseText) as { name: string }).name);
      else reject(new Error(sentenceIn(request.responseText, request.status)));
    };
    request.send(file);
  });
}

export async function describeSet(id: string): Promise<SetDetails> {
  return (await get(at("sets", id))).json() as Promise<SetDetails>;
}

export const prepareSet = (id: string, asked: PrepareSet): Promise<unknown> =>
  tell(at("sets", id, "prepare"), asked);
export const stopSet = (id: string): Promise<unknown> => tell(at("sets", id, "stop"));
export const deleteSet = (id: string): Promise<unknown> => tell(at("sets", id, "delete"));

export async function startRun(asked: StartRun): Promise<string> {
  return (await tell<{ id: string }>("making/runs", asked)).id;
}

export const stopRun = (id: string): Promise<unknown> => tell(at("runs", id, "stop"));
export const resumeRun = (id: string): Promise<unknown> => tell(at("runs", id, "resume"));
export const deleteRun = (id: string): Promise<unknown> => tell(at("runs", id, "delete"));

/** The model of the best checkpoint, taken into the library. */
export const installRun = (id: string): Promise<ModelSummary> => tell(at("runs", id, "install"));

export async function fetchModel(id: string): Promise<Blob> {
  return (await get(at("runs", id, "model"))).blob();
}

export async function fetchCard(id: string): Promise<string> {
  return (await get(at("runs", id, "card"))).text();
}

export type Side = "source" | "reconstruction";

export async function fetchClip(run: string, step: number, side: Side, pair: number): Promise<ArrayBuffer> {
  return (await get(at("runs", run, `listen/${step}/${side}-${pair}.flac`))).arrayBuffer();
}
