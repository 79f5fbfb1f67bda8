// Has the ground measured by the server, once whatever it depends on has been still for a moment.

import { ALONE } from "../net/wire";
import type { LandSurveyed, Piece, SurveyLand, Voice } from "../protocol/messages";
import type { Store } from "../state/store";
import { asked, type Basis, same, basisOf as soundOf } from "../state/surveying";

const SETTLE_MS = 1500;

export type AskLand = (survey: Omit<SurveyLand, "type" | "request">) => number | null;

export class Landing {
  private basis: Basis = [];
  private asked: number | null = null;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private readonly leave: () => void;

  constructor(
    private readonly store: Store,
    private readonly ask: AskLand,
    /** Is told when measuring begins and ends. */
    private readonly changed: () => void = () => {},
  ) {
    this.leave = store.subscribe((state, previous) => {
      const online = state.connection.state === "online";
      const back = online && previous.connection.state !== "online";
      if (!online || state.piece?.id !== previous.piece?.id) this.forget();
      if (back || state.piece !== previous.piece || state.voice !== previous.voice) this.look();
    });
    this.look();
  }

  stop(): void {
    this.leave();
    if (this.timer !== null) clearTimeout(this.timer);
  }

  answered(answer: LandSurveyed): void {
    if (answer.request !== this.asked) return;
    this.wait(null);
    const { land } = answer;
    const before = this.store.state.piece?.world ?? null;
    if (before === null || land === null || before.land?.of === land.of) return;
    this.store.amend((piece) =>
      piece.world === null ? piece : { ...piece, world: { ...piece.world, land } },
    );
  }

  /** Whether the ground is being measured. */
  get measuring(): boolean {
    return this.asked !== null && ALONE === null;
  }

  /** Nobody will answer what was asked, or it is of another piece: it is asked anew. */
  private forget(): void {
    if (this.asked === null) return;
    this.basis = [];
    this.wait(null);
  }

  private wait(request: number | null): void {
    if (request === this.asked) return;
    this.asked = request;
    this.changed();
  }

  private look(): void {
    const { piece, voice } = this.store.state;
    const played = piece?.voices[voice] ?? null;
    if (piece === null || piece.world === null || played === null) return;
    const basis = basisOf(piece, played);
    if (same(basis, this.basis)) return;
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
    const request = this.ask({
      axes: piece.axes.length,
      voice: played.id,
      voices: asked(piece, played),
      world: { ...world, landmarks: [], zones: [] },
      rest: piece.axes.map((axis) => (axis.id === world.axes.y ? 0.5 : axis.rest)),
      ids: piece.axes.map((axis) => axis.id),
    });
    this.wait(request);
    if (request === null) this.basis = []; // away; asked again when the connection is back
  }
}

function basisOf(piece: Piece, voice: Voice): Basis {
  return [...soundOf(piece, voice), piece.world!.axes, piece.world!.size, piece.axes];
}
