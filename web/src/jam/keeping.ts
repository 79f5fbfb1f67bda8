// Sessions of the jam as they are kept by the server, and what of one a page goes on with.

import { get, post, url } from "../net/http";
import type {
  JamPlayed,
  JamSession,
  JamSessionKept,
  JamSetting,
  JamSpace,
  JamStretch,
  JamTurn,
} from "../protocol/messages";
import { PITCHES } from "./bars";
import { STEPS_PER_BAR } from "./clock";
import type { Jam, Turn } from "./session";
import { seenAt } from "./trails";

/** A session that goes on. */
export interface Going {
  readonly session: JamSession;
  readonly turns: readonly Turn[];
}

/** The bar line where the human begins again, after a count-in. */
export function whereNext(
  turns: readonly { position: number; phrase: { steps: number } }[],
  countIn: number,
): number {
  const end = Math.max(0, ...turns.map(({ position, phrase }) => position + phrase.steps));
  return STEPS_PER_BAR * (Math.ceil(end / STEPS_PER_BAR) + countIn);
}

/** All of a session as it is now, with what was before it. */
export function keptOf(
  jam: Jam,
  model: string,
  settings: JamSetting,
  name: string,
  before: JamSession | null,
): JamSession {
  const drums = jam.kind === "drums";
  const played = jam.played.map(
    ({ position, pitch, velocity, length }): JamPlayed => ({
      position,
      pitch: drums ? PITCHES[pitch]![0]! : pitch,
      velocity,
      length: drums ? 0.5 : length,
    }),
  );
  const turns = jam.turns.map(
    ({ who, position, phrase, place, repeated }): JamTurn => ({ who, position, phrase, place, repeated }),
  );
  return {
    name,
    model,
    settings,
    clock: clockOf(jam.clock.tempi, before?.clock ?? []),
    played: [...(before?.played ?? []), ...played],
    turns: [...(before?.turns ?? []), ...turns],
    missed: jam.missed + (before?.missed ?? 0),
    latent: before?.latent ?? [],
  };
}

/** One clock of both: the second begins when the first is where it begins. */
function clockOf(tempi: readonly JamStretch[], before: readonly JamStretch[]): readonly JamStretch[] {
  const first = tempi[0]!;
  const last = before.findLast((each) => each.position <= first.position);
  const begins = last === undefined ? 0 : last.seconds + ((first.position - last.position) * 15) / last.bpm;
  return [
    ...before.filter((each) => each.position < first.position),
    ...tempi.map(({ position, seconds, bpm }) => ({
      position,
      seconds: seconds - first.seconds + begins,
      bpm,
    })),
  ];
}

/** Its turns, and where they are seen. */
export function turnsOf(session: JamSession, space: JamSpace): readonly Turn[] {
  const dims = space.mean.length;
  return session.turns.map((turn) => ({
    ...turn,
    seen: turn.place.filter((each) => each.length === dims).map((each) => seenAt(space, each)),
  }));
}

/** Whether somebody would miss it: a human played, or two machines did. Where a machine alone went on before a
 * human who never began, nobody would. */
export function isWorthKeeping({ played, turns }: Pick<JamSession, "played" | "turns">): boolean {
  return played.length > 0 || turns.some(({ who }) => who === "second");
}

export async function allSessions(): Promise<readonly JamSessionKept[]> {
  return (await get("jam/sessions")).json() as Promise<JamSessionKept[]>;
}

export async function sessionOf(id: string): Promise<JamSession> {
  return (await get(`jam/sessions/${encodeURIComponent(id)}`)).json() as Promise<JamSession>;
}

export async function keepSession(id: string, session: JamSession): Promise<JamSessionKept> {
  const path = `jam/sessions/${encodeURIComponent(id)}`;
  return (await post(path, JSON.stringify(session), "application/json")).json() as Promise<JamSessionKept>;
}

export async function forgetSession(id: string): Promise<void> {
  await post(`jam/sessions/${encodeURIComponent(id)}/delete`, "");
}

/** Where a file of a session is fetched from. */
export function fileOf(id: string, file: "human.mid" | "machine.mid" | "both.mid" | "sound.wav"): string {
  return url(`jam/sessions/${encodeURIComponent(id)}/${file}`).href;
}
