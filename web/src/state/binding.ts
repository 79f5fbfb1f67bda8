// From the store to the sound: whatever changes in the piece is told to the instrument, and nothing else is.
// The one file that knows both.

import type { Instrument } from "../audio/instrument";
import { listens } from "../audio/listening";
import { tryOut } from "../audio/trial";
import type { Performer } from "../gesture/performer";
import { fetchBlob, fetchDescription } from "../net/http";
import type { ModelDescription } from "../net/models";
import { makeSource, type Piece, type Voice } from "../protocol/messages";
import { exploreOf } from "./explore";
import { fittedOf } from "./fitted";
import { followed, isSilent, listeningKey, listeningOf } from "./listening";
import { isUntried, type Place, placeOf, rememberPlaces } from "./places";
import { rateOf } from "./rate";
import { morphSeconds, wayOf } from "./scenes";
import { bindSpace } from "./space";
import type { State, Store } from "./store";

interface OnSlot {
  readonly id: string;
  readonly model: string;
  readonly seed: number;
  /** "both": its encoder is there too, so it can listen. */
  readonly part: "decoder" | "both";
  /** Where it is made; null until that is known. */
  place: Place | null;
  /** What it was last asked to hear; null until it plays, "" where that could not be had. */
  hears: string | null;
}

export function bind(store: Store, instrument: Instrument, performer: Performer): void {
  const slots: (OnSlot | null)[] = [];
  const tried = new Set<string>();
  const descriptions = new Map<string, Promise<ModelDescription>>();
  let touched = new Uint8Array(0);
  /** When the scene that was recalled last is there. */
  let arrives = 0;

  const complain = (problem: unknown): void => {
    const sentence = problem instanceof Error ? problem.message : String(problem);
    store.set({ notice: { kind: "error", sentence } });
  };

  /** Models that were missed; each is told of once. */
  const missed = new Set<string>();
  const miss = (state: State, slot: number, model: string): void => {
    if (state.models.length === 0) return; // the list is still to come
    if (slots[slot]) instrument.removeVoice(slot); // what sounded there before is not this voice
    slots[slot] = null;
    if (missed.has(model)) return;
    missed.add(model);
    complain(
      `The model “${model}” is not here, so its voice is silent. Put its file into the library, or choose another model for the voice.`,
    );
  };

  const describe = (model: string): Promise<ModelDescription> => {
    let found = descriptions.get(model);
    if (found === undefined) {
      found = fetchDescription(model).then((description) => {
        store.set({ descriptions: new Map(store.state.descriptions).set(model, description) });
        return description;
      });
      found.catch(() => descriptions.delete(model));
      descriptions.set(model, found);
    }
    return found;
  };

  const put = async (slot: number, wanted: OnSlot, sha256: string): Promise<void> => {
    const description = await describe(wanted.model);
    const place = placeOf(description, sha256, store.state.placed);
    const blob = place === "page" ? await fetchBlob(wanted.model, sha256, wanted.part) : null;
    if (slots[slot] !== wanted) return; // something else took the slot meanwhile
    if (placeOf(description, sha256, store.state.placed) !== place) return put(slot, wanted, sha256);
    wanted.place = place;
    const loaded = instrument.setVoice(slot, description, blob, wanted.seed);
    const { piece } = store.state;
    const voice = piece?.voices[slot];
    if (piece !== null && voice !== undefined) comeIn(piece, slot, voice, wanted);
    await loaded;
    if (blob !== null && isUntried(description, sha256, store.state.placed))
      tryModel(description, sha256, blob);
  };

  /** Whether the page is fast enough for a model, once; where it is not, the server makes it from then on. */
  const tryModel = (model: ModelDescription, sha256: string, blob: ArrayBuffer): void => {
    if (tried.has(sha256)) return;
    tried.add(sha256);
    tryOut(blob, model.sample_rate)
      .then((pace) => {
        if (pace === null) return;
        const { placed } = store.state;
        store.set({ placed: { ...placed, paces: { ...placed.paces, [sha256]: pace } } });
        if (placeOf(model, sha256, store.state.placed) === "server")
          store.set({
            notice: {
              kind: "information",
              sentence: `This browser is too slow for “${model.title}”, so the server makes it; the voice's settings say how late.`,
            },
          });
      })
      .catch(() => tried.delete(sha256));
  };

  /** What sounds are fetched at. */
  const rate = (): number => instrument.sampleRate || rateOf(store.state);

  /** Play at the rate of the piece, once nothing is recorded or played that would be cut in two. */
  const settleRate = (): void => {
    const busy = instrument.recordingTake || instrument.recordingSound || instrument.playingTake !== null;
    const wanted = rateOf(store.state);
    if (
      instrument.state !== "running" ||
      busy ||
      store.state.piece === null ||
      wanted === instrument.askedRate
    )
      return;
    instrument.start(wanted).catch(() => {}); // its failure is in `failure`
  };

  /** After another start: sounds are wanted at the rate it plays at now. */
  const hearAnew = (): void => {
    const { piece } = store.state;
    piece?.voices.forEach((voice, slot) => {
      const on = slots[slot];
      if (on?.id !== voice.id || !on.hears || on.hears === listeningKey(piece, voice, rate())) return;
      hear(piece, slot, voice, on);
    });
  };

  /** A voice that a scene has brought rises in what is left of the scene's time. */
  const comeIn = (piece: Piece, slot: number, voice: Voice, on: OnSlot): void => {
    const seconds = (arrives - performance.now()) / 1000;
    if (seconds > 0) instrument.setShaping(slot, voice.shaping, voice.gain_db, voice.pan, true);
    if (seconds > 0) instrument.recall(null, seconds, () => tellAll(piece, slot, voice, on));
    else tellAll(piece, slot, voice, on);
  };

  const tellAll = (piece: Piece, slot: number, voice: Voice, on: OnSlot): void => {
    instrument.setShaping(slot, voice.shaping, voice.gain_db, voice.pan, isSilent(piece, voice));
    hear(piece, slot, voice, on);
    instrument.setMapping(slot, fittedOf(voice, voice.side));
    instrument.setSafety(slot, knownOf(voice), voice.foresight);
    instrument.setLatent(slot, directOf(store.state, slot, voice));
    instrument.setInTime(slot, voice.bars, piece.tempo.bpm);
  };

  /** Tell what a voice listens to once it is here; until then, and where it cannot be had, it is the performer's. */
  const hear = (piece: Piece, slot: number, voice: Voice, on: OnSlot): void => {
    const key = listeningKey(piece, voice, rate());
    on.hears = key;
    const still = (): Voice | undefined =>
      slots[slot] === on && on.hears === key ? store.state.piece?.voices[slot] : undefined;
    describe(voice.model)
      .then((model) => listeningOf(piece, voice, model, rate()))
      .then((listening) => {
        const now = still();
        if (now !== undefined) instrument.setSource(slot, now.source, listening);
      })
      .catch((problem) => {
        if (still() === undefined) return;
        on.hears = "";
        instrument.setSource(slot, makeSource(), { kind: "nobody" });
        complain(problem);
      });
  };

  const leaders: string[] = [];
  const followLeaders = (state: State): void => {
    const { piece, descriptions } = state;
    piece?.voices.forEach((voice, slot) => {
      const following = followed(piece, voice, descriptions);
      const key =
        following === null
          ? ""
          : `${following.leader} ${piece.voices[following.leader]?.model} ${voice.model}`;
      if (key === (leaders[slot] ?? "")) return;
      leaders[slot] = key;
      instrument.setFollowing(slot, following);
    });
  };

  const follow = (state: State, previous: State): void => {
    const { piece } = state;
    const before = previous.piece;
    if (piece?.axes !== before?.axes) {
      performer.setAxes(piece?.axes ?? []);
      instrument.setAxes(piece?.axes ?? []);
    }
    if (piece?.takes !== before?.takes) instrument.setTakes(piece?.takes ?? []);
    if (piece !== null && piece.master !== before?.master) instrument.setMaster(piece.master);
    if (state.voice !== previous.voice) instrument.watch(state.voice);
    if (piece !== null && piece.tempo !== before?.tempo) instrument.setTempo(piece.tempo);
    instrument.scene = piece?.scene ?? null;
    const seconds = piece === null || before == null ? null : morphSeconds(before, piece);
    if (seconds === null || piece === null) followVoices(state, previous);
    else {
      arrives = performance.now() + 1000 * seconds;
      instrument.recall(piece.scene, seconds, () => followVoices(state, previous));
    }
    if (piece?.voices !== before?.voices || state.descriptions !== previous.descriptions)
      followLeaders(state);
    if (piece?.voices !== before?.voices || state.models !== previous.models) settleRate();
    if (piece?.voices !== before?.voices)
      instrument.setInput(piece?.voices.some((voice) => voice.source.kind === "input") ?? false);
  };

  const followVoices = (state: State, previous: State): void => {
    const voices = state.piece?.voices ?? [];
    voices.forEach((voice, slot) => {
      const on = slots[slot];
      const summary = state.models.find((model) => model.name === voice.model);
      const deaf = on?.part === "decoder" && listens(voice.source) && summary?.encodes === true;
      const elsewhere =
        on?.place != null && on.place !== (wantedPlace(state, voice, summary?.sha256) ?? on.place);
      if (
        on?.id !== voice.id ||
        on.model !== voice.model ||
        on.seed !== voice.seed ||
        (deaf && on.place !== "server") ||
        elsewhere
      ) {
        if (summary === undefined) {
          miss(state, slot, voice.model);
          return;
        }
        missed.delete(voice.model);
        const part: OnSlot["part"] = listens(voice.source) && summary.encodes ? "both" : "decoder";
        const { id, model, seed } = voice;
        const wanted: OnSlot = { id, model, seed, part, place: null, hears: null };
        slots[slot] = wanted;
        put(slot, wanted, summary.sha256).catch((problem) => {
          if (slots[slot] === wanted) slots[slot] = null;
          complain(problem);
        });
      } else followVoice(slot, voice, state, previous);
    });
    for (let slot = voices.length; slot < slots.length; slot++) {
      if (slots[slot] !== null) instrument.removeVoice(slot);
    }
    slots.length = Math.min(slots.length, voices.length);
  };

  const followVoice = (slot: number, voice: Voice, state: State, previous: State): void => {
    const before = previous.piece?.voices[slot];
    const { piece } = state;
    if (piece === null) return;
    const silent = isSilent(piece, voice);
    if (
      before === undefined ||
      previous.piece === null ||
      voice.shaping !== before.shaping ||
      voice.gain_db !== before.gain_db ||
      voice.pan !== before.pan ||
      silent !== isSilent(previous.piece, before)
    )
      instrument.setShaping(slot, voice.shaping, voice.gain_db, voice.pan, silent);
    const mapping = fittedOf(voice, voice.side);
    if (before === undefined || mapping !== fittedOf(before, before.side))
      instrument.setMapping(slot, mapping);
    if (before === undefined || knownOf(voice) !== knownOf(before) || voice.foresight !== before.foresight)
      instrument.setSafety(slot, knownOf(voice), voice.foresight);
    if (voice.bars !== before?.bars || piece.tempo !== previous.piece?.tempo)
      instrument.setInTime(slot, voice.bars, piece.tempo.bpm);
    const direct = directOf(state, slot, voice);
    if (before === undefined || direct !== directOf(previous, slot, before))
      instrument.setLatent(slot, direct);
    const on = slots[slot];
    if (!on || on.hears === null) return; // it is told all once it plays
    const another = on.hears !== listeningKey(piece, voice, rate());
    if (another && (on.hears !== "" || voice.source !== before?.source)) hear(piece, slot, voice, on);
    else if (voice.source !== before?.source) instrument.setSource(slot, voice.source, null);
  };

  instrument.addEventListener("complaint", (event) => complain((event as CustomEvent<string>).detail));
  instrument.addEventListener("state", () => {
    settleRate();
    if (instrument.state === "running") hearAnew();
  });
  for (const over of ["take", "playing"]) instrument.addEventListener(over, settleRate);
  instrument.ways = (take) => {
    const { piece, descriptions: models } = store.state;
    return piece === null ? null : wayOf(piece, take, models);
  };
  store.subscribe(follow);
  store.subscribe((state, previous) => {
    if (state.placed !== previous.placed) rememberPlaces(state.placed);
  });
  performer.listen(() => {
    const { values } = performer;
    if (touched.length !== values.length) touched = new Uint8Array(values.length);
    for (let i = 0; i < touched.length; i++) touched[i] = performer.isTouched(i) ? 1 : 0;
    instrument.setGesture(values, touched);
  });
  bindSpace(store, instrument, rate, complain);
  follow(store.state, { ...store.state, piece: null });
}

/** What is known of a voice that the performer alone plays: where a source speaks too, nothing is. */
function knownOf(voice: Voice): Voice["safety"] {
  return voice.source.kind === "gesture" ? voice.safety : null;
}

/** Where a voice belongs now; null while its model is not known. */
function wantedPlace(state: State, voice: Voice, sha256: string | undefined): Place | null {
  const model = state.descriptions.get(voice.model);
  return model === undefined || sha256 === undefined ? null : placeOf(model, sha256, state.placed);
}

/** While exploring, the edited voice sounds what its sliders say; every other voice plays its mapping. */
function directOf(state: State, slot: number, voice: Voice): readonly number[] | null {
  if (state.listen !== "explore" || slot !== state.voice) return null;
  const { latent } = exploreOf(state, voice);
  return latent.length > 0 ? latent : null;
}
