// Learning: watches demonstrations and settings, asks the server for a mapping when they change, and puts
// the answer into the piece. One request per voice and side is under way; of what happens meanwhile only
// the newest is asked for. What was learned keeps playing until something newer is there.

import type {
  FitFailed,
  Fit as FitMessage,
  Fitted,
  MappingSettings,
  Opened,
  Piece,
  Voice,
} from "../protocol/messages";
import type { MappingData } from "../steer/mapping";
import { changeVoice } from "./edit";
import { belongs, errorsOf, fittedOf } from "./fitted";
import { type Fit, NO_FIT, type Side, type State, type Store } from "./store";

const OFFLINE = "Nothing new is learned while the connection is away; what was learned keeps playing.";

/** What a fit was made from; compared by identity, as the piece is never mutated. */
interface Basis {
  readonly demonstrations: Voice["demonstrations"];
  readonly settings: MappingSettings;
  readonly axes: number;
}

interface Job {
  readonly request: number;
  readonly basis: Basis;
}

export type AskFit = (fit: Omit<FitMessage, "type" | "request">) => number | null;

export class Fitting {
  /** What the mapping in the piece was (or is being) learned from, by slot. */
  private readonly learned = new Map<string, Basis>();
  private readonly running = new Map<string, Job>();

  constructor(
    private readonly store: Store,
    private readonly ask: AskFit,
  ) {
    store.subscribe((state, previous) => {
      if (state.piece !== previous.piece || state.models !== previous.models) this.look(false);
    });
  }

  /** A piece from the library comes with its mappings: they are taken as they are, so that it sounds the same. */
  adopt(opened: Pick<Opened, "piece">): void {
    const { piece } = opened;
    this.learned.clear();
    this.running.clear();
    const fits = new Map<string, Fit>();
    for (const voice of piece.voices) {
      for (const side of sidesOf(voice)) {
        const mapping = fittedOf(voice, side);
        const slot = slotOf(voice, side);
        if (mapping === null || !belongs(mapping, voice.demonstrations, piece.axes.length)) continue;
        this.learned.set(slot, basisOf(voice, side, piece.axes.length));
        fits.set(slot, {
          ...NO_FIT,
          state: "fitted",
          mapping,
          errors: errorsOf(voice.demonstrations, mapping.errors),
          sentence: mapping.warnings.join(" ") || null,
        });
      }
    }
    this.store.set({ fits });
  }

  /** The same piece with other mappings, which are taken as they are. */
  take(piece: Piece): void {
    this.adopt({ piece });
  }

  /** Learn now, whatever `refit` says. */
  now(): void {
    this.look(true);
  }

  /** The connection is back: what could not be asked for is asked for now. */
  back(): void {
    for (const slot of this.running.keys()) this.learned.delete(slot);
    this.running.clear();
    this.look(false);
  }

  answered(answer: Fitted | FitFailed): void {
    const job = this.running.get(answer.slot);
    if (job === undefined || job.request !== answer.request) return;
    this.running.delete(answer.slot);
    const [voiceId, side] = answer.slot.split(":") as [string, Side];
    if (answer.type === "fit_failed") {
      this.put(answer.slot, { state: "failed", sentence: answer.sentence, stale: false });
    } else {
      const mapping = answer.mapping as unknown as MappingData;
      this.put(answer.slot, {
        state: "fitted",
        mapping,
        errors: errorsOf(job.basis.demonstrations, answer.errors),
        milliseconds: answer.milliseconds,
        sentence: answer.warnings.join(" ") || null,
        stale: false,
      });
      this.keep(voiceId, side, answer.mapping);
    }
    this.look(false);
  }

  private look(forced: boolean): void {
    const { state } = this.store;
    const { piece } = state;
    if (piece === null) return;
    for (const voice of piece.voices) {
      for (const side of sidesOf(voice)) {
        const basis = basisOf(voice, side, piece.axes.length);
        const slot = slotOf(voice, side);
        const changed = !same(basis, this.learned.get(slot));
        if (!changed && !forced) continue;
        const taught = basis.settings.algorithm === "direct" || voice.demonstrations.some((d) => !d.muted);
        if (!taught) this.forget(slot, voice, side, basis);
        else if (forced || piece.refit === "always") this.learn(slot, voice, side, basis, state);
        else if (!(state.fits.get(slot)?.stale ?? false)) this.put(slot, { stale: true });
      }
    }
  }

  private learn(slot: string, voice: Voice, side: Side, basis: Basis, state: State): void {
    if (this.running.has(slot)) return;
    const dims = state.models.find((model) => model.name === voice.model)?.dims;
    if (dims === undefined) return;
    const request = this.ask({
      settings: basis.settings,
      axes: basis.axes,
      dims,
      demonstrations: basis.demonstrations,
      slot,
      kept: side === "a" ? voice.fitted : voice.fitted_other,
    });
    if (request === null) {
      if (state.fits.get(slot)?.sentence !== OFFLINE) this.put(slot, { state: "failed", sentence: OFFLINE });
      return;
    }
    this.learned.set(slot, basis);
    this.running.set(slot, { request, basis });
    this.put(slot, { state: "fitting", stale: false });
  }

  /** Without demonstrations there is no mapping. */
  private forget(slot: string, voice: Voice, side: Side, basis: Basis): void {
    this.learned.set(slot, basis);
    this.running.delete(slot);
    const fits = new Map(this.store.state.fits);
    if (fits.delete(slot)) this.store.set({ fits });
    this.keep(voice.id, side, null);
  }

  private keep(voiceId: string, side: Side, mapping: Voice["fitted"]): void {
    const change = side === "a" ? { fitted: mapping } : { fitted_other: mapping };
    this.store.amend((piece) =>
      changeVoice(piece, voiceId, (voice) => {
        const before = side === "a" ? voice.fitted : voice.fitted_other;
        return before === mapping ? voice : { ...voice, ...change };
      }),
    );
  }

  private put(slot: string, change: Partial<Fit>): void {
    const before = this.store.state.fits.get(slot) ?? NO_FIT;
    this.store.set({ fits: new Map(this.store.state.fits).set(slot, { ...before, ...change }) });
  }
}

export function slotOf(voice: Voice, side: Side): string {
  return `${voice.id}:${side}`;
}

function sidesOf(voice: Voice): Side[] {
  return voice.other === null ? ["a"] : ["a", "b"];
}

function basisOf(voice: Voice, side: Side, axes: number): Basis {
  const settings = side === "a" ? voice.mapping : (voice.other ?? voice.mapping);
  return { demonstrations: voice.demonstrations, settings, axes };
}

function same(a: Basis, b: Basis | undefined): boolean {
  return (
    b !== undefined && a.demonstrations === b.demonstrations && a.settings === b.settings && a.axes === b.axes
  );
}
