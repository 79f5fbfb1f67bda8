// Has the ground measured by the server, once whatever it depends on has been still for a moment.

import type { LandSurveyed, Piece, SurveyLand, Voice } from "../protocol/messages";
import { fittedOf } from "../state/fitted";
import { leaderOf } from "../state/listening";
import type { Store } from "../state/store";

const SETTLE_MS = 1500;

export type AskLand = (survey: Omit<SurveyLand, "type" | "request">) => number | null;

export class Landing {
  private basis: readonly unknown[] = [];
  private asked: number | null = null;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private readonly leave: () => void;

  constructor(
    private readonly store: Store,
    private readonly ask: AskLand,
  ) {
    this.leave = store.subscribe((state, previous) => {
      if (state.piece !== previous.piece || state.voice !== previous.voice) this.look();
    });
    this.look();
  }

  stop(): void {
    this.leave();
    if (this.timer !== null) clearTimeout(this.timer);
  }

  answered(answer: LandSurveyed): void {
    if (answer.request !== this.asked) return;
    this.asked = null;
    const { land } = answer;
    const before = this.store.state.piece?.world ?? null;
    if (before === null || land === null || before.land?.of === land.of) return;
    this.store.amend((piece) =>
      piece.world === null ? piece : { ...piece, world: { ...piece.world, land } },
    );
  }

  private look(): void {
    const { piece, voice } = this.store.state;
    const played = piece?.voices[voice] ?? null;
    if (piece === null || piece.world === null || played === null) return;
    const basis = basisOf(piece, played);
    if (basis.length === this.basis.length && basis.every((part, i) => part === this.basis[i])) return;
    this.basis = basis;
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.timer = null;
      this.begin();
    }, SETTLE_MS);
  }

  private begin(): void {
    const { piece, voice } = this.store.state;
    const played = piece?.voices[voice] ?? null;
    if (piece === null || piece.world === null || played === null) return;
    const { world } = piece;
    const leader = leaderOf(piece, played);
    this.asked = this.ask({
      axes: piece.axes.length,
      voice: played.id,
      voices: leader === null ? [played] : [{ ...played, follows: leader.id }, leader],
      world: { ...world, landmarks: [], zones: [] },
      rest: piece.axes.map((axis) => (axis.id === world.axes.y ? 0.5 : axis.rest)),
      ids: piece.axes.map((axis) => axis.id),
    });
    if (this.asked === null) this.basis = []; // away; asked again at the next change
  }
}

function basisOf(piece: Piece, voice: Voice): readonly unknown[] {
  const leader = leaderOf(piece, voice);
  const { shaping } = voice;
  const { axes, size } = piece.world!;
  return [
    voice.model,
    fittedOf(voice, voice.side),
    ...[shaping.hold, shaping.held, shaping.scale, shaping.bias, shaping.clamp],
    leader?.model,
    leader === null ? null : fittedOf(leader, leader.side),
    axes,
    size,
    piece.axes,
  ];
}
