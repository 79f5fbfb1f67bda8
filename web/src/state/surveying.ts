// Safety maps: watches everything that a voice's loudness over the surface depends on, and asks the server to
// measure it once nothing has changed for a moment. What was measured before stays in use meanwhile. While a take
// is recorded or played nothing new is taken up, so that it sounds the same from end to end.

import type { Piece, Survey, Surveyed, Voice } from "../protocol/messages";
import { changeVoice } from "./edit";
import { fittedOf } from "./fitted";
import { leaderOf } from "./listening";
import type { State, Store } from "./store";

const SETTLE_MS = 1200;

export type AskSurvey = (survey: Omit<Survey, "type" | "request">) => number | null;

/** What a map was measured of; parts compared by identity, as the piece is never mutated. */
export type Basis = readonly unknown[];

export class Surveying {
  private readonly measured = new Map<string, Basis>();
  private readonly asked = new Map<string, number>();
  private readonly held = new Map<string, Surveyed>();
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(
    private readonly store: Store,
    private readonly ask: AskSurvey,
    private readonly settleMs: number = SETTLE_MS,
  ) {
    store.subscribe((state, previous) => {
      if (state.takes !== previous.takes && !busy(state)) this.release();
      if (state.piece?.voices !== previous.piece?.voices || state.piece?.axes !== previous.piece?.axes)
        this.look();
    });
  }

  /** Another piece, or the connection is back: whatever was asked has no answer any more. */
  anew(): void {
    this.measured.clear();
    this.asked.clear();
    this.held.clear();
    this.look();
  }

  /** Whether a voice is being measured, or waits for it. */
  pending(voiceId: string): boolean {
    return this.asked.has(voiceId);
  }

  answered(answer: Surveyed): void {
    if (this.asked.get(answer.voice) !== answer.request) return;
    this.asked.delete(answer.voice);
    if (busy(this.store.state)) this.held.set(answer.voice, answer);
    else this.take(answer);
  }

  private look(): void {
    const { piece } = this.store.state;
    if (piece === null) return;
    let changed = false;
    for (const voice of piece.voices) {
      const basis = basisOf(piece, voice);
      if (same(basis, this.measured.get(voice.id))) continue;
      changed = true;
      if (fittedOf(leaderOf(piece, voice) ?? voice, (leaderOf(piece, voice) ?? voice).side) === null)
        this.forget(voice, basis);
    }
    if (!changed) return;
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.timer = null;
      this.askAll();
    }, this.settleMs);
  }

  /** Without a mapping there is nothing to foresee. */
  private forget(voice: Voice, basis: Basis): void {
    this.measured.set(voice.id, basis);
    this.asked.delete(voice.id);
    if (voice.safety !== null) this.put(voice.id, null);
  }

  private askAll(): void {
    const { piece } = this.store.state;
    if (piece === null) return;
    for (const voice of piece.voices) {
      const basis = basisOf(piece, voice);
      if (same(basis, this.measured.get(voice.id))) continue;
      const request = this.ask({ axes: piece.axes.length, voice: voice.id, voices: asked(piece, voice) });
      if (request === null) return; // away; asked again when the connection is back
      this.measured.set(voice.id, basis);
      this.asked.set(voice.id, request);
      this.held.delete(voice.id);
    }
  }

  private release(): void {
    for (const answer of this.held.values()) this.take(answer);
    this.held.clear();
  }

  private take(answer: Surveyed): void {
    const before = this.store.state.piece?.voices.find((voice) => voice.id === answer.voice)?.safety;
    if (before === undefined || before?.of === answer.safety?.of) return;
    this.put(answer.voice, answer.safety);
  }

  private put(voiceId: string, safety: Voice["safety"]): void {
    this.store.amend((piece) => changeVoice(piece, voiceId, (voice) => ({ ...voice, safety })));
  }
}

function busy(state: State): boolean {
  return state.takes.recording !== null || state.takes.playing !== null;
}

/** The voice to be measured and whom it follows, with only what the measuring needs. */
export function asked(piece: Piece, voice: Voice): Voice[] {
  const leader = leaderOf(piece, voice);
  return (leader === null ? [voice] : [{ ...voice, follows: leader.id }, leader]).map(light);
}

function light(voice: Voice): Voice {
  const demonstrations = voice.demonstrations.map((d) => ({ ...d, latent: [] }));
  const { side } = voice;
  return {
    ...voice,
    demonstrations,
    fitted: side === "a" ? voice.fitted : null,
    fitted_other: side === "b" ? voice.fitted_other : null,
  };
}

/** Everything that a voice sounds by over the axes. */
export function basisOf(piece: Piece, voice: Voice): Basis {
  const leader = leaderOf(piece, voice);
  const { shaping } = voice;
  return [
    piece.axes.length,
    voice.model,
    fittedOf(voice, voice.side),
    voice.demonstrations,
    ...[shaping.hold, shaping.held, shaping.scale, shaping.bias, shaping.clamp],
    leader?.model,
    leader === null ? null : fittedOf(leader, leader.side),
  ];
}

export function same(a: Basis, b: Basis | undefined): boolean {
  return b !== undefined && a.length === b.length && a.every((part, i) => part === b[i]);
}
