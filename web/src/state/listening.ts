// What a voice listens to, fetched and ready for the sound; and whom it follows.

import { type Following, followingOf } from "../audio/hearing";
import type { Listening } from "../audio/wire";
import { fetchPrior, fetchSound } from "../net/http";
import type { ModelDescription } from "../net/models";
import type { Piece, Voice } from "../protocol/messages";

const SILENCE: Listening = { kind: "sound", sound: [] };

/** What says that a voice hears something else than before; `rate`: the player's. */
export function listeningKey(piece: Piece, voice: Voice, rate: number): string {
  const { kind, sound, seed } = voice.source;
  if (kind === "sound") return `sound ${sound} ${rate}`;
  if (kind === "voice") return `voice ${slotOf(piece, voice.source.voice)}`;
  if (kind === "prior") return `prior ${seed}`;
  return kind;
}

function slotOf(piece: Piece, id: string | null): number {
  return id === null ? -1 : piece.voices.findIndex((voice) => voice.id === id);
}

/** At the player's `rate`. Rejects with a sentence where what is listened to cannot be had. */
export async function listeningOf(
  piece: Piece,
  voice: Voice,
  model: ModelDescription,
  rate: number,
): Promise<Listening> {
  const { source } = voice;
  switch (source.kind) {
    case "gesture":
      return { kind: "nobody" };
    case "input":
      return { kind: "live" };
    case "sound":
      if (source.sound === null) return SILENCE;
      return { kind: "sound", sound: await fetchSound(source.sound, rate) };
    case "voice": {
      const slot = slotOf(piece, source.voice);
      return slot < 0 ? SILENCE : { kind: "voice", slot };
    }
    case "prior": {
      const prior = await fetchPrior(voice.model);
      if (prior.about.dims !== model.dims || prior.about.hop !== model.hop)
        throw new Error(
          `The prior of ${voice.model} was trained for another model of that name. Train it again with isobath prior.`,
        );
      return { kind: "prior", prior, seed: source.seed };
    }
  }
}

/** The voice at the end of the chain that a voice follows; null where it plays its own mapping. */
export function leaderOf(piece: Piece, voice: Voice): Voice | null {
  const seen = new Set<string>();
  let at: Voice | undefined = voice;
  while (at.follows !== null) {
    if (seen.has(at.id)) return null;
    seen.add(at.id);
    const next: string = at.follows;
    at = piece.voices.find((each) => each.id === next);
    if (at === undefined) return null;
  }
  return at === voice ? null : at;
}

export function followed(
  piece: Piece,
  voice: Voice,
  models: ReadonlyMap<string, ModelDescription>,
): Following | null {
  const leader = leaderOf(piece, voice);
  const ours = models.get(voice.model);
  const theirs = leader === null ? undefined : models.get(leader.model);
  if (leader === null || ours === undefined || theirs === undefined) return null;
  return followingOf(slotOf(piece, leader.id), theirs.latent, ours.latent);
}

/** Muted, or unheard because others are alone. */
export function isSilent(piece: Piece, voice: Voice): boolean {
  return voice.muted || (!voice.solo && piece.voices.some((each) => each.solo));
}
