"""A model of bars as a voice: latents in, frame after frame, and the sound of its notes out.

It has the face of a model that runs apart (`isobath.engine.apart`), so the loop, the stage and the page's
streams play it as they play any other. Only its frames are short and its hops are bars: half a sixteenth
before each line the latent that holds there is decoded, and what the phrase has up to the next line is
played, every hit where it lies between the sixteenths.
"""

from __future__ import annotations

import heapq
import math
import threading
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from isobath.errors import ModelMismatch
from isobath.models.coder import USUAL_LUFS
from isobath.models.description import LatentStatistics, Percentiles
from isobath.protocol.piece import BarsPlayed
from isobath.sound.mixing import Mixer
from isobath.symbolic.bars import STEPS_PER_BAR, Bars, Drums
from isobath.symbolic.jam.answering import one_thread, part
from isobath.symbolic.jam.session import NoteOf, notes_of
from isobath.symbolic.jam.settings import Event, Who
from isobath.symbolic.jam.sounding import DEGREES, Sound, Sounds
from isobath.symbolic.model import SymbolicModel

RATE, HOP = 44100, 512
"""As the bundled models of sound; a frame is 12 ms."""
DECIDED_STEPS = 0.5
"""Before a line, so that an early hit on it can be early."""
PANS = (0.0, 0.06, 0.34, 0.34, -0.4, -0.12, 0.22, -0.5, 0.5)
"""Where the pieces of the kit stand."""
SLOWEST_BPM, FASTEST_BPM = 20.0, 300.0

Latents = NDArray[np.float32]


@dataclass(frozen=True)
class BarsDescription:
    """What is known of its latents, as of a model of sound."""

    name: str
    latent: LatentStatistics


class PlayedBars:
    """A model of bars with the face of a model of sound. Listens to nothing."""

    channels, input_channels = 2, 2
    delay = 0
    can_encode = False
    match_lufs = USUAL_LUFS

    def __init__(
        self, model: SymbolicModel, sample_rate: int = RATE, hop: int = HOP, *, live: bool = False
    ) -> None:
        """live: whoever plays it cannot wait for a sound to be made."""
        self.model, self.name, self.dims = model, model.name, model.dims
        self.sample_rate, self.hop, self.live = sample_rate, hop, live
        self.description = BarsDescription(model.name, latent_of(model))

    def decoder(self) -> BarsSounding:
        """One player of it, from the beginning."""
        return BarsSounding(self.model, self.sample_rate, self.hop, waits=not self.live)

    def encoder(self) -> object:
        """It has none. Raises ModelMismatch."""
        raise ModelMismatch(
            f"{self.name} is a model of bars: it plays notes and cannot listen to sound. Let its voice "
            "follow the performer, or choose another model."
        )

    def close(self) -> None:
        """Nothing is to be ended."""


def latent_of(model: SymbolicModel) -> LatentStatistics:
    """Its latents as models of sound describe theirs."""
    known = model.statistics
    deviation = [float(each) for each in known.deviation]
    return LatentStatistics(
        mean=[float(each) for each in known.mean],
        std=deviation,
        covariance=np.diag(np.square(deviation)).tolist(),
        percentiles=Percentiles(
            [1.0, 99.0], [[float(a), float(b)] for a, b in zip(known.low, known.high, strict=True)]
        ),
        explained=(np.square(deviation) / np.sum(np.square(deviation))).tolist(),
        labels=["" for _ in deviation],
        known_radius=3.0,
    )


class BarsSounding:
    """The sound of a model of bars, hop by hop. The same latents make the same samples; but where nobody
    waits, a note of a model of sound is our own string's until it has been made."""

    def __init__(self, model: SymbolicModel, rate: int, hop: int, *, waits: bool = True) -> None:
        """waits: for a note to be made, which takes a second at times."""
        self._model, self._rate, self._hop, self._waits = model, rate, hop, waits
        self._sounds = self._instrument(BarsPlayed())
        with one_thread():
            model.decode(model.statistics.mean)  # the first time takes longest
        self._played = BarsPlayed()
        self._bpm = 120.0
        self._known: tuple[bytes, Bars] | None = None
        self._mixer = Mixer(rate)
        self._sample, self._line, self._order = 0, 0, 0
        self._since = (0.0, 0)
        self._notes: list[tuple[int, float, int, Event]] = []

    def attend(self, played: BarsPlayed, bpm: float) -> None:
        """How it plays from now on; another tempo goes on from where it is."""
        bpm = min(FASTEST_BPM, max(SLOWEST_BPM, bpm)) if math.isfinite(bpm) else self._bpm
        if bpm != self._bpm:
            self._since, self._bpm = (self._position(self._sample), self._sample), bpm
            self._notes = [(self._sample_at(n[1]), *n[1:]) for n in self._notes]
            heapq.heapify(self._notes)
        if played.sounds != self._played.sounds:
            self._sounds_of(played)
        self._played = played

    def _sounds_of(self, played: BarsPlayed) -> None:
        """Another instrument. While it plays nobody may wait for it: it is heard once it is made."""
        if self._sample == 0:
            self._sounds = self._instrument(played)
            return

        def make() -> None:
            made = self._instrument(played)
            if self._played.sounds == played.sounds:
                self._sounds = made

        threading.Thread(target=make, name="isobath-bars-sounds", daemon=True).start()

    def _instrument(self, played: BarsPlayed) -> Sounds:
        """Our own sounds, or those of models, made beforehand as far as there are few."""
        latent: tuple[Who, ...] = ("human",) if played.sounds == "latent" else ()
        sounds = Sounds(self._rate, latent)
        if self._model.kind == "drums":
            sounds.warm(("human",), range(1, DEGREES + 1))
        elif latent and not self._waits:
            makes = partial(sounds.warm, ("human",), range(1, DEGREES + 1), self._model.kind)
            threading.Thread(target=makes, name="isobath-bars-notes", daemon=True).start()
        return sounds

    def reset(self, voice: int = -1, seed: int = 0) -> None:  # noqa: ARG002  nothing here is drawn
        """From the first bar line on."""
        self._mixer = Mixer(self._rate)
        self._sample, self._line, self._order = 0, 0, 0
        self._since = (0.0, 0)
        self._notes = []

    def __call__(self, block: Latents) -> NDArray[np.float32]:
        """(dims, frames) to (2, frames * hop)."""
        hops = [self._make(block[:, frame]) for frame in range(block.shape[1])]
        return np.concatenate(hops, axis=1) if hops else np.zeros((2, 0), np.float32)

    @property
    def bars(self) -> Bars | None:
        """The phrase that was decoded last."""
        return None if self._known is None else self._known[1]

    # ---------------------------------------------------------------------------- a hop

    def _make(self, latent: Latents) -> NDArray[np.float32]:
        end = self._sample + self._hop
        while self._position(end) >= self._line - DECIDED_STEPS:
            self._decide(latent)
        while self._notes and self._notes[0][0] < end:
            at, _, _, event = heapq.heappop(self._notes)
            sound, mixed = self._sound(event), max(at, self._sample)
            self._mixer.add(
                sound.sound, mixed, gain=sound.gain, pan=sound.pan, group=sound.group, chokes=sound.chokes
            )
        self._sample = end
        return self._mixer.mix(self._hop)

    def _position(self, sample: int) -> float:
        position, since = self._since
        return position + (sample - since) * self._bpm / (15.0 * self._rate)

    def _sample_at(self, position: float) -> int:
        at, since = self._since
        return since + round((position - at) * 15.0 * self._rate / self._bpm)

    def _decide(self, latent: Latents) -> None:
        """The next line is near: what is played from it up to the one after it."""
        steps = self._model.steps
        unit = {"step": 1, "beat": 4, "bar": STEPS_PER_BAR, "phrase": steps}[self._played.every]
        end = min((self._line // unit + 1) * unit, (self._line // steps + 1) * steps)
        for position, kind, pitch, velocity, length in self._between(self._phrase(latent), end):
            if velocity <= 0.0:
                continue
            event = Event(0.0, "human", kind, pitch, velocity, length * 15.0 / self._bpm)
            self._order += 1
            heapq.heappush(self._notes, (self._sample_at(position), position, self._order, event))
        self._line = end

    def _between(self, phrase: Bars, end: int) -> list[NoteOf]:
        """What a phrase has from the line on, up to another."""
        first = self._line % phrase.steps
        if isinstance(phrase, Drums):
            return list(notes_of(part(phrase, first, end - self._line), self._line))
        whole = notes_of(phrase, self._line - first)  # a note may last beyond
        return [note for note in whole if self._line <= note[0] < end]

    def _phrase(self, latent: Latents) -> Bars:
        key = latent.tobytes()
        if self._known is None or self._known[0] != key:
            with one_thread():
                self._known = key, self._model.decode(np.asarray(latent, np.float32))
        return self._known[1]

    def _sound(self, event: Event) -> Sound:
        sound = self._sounds.of(event, wait=self._waits)
        if event.kind == "drum":
            return replace(sound, pan=PANS[event.pitch])
        return replace(sound, pan=0.0, group="string", chokes="string")
