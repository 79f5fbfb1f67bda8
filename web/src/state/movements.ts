// Recorded movements of the axes, as buttons: recording them here, and telling the server where the hands of this
// page put the axes, so that it finds them again.

import { MovementRecorder, PERIOD_MS } from "../gesture/movement";
import type { Performer } from "../gesture/performer";
import type { Action, InputSource } from "../protocol/messages";
import { addTrigger } from "./controllers";
import { changeItem } from "./edit";
import type { Store } from "./store";

type Gesture = Extract<InputSource, { kind: "gesture" }>;
export type Tell = (axes: readonly string[], values: readonly number[], recording: boolean) => boolean;

/** Recordings of one movement; more say nothing new. */
export const MOST_RECORDINGS = 8;
/** Of a movement's axes; a hand has no more. */
const MOST_AXES = 16;
/** After such a rest everything is told again, in case the server has not heard it. */
const ANEW_MS = 1000;

export class Movements {
  /** What is recorded is another recording of this button's, or becomes a new one; null: nothing is. */
  recording: { readonly trigger: string | null; readonly action: Action } | null = null;
  private recorder = new MovementRecorder();
  private looking: ReturnType<typeof setInterval> | null = null;
  private telling: ReturnType<typeof setTimeout> | null = null;
  private readonly told = new Map<string, number>();
  private toldAt = Number.NEGATIVE_INFINITY;
  private done: (sentence: string) => void = () => {};

  constructor(
    private readonly store: Store,
    private readonly performer: Performer,
    private readonly tell: Tell,
  ) {
    performer.listen(() => this.moved());
  }

  /** Record the next movement. */
  record(action: Action, trigger: string | null, done: (sentence: string) => void): void {
    this.stop();
    this.recording = { trigger, action };
    this.done = done;
    this.recorder = new MovementRecorder();
    this.looking = setInterval(() => this.look(), PERIOD_MS);
    this.tell([], [], true);
  }

  /** Never mind. */
  stop(): void {
    if (this.looking !== null) clearInterval(this.looking);
    if (this.recording !== null) this.tell([], [], false);
    this.looking = this.recording = null;
  }

  private look(): void {
    if (!this.recorder.look(this.performer.values)) return;
    const { recording, recorder } = this;
    this.stop();
    if (recording !== null) this.done(this.keep(recording, recorder));
  }

  /** What was recorded becomes part of the piece. What to tell. */
  private keep(
    { trigger, action }: { readonly trigger: string | null; readonly action: Action },
    recorder: MovementRecorder,
  ): string {
    const { piece } = this.store.state;
    const moved = recorder.axes.slice(0, MOST_AXES);
    if (piece === null || moved.length === 0)
      return "That was too short or too small for a movement. Nothing is kept.";
    const known = piece.triggers.find((each) => each.id === trigger)?.source;
    if (known?.kind === "gesture") {
      const indices = known.axes.map((id) => this.performer.indexOf(id));
      if (indices.includes(-1)) return `An axis of ${known.name} is no longer there. Record it as a new one.`;
      const source: Gesture = {
        ...known,
        examples: [...known.examples, recorder.of(indices)].slice(-MOST_RECORDINGS),
      };
      this.store.edit("record a movement", (p) => ({
        ...p,
        triggers: changeItem(p.triggers, trigger!, (each) => ({ ...each, source })),
      }));
      return `${known.name} has ${source.examples.length} recordings.`;
    }
    const names = new Set(piece.triggers.map(({ source }) => (source.kind === "gesture" ? source.name : "")));
    let number = 1;
    while (names.has(`Movement ${number}`)) number++;
    const name = `Movement ${number}`;
    const axes = moved.flatMap((i) => piece.axes[i]?.id ?? []);
    addTrigger(this.store, { kind: "gesture", name, axes, examples: [recorder.of(moved)] }, action);
    return `${name} is recorded. Record it twice more, and it is found more surely.`;
  }

  /** Whether the server is to know where the hands are. */
  private get wanted(): boolean {
    const { piece } = this.store.state;
    return (
      this.recording !== null ||
      [...(piece?.triggers ?? []), ...(piece?.inputs ?? [])].some(
        (each) => each.source.kind === "gesture" && !each.muted,
      )
    );
  }

  private moved(): void {
    if (this.telling !== null || !this.wanted) return;
    const wait = this.toldAt + PERIOD_MS - performance.now();
    this.telling = setTimeout(() => this.say(), Math.max(0, wait));
  }

  private say(): void {
    this.telling = null;
    const now = performance.now();
    if (now - this.toldAt > ANEW_MS) this.told.clear();
    const axes = (this.store.state.piece?.axes ?? [])
      .map(({ id }) => id)
      .filter((id) => this.performer.indexOf(id) >= 0 && this.told.get(id) !== this.performer.at(id));
    const values = axes.map((id) => this.performer.at(id));
    if (axes.length === 0 || !this.tell(axes, values, this.recording !== null)) return;
    this.toldAt = now;
    axes.forEach((id, i) => {
      this.told.set(id, values[i]!);
    });
  }
}
