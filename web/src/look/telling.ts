// What is heard, told to the server for other programs. It goes on when nobody looks at the page, hence a timer
// and not the loop of the drawings: browsers spare a page that sounds when they slow the timers of hidden ones.

import type { Instrument, Meters } from "../audio/instrument";
import type { Performer } from "../gesture/performer";
import type { Link } from "../net/link";
import { BINS, Descriptors, SNAPSHOTS_A_SECOND } from "./descriptors";

type Sounding = Pick<Instrument, "addEventListener" | "sampleRate" | "spectrum"> & {
  /** The stage plays, and tells by itself. */
  readonly onStage?: boolean;
};

/** Tell `link` what `instrument` sounds like and where the performer is, from its first sound on. */
export function tellHeard(
  instrument: Sounding,
  link: Pick<Link, "heeded" | "heard">,
  performer: Pick<Performer, "values" | "pose">,
): void {
  const spectrum = new Float32Array(BINS);
  let meters: Meters | null = null;
  let descriptors: Descriptors | null = null;
  instrument.addEventListener("meters", (event) => {
    meters = (event as CustomEvent<Meters>).detail;
  });
  setInterval(() => {
    if (!link.heeded || meters === null || instrument.onStage) return;
    if (descriptors?.sampleRate !== instrument.sampleRate)
      descriptors = new Descriptors(instrument.sampleRate);
    instrument.spectrum(spectrum);
    const { loudness, brightness, onset, bands, latent } = descriptors.hear(spectrum, meters.latent);
    link.heard({
      loudness,
      brightness,
      onset,
      bands: [...bands],
      latent: [...latent],
      axes: [...performer.values],
      pose: [...performer.pose],
    });
  }, 1000 / SNAPSHOTS_A_SECOND);
}
