// What stands above each other in the page: the human's part and the machine's, as they are at a moment.

import { html, type TemplateResult } from "lit";
import type { JamMode, JamPhrase } from "../protocol/messages";
import { counted } from "./bars";
import { STEPS_PER_BAR } from "./clock";
import type { Player } from "./player";
import { type Part, rangeOf } from "./score";
import type { Jam, Turn, Who } from "./session";

const DRUM_RANGE = [0, 8] as const;
type Given = Partial<Part>;

/** Before anything was played: what both are to do, by who plays. */
const BEFORE: Record<JamMode, readonly [(bars: string) => string, string]> = {
  trade: [(bars) => `count in, and play ${bars}`, "answers on the next bar line"],
  lead: [(bars) => `answer it with ${bars}`, "begins after the count-in"],
  follow: [() => "count in, and play on", "answers each phrase while you play the next"],
  machines: [() => "count in, and listen", "trades with a second one"],
  loop: [(bars) => `count in, and play ${bars}`, "plays them round as you played them"],
  morph: [(bars) => `count in, and play ${bars} twice`, "goes from the first to the second and back"],
};

/** The human's part (or a second machine's), and the machine's. */
export function partsAt(player: Player, now: number): readonly [Part, Part] {
  const { kind, settings, audition, jam } = player;
  let [yours, machines] = jam?.playing ? playedAt(player, jam, now) : pastOf(player);
  if (!jam && audition) {
    const head = (now - audition.seconds) / (15 / audition.bpm);
    const part: Given = { phrase: audition.phrase, head, state: "now" };
    if (audition.who === "machine") machines = part;
    else yours = part;
  }
  const phrases = [yours.phrase ?? null, machines.phrase ?? null];
  const range = kind === "melody" ? rangeOf(phrases) : DRUM_RANGE;
  const part = (machine: boolean, given: Given): Part => ({
    kind,
    phrase: null,
    head: null,
    state: "past",
    machine,
    range,
    steps: given.phrase?.steps ?? STEPS_PER_BAR * settings.bars,
    ...given,
  });
  return [part(false, yours), part(true, machines)];
}

function pastOf({ turns }: Player): [Given, Given] {
  const past = (who: readonly Who[]): Given => {
    const turn = turns.findLast((each) => who.includes(each.who));
    return { phrase: turn?.phrase ?? null, state: "past" };
  };
  return [past(["human", "second"]), past(["machine"])];
}

function playedAt(player: Player, jam: Jam, now: number): [Given, Given] {
  let [yours, machines] = pastOf(player);
  const { players, position } = jam.playing!;
  const head = jam.clock.position(now) - position;
  const of = (who: Who) => phraseAt(jam, who, position);
  if (players.includes("human")) yours = { phrase: jam.sofar, head, state: "now" };
  else if (players.includes("second")) yours = { phrase: of("second"), head, state: "now", machine: true };
  if (players.includes("machine")) machines = { phrase: of("machine"), head, state: "now" };
  else machines = coming(jam) ?? machines;
  return [yours, machines];
}

function phraseAt(jam: Jam, who: Who, position: number): JamPhrase | null {
  return jam.turns.findLast((each) => each.who === who && each.position === position)?.phrase ?? null;
}

function coming(jam: Jam): Given | null {
  const known = jam.coming && phraseAt(jam, "machine", jam.coming.position);
  const phrase = known ?? jam.foreseen?.phrase;
  return phrase ? { phrase, state: "coming" } : null;
}

/** One of them with its caption. */
export function lane(player: Player, who: "human" | "machine"): TemplateResult {
  const turn = player.turns.findLast((each) =>
    who === "machine" ? each.who === "machine" : each.who !== "machine",
  );
  const name = who === "machine" ? "The machine" : turn?.who === "second" ? "The second machine" : "You";
  const told = said(player, who, turn);
  return html`<figure class="jam-part" data-who=${who}>
    <figcaption><b>${name}</b> <span>${told}</span></figcaption>
    <canvas data-who=${who} role="img" aria-label="${name}: ${told}"></canvas>
  </figure>`;
}

/** What is played now, what is coming, or what was played last. */
function said({ jam, kind, settings }: Player, who: "human" | "machine", turn: Turn | undefined): string {
  const players = jam?.playing?.players ?? [];
  if (who === "human" && players.includes("human")) return "your turn";
  if (who === "machine" && jam && !players.includes("machine")) {
    const answer = jam.foreseen;
    if (answer) return `what comes, so far: ${counted(kind, answer.phrase)}`;
  }
  if (!turn) {
    const [yours, machines] = BEFORE[settings.mode];
    return who === "machine" ? machines : yours(settings.bars === 1 ? "a bar" : `${settings.bars} bars`);
  }
  return `${counted(kind, turn.phrase)}${turn.repeated ? "; late, so once more what was before" : ""}`;
}
