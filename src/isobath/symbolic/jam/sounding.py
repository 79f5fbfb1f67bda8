"""What happens in a jam as sound: the human on one kit, the machine on another, a click between them."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isobath.sound import kit, pluck
from isobath.sound.kit import Samples
from isobath.sound.mixing import Mixer
from isobath.symbolic.jam import latent_sounds
from isobath.symbolic.jam.settings import Event, Who

TUNES: dict[Who, float] = {"human": 1.0, "machine": 0.86, "second": 1.14}
"""Kits of their own: one sounds lower, one higher."""
PANS: dict[Who, float] = {"human": -0.35, "machine": 0.35, "second": -0.35}
GAIN, CLICK_GAIN = 0.7, 0.25
MIDDLE, WARM_NOTES, USUAL = 64, 48, 0.75
"""Notes that are made beforehand lie around the first, so many; and how hard they are played."""
BLOCK = 4096
DEGREES = 8
"""Of force, in which a drum is made."""


class Sounds:
    """Sounds of one rate, made once. A drum is made in a few degrees of force and its loudness is set
    exactly; where a degree is not made yet and nobody can wait, the nearest one is taken."""

    def __init__(self, rate: int, latent: Collection[Who] = ()) -> None:
        """latent: players whose instruments are models of sound."""
        self.rate, self.latent = rate, frozenset(latent)
        self._hits: dict[tuple[int, Who], dict[int, Samples]] = {}
        self._strings: set[tuple[int, Who]] = set()
        """Notes that a model of sound has made once; the next time is quick."""

    def warm(
        self,
        players: Sequence[Who] = ("human", "machine"),
        degrees: Sequence[int] = (5,),
        kind: str = "drums",
    ) -> None:
        """Make sounds beforehand, the likeliest first; may be called in another thread."""
        for degree in degrees if kind == "drums" else ():
            for who in players:
                for piece in range(kit.PIECES):
                    self.hit(piece, who, degree)
        for away in range(WARM_NOTES if kind == "melody" and len(degrees) > 1 else 0):
            for who in self.latent.intersection(players):
                self._note(MIDDLE + (away + 1) // 2 * (-1) ** away, USUAL, 0.2, who)

    def _note(self, pitch: int, force: float, seconds: float, who: Who, *, wait: bool = True) -> Samples:
        if who in self.latent and (wait or (pitch, who) in self._strings):
            made = latent_sounds.note(pitch, force, seconds, self.rate)
            self._strings.add((pitch, who))
            return made
        return pluck.note(pitch, force, seconds, self.rate)

    def hit(self, piece: int, who: Who, degree: int, *, wait: bool = True) -> tuple[Samples, int]:
        """A drum, and the degree of force it was made for."""
        made = self._hits.setdefault((piece, who), {})
        if degree not in made:
            if made and not wait:
                degree = min(list(made), key=lambda each: abs(each - degree))
            else:
                made_by = latent_sounds.hit if who in self.latent else kit.hit
                made[degree] = made_by(piece, degree / DEGREES, self.rate, TUNES[who])
        return made[degree], degree

    def of(self, event: Event, *, wait: bool = True) -> Sound:
        """What an event sounds like."""
        if event.kind == "click":
            sound = pluck.note(93 if event.pitch else 86, event.velocity, 0.03, self.rate)
            return Sound(sound, CLICK_GAIN)
        if event.kind == "note":
            velocity = max(1, math.ceil(event.velocity * DEGREES)) / DEGREES
            velocity = USUAL if event.who in self.latent and not wait else velocity
            lasts = max(0.02, round(event.length, 2))
            sound = self._note(event.pitch, velocity, lasts, event.who, wait=wait)
            return Sound(sound, GAIN * (event.velocity / velocity) ** pluck.LOUDNESS, PANS[event.who])
        degree = min(DEGREES, max(1, math.ceil(event.velocity * DEGREES)))
        sound, degree = self.hit(event.pitch, event.who, degree, wait=wait)
        gain = GAIN * (event.velocity * DEGREES / degree) ** kit.LOUDNESS
        hats = f"{event.who} hi-hat"
        return Sound(
            sound, gain, PANS[event.who],
            group=hats if event.pitch == kit.OPEN else "",
            chokes=hats if event.pitch in (kit.CLOSED, kit.OPEN) else "",
        )  # fmt: skip


@dataclass(frozen=True)
class Sound:
    """A sound and how it is put on the line."""

    sound: Samples
    gain: float
    pan: float = 0.0
    group: str = ""
    chokes: str = ""

    def put(self, mixer: Mixer, seconds: float) -> None:
        """Have it begin then; sample 0 is second 0."""
        at = round(seconds * mixer.rate)
        mixer.add(self.sound, at, gain=self.gain, pan=self.pan, group=self.group, chokes=self.chokes)


TAIL_SECONDS = 2.0
"""After the last event, for it to die away."""


def length_of(events: Sequence[Event], rate: int) -> int:
    """Samples of `blocks`."""
    return round(((events[-1].seconds if events else 0.0) + TAIL_SECONDS) * rate)


def blocks(events: Sequence[Event], rate: int, latent: Collection[Who] = ()) -> Iterator[NDArray[np.float32]]:
    """Events in order as sound, (2, samples) a block, from second 0 to a while after the last. latent:
    players whose instruments are models of sound."""
    mixer, sounds = Mixer(rate), Sounds(rate, latent)
    end = length_of(events, rate)
    at = 0
    while mixer.sample < end:
        samples = min(BLOCK, end - mixer.sample)
        while at < len(events) and events[at].seconds * rate < mixer.sample + samples:
            sounds.of(events[at]).put(mixer, events[at].seconds)
            at += 1
        yield mixer.mix(samples)
