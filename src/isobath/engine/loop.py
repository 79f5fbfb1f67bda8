"""The one loop: gesture -> mapping -> latent -> player -> sound (docs/engine.md).

The page's audio worklet does the same steps over the same kernel, so a take sounds the same here
and there:

- a player is reset with the take's seed; slot i draws its noise from seed + i;
- whenever voices are due, the gesture that holds at this very sample is asked for once, each
  of those voices gets its latent, and the player renders to the next due frame;
- the take's frame is counted in samples, so all voices see the gesture of one moment,
  whatever their hops;
- where a voice's safety map knows the place to be too loud, it is turned down in the same breath, and
  where it is made apart and comes later, until what was asked for there has been heard;
- in a world that places its voices, the gesture is also the walker's pose (space.py);
- voices that listen are given what comes in during the stretch before it is rendered, and those
  that dream the next latent of their dream whenever they are due;
- the limiter looks ahead: what is rendered here drops its first `player.delay` samples and
  runs that many longer, so that frame f sounds at sample f * hop.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from isobath.engine.apart import Apart
from isobath.engine.controls import Controls
from isobath.engine.player import VOICES, Player
from isobath.engine.sources import NOBODY, Dream, Sources
from isobath.engine.voices import Played, rate_of
from isobath.errors import PieceError
from isobath.types import Audio, Gesture

GestureAt = Callable[[int], Gesture]
"""Sample since the start -> the gesture that holds there (axes,)."""


class Sounding(Protocol):
    """A voice as the loop asks it: `Played`, or one that changes while it sounds (`Morphing`)."""

    def trim(self, gesture: Gesture) -> float:
        """What it is turned down by."""

    def latent(self, gesture: Gesture) -> NDArray[np.float64]:
        """What a gesture means to it."""


def player_of(
    voices: Sequence[Played],
    controls: Controls,
    channels: int = 2,
    sources: Sources = NOBODY,
    sample_rate: int | None = None,
) -> Player:
    """A player with every voice on its slot, its ear open, and the controls set. Reset it before playing.

    sample_rate: Hz; None: the piece's own.
    """
    if not voices:
        raise PieceError("This piece has no voices, so there is nothing to hear. Add one.")
    if len(voices) > VOICES:
        raise PieceError(f"This piece has {len(voices)} voices; {VOICES} can sound at once. Remove some.")
    player = Player(sample_rate or rate_of(voices), channels)
    for slot, voice in enumerate(voices):
        if slot in sources.aparts:
            player.feed(slot, voice.model.channels, voice.model.hop, voice.model.sample_rate)
        else:
            player.put(slot, voice.model)
    sources.attach(player, controls)
    player.set(controls)
    return player


def sound(
    player: Player,
    voices: Sequence[Sounding],
    gesture_at: GestureAt,
    seed: int,
    sources: Sources = NOBODY,
    most: Callable[[], int | None] = lambda: None,
) -> Iterator[Audio]:
    """Everything the player makes from a fresh start on, stretch by stretch, for ever.

    most: how many samples the next stretch may have, where somebody has to stop within it; the samples are
    the same.
    """
    player.reset(seed)
    for slot, apart in sources.aparts.items():
        apart.reset(seed + slot)
    dreams: dict[int, Dream] = {slot: begin() for slot, begin in sources.dreams.items()}
    latents: list[NDArray[np.float64] | None] = [None] * len(voices)
    gestures: list[Gesture | None] = [None] * len(voices)
    made = dict.fromkeys(sources.aparts, 0)
    lately = {slot: _lately(apart) for slot, apart in sources.aparts.items()}
    trims = [1.0] * len(voices)
    position = 0
    while True:
        wait, due = player.due()
        if wait == 0:
            gesture = gesture_at(position)
            if player.space is not None:
                player.space.stand(gesture)
            for slot in due:
                if gestures[slot] is not gesture or latents[slot] is None:
                    gestures[slot], latents[slot] = gesture, voices[slot].latent(gesture)
                    player.incoming(slot, latents[slot])  # type: ignore[arg-type]
                    trims[slot] = voices[slot].trim(gesture)
                    player.trim(slot, trims[slot])
                if slot in lately:
                    lately[slot].append(trims[slot])
                    player.trim(slot, min(lately[slot]))
                given = next(dreams[slot]) if slot in dreams else None
                if slot in sources.aparts:
                    player.fill(slot, _made_apart(sources, slot, made[slot], latents[slot], given))
                    made[slot] += 1
                elif given is not None:
                    player.give(slot, given)
        stretch, limit = player.stretch(), most()
        if limit is not None:
            stretch = max(1, min(stretch, limit))
        for slot in sources.heard.keys() - sources.aparts.keys():
            player.hear(slot, sources.heard[slot](position, stretch))
        yield player.render(stretch)
        position += stretch


def _lately(apart: Apart) -> deque[float]:
    """What a voice made apart was turned down by while what is heard now was on its way."""
    return deque([1.0], maxlen=1 + math.ceil(apart.model.delay / apart.model.hop))


def _made_apart(
    sources: Sources,
    slot: int,
    frame: int,
    latent: NDArray[np.float64] | None,
    given: NDArray[np.floating] | None,
) -> Audio:
    """The next hop of a voice that is fed; it hears the hop that has just ended, at its model's rate."""
    apart, heard = sources.aparts[slot], sources.heard.get(slot)
    hop = apart.model.hop
    came = heard((frame - 1) * hop, hop) if heard is not None and frame > 0 else None
    assert latent is not None
    return apart.hop(latent, came, given)


def aligned(stretches: Iterator[Audio], delay: int, samples: int) -> Iterator[Audio]:
    """`samples` of sound without the limiter's delay: the first `delay` samples are dropped."""
    skip, left = delay, samples
    while left > 0:
        whole = next(stretches)
        block = whole[:, skip:][:, :left]
        skip = max(0, skip - whole.shape[1])
        left -= block.shape[1]
        if block.shape[1]:
            yield block
