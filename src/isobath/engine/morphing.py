"""A voice whose mapping, shaping and level can be exchanged while it sounds, at once or over seconds.

Asked for a latent once a frame. A new mapping is blended in over 50 ms, as ever; with a scene that takes
its time, over that time, and shaping, level and place glide along, frame by frame. What interrupts a long way
sets out from what is heard: the difference to where it would have been dies away. The page's source.ts has
the same numbers (docs/engine.md, "Scenes").
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from isobath.engine.controls import Controls, VoiceControls
from isobath.engine.player import GAIN, Player
from isobath.engine.voices import Played, translated
from isobath.mapping import Mapping
from isobath.mapping.blend import BLEND_SECONDS, Blend
from isobath.types import Gesture

THAW_SECONDS = 0.3
"""From frozen latents back to the gesture's."""


def between(old: NDArray[np.float32], new: NDArray[np.float32], share: float) -> NDArray[np.float32]:
    """Shaping on the way: a straight line for everything but the gain, whose square goes straight, so that
    two voices that change places are as loud together."""
    found = old + np.float32(share) * (new - old)
    power = (1.0 - share) * float(old[GAIN]) ** 2 + share * float(new[GAIN]) ** 2
    found[GAIN] = np.sqrt(power)
    return found


class Morphing:
    """One voice on its slot."""

    def __init__(self, voice: Played, slot: int) -> None:
        self.played, self.model, self.slot = voice, voice.model, slot
        self.leader: Morphing | None = None
        """Whom it follows."""
        self.blend = Blend(voice.mapping)
        self._frame = voice.model.hop / voice.model.sample_rate
        self._step = self._frame / BLEND_SECONDS
        self._long = False
        self._before: Played | None = None
        """Whose foresight it comes from, on a long way."""
        self._offset: NDArray[np.float64] | None = None
        self._left, self._fall = 0.0, 1.0
        self._gesture: Gesture | None = None
        self._anew = False
        self._glide: tuple[NDArray[np.float32], NDArray[np.float32], float, float] | None = None
        self._player: Player | None = None
        self._base = self._old_base = voice.base
        """What no mapping decides; on a long way it moves along."""
        self._latent: NDArray[np.float64] | None = None
        self._direct: NDArray[np.float64] | None = None
        self._is_direct = False
        self._share = 0.0
        """0: the mapping is heard; 1: the latent given directly."""
        self.frozen = False

    # ------------------------------------------------------------------------------ changes

    def towards(self, voice: Played, seconds: float | None = None) -> None:
        """Another mapping, base and foresight from now on; seconds: of a scene that takes its time."""
        before, self.played, self._anew = self.played, voice, True
        long = seconds is not None and seconds > BLEND_SECONDS
        if voice.mapping is self.newest and not long:
            return
        if self._gesture is None:
            self.blend = Blend(voice.mapping)
        elif long or (self._long and self.blend.position < 1.0):
            self._turn(before, voice.mapping, seconds if long and seconds is not None else None)
        else:
            self._long, self._step = False, self._frame / BLEND_SECONDS
            self.blend = self.blend.towards(voice.mapping)

    def _turn(self, before: Played, mapping: Mapping | None, seconds: float | None) -> None:
        """Set out anew from what is heard; without seconds, go on where it was going, to something new."""
        assert self._gesture is not None
        gesture, base = self._gesture, self._base
        heard = self.reached(gesture)
        blend = self.blend
        if seconds is None:
            self.blend = Blend(mapping, blend.old, blend.position)
            self._fall = self._frame / BLEND_SECONDS
        else:
            start = blend.old if blend.position < 0.5 else blend.current
            self.blend = Blend(mapping, start, 0.0)
            self._step = self._fall = self._frame / seconds
            self._long, self._before = True, before
        self._offset = heard - np.asarray(self.blend(gesture, base), dtype=np.float64)
        self._left = 1.0

    def glide(self, player: Player, controls: VoiceControls, seconds: float | None) -> None:
        """Shaping, level and place: at once, or over so many seconds."""
        self._player, self._glide, self._old_base = player, None, self._base
        if seconds is None or seconds <= BLEND_SECONDS:
            self._base = self.played.base
            player.shape(self.slot, controls)
            return
        old = player.shaping(self.slot)
        player.shape(self.slot, controls)
        new = player.shaping(self.slot)
        player.set_shaping(self.slot, old)
        self._glide = (old, new, 0.0, self._frame / seconds)

    def direct(self, latent: Sequence[float] | None) -> None:
        """Play a latent (dims,) instead of the mapping, or the mapping again: blended in over 50 ms."""
        self._is_direct, self._anew = latent is not None, True
        if latent is not None:
            given = np.asarray(latent, dtype=np.float64)[: self.model.dims]
            self._direct = self._base.copy()
            self._direct[: len(given)] = np.where(np.isfinite(given), given, self._direct[: len(given)])
        if self._gesture is None:
            self._share = float(self._is_direct)

    def freeze(self, on: bool) -> None:
        """Hold the latent, or glide from it to what the gesture means."""
        if self.frozen and not on and self._latent is not None and self._gesture is not None:
            target = self._meant(self._gesture)
            self._offset, self._left = self._latent - target, 1.0
            self._fall = self._frame / THAW_SECONDS
        self.frozen = on

    def settle(self) -> None:
        """End every way: for a fresh start that must sound the same every time."""
        self.blend = Blend(self.newest)
        self._left, self._long, self._gesture = 0.0, False, None
        self._share = float(self._is_direct)
        if self._glide is not None and self._player is not None:
            self._player.set_shaping(self.slot, self._glide[1])
        self._glide, self._base = None, self.played.base

    # ------------------------------------------------------------------------------- asking

    @property
    def newest(self) -> Mapping | None:
        """The mapping that will be played in the end."""
        return self.blend.waiting[0] if self.blend.waiting else self.blend.current

    @property
    def moves(self) -> bool:
        """Between two states, or just changed: the same gesture means something else the next time."""
        own = self._anew or self.blend.position < 1.0 or self._left > 0.0 or self._glide is not None
        own = own or self._share != float(self._is_direct)
        return own or (self.leader is not None and self.leader.moves)

    def trim(self, gesture: Gesture) -> float:
        """What `Played.trim` says, between two where a scene takes its time; a latent that is given
        directly is heard as it is."""
        found = self.played.trim(gesture)
        if self._long and self._before is not None and self.blend.position < 1.0:
            old = self._before.trim(gesture)
            found = old + self.blend.position * (found - old)
        return found + self._share * (1.0 - found)

    def latent(self, gesture: Gesture) -> NDArray[np.float64]:
        """The next frame's."""
        self._anew = False
        step = min(1.0, self._frame / BLEND_SECONDS)
        self._share = min(1.0, max(0.0, self._share + (step if self._is_direct else -step)))
        self._go_on()
        if self.frozen and self._latent is not None:
            self._gesture = gesture
            return self._latent
        found = self._meant(gesture)
        if self._offset is not None and self._left > 0.0:
            found = found + self._left * self._offset
        found = self._mixed(found)
        self._left = max(0.0, self._left - self._fall)
        self._gesture, self._latent = gesture, found
        self.blend = self.blend.advanced(self._step)
        if self.blend.position >= 1.0:
            self._long, self._step, self._before = False, self._frame / BLEND_SECONDS, None
        return found

    def _go_on(self) -> None:
        """A frame further on the way of the shaping."""
        if self._glide is None or self._player is None:
            return
        old, new, share, step = self._glide
        self._player.set_shaping(self.slot, between(old, new, share) if share < 1.0 else new)
        self._base = self._old_base + min(1.0, share) * (self.played.base - self._old_base)
        self._glide = (old, new, share + step, step) if share < 1.0 else None

    def _meant(self, gesture: Gesture) -> NDArray[np.float64]:
        if self.leader is None:
            return np.asarray(self.blend(gesture, self._base), dtype=np.float64)
        theirs = self.leader.heard(gesture)
        return translated(theirs, self.leader.model, self.model, self._base)

    def reached(self, gesture: Gesture) -> NDArray[np.float64]:
        """What is heard of the mapping at a gesture; nothing moves on."""
        found = np.asarray(self.blend(gesture, self._base), dtype=np.float64)
        return found if self._offset is None else found + self._left * self._offset

    def heard(self, gesture: Gesture) -> NDArray[np.float64]:
        """The same with the latent that is given directly: what whoever follows this voice follows."""
        return self._mixed(self.reached(gesture))

    def _mixed(self, latent: NDArray[np.float64]) -> NDArray[np.float64]:
        if self._direct is None or self._share == 0.0:
            return latent
        return latent + self._share * (self._direct - latent) if self._share < 1.0 else self._direct

    @property
    def said(self) -> NDArray[np.float64] | None:
        """The last frame's, before source and shaping."""
        return self._latent


def morphings(voices: Sequence[Played]) -> list[Morphing]:
    """One for each voice, with whom it follows."""
    found = [Morphing(voice, slot) for slot, voice in enumerate(voices)]
    _lead(found, voices)
    return found


def go_over(
    found: Sequence[Morphing],
    voices: Sequence[Played],
    player: Player,
    controls: Controls,
    seconds: float | None = None,
    *,
    master: bool = True,
) -> None:
    """All voices to what they now are, and the master, at once or in a scene's time."""
    for each, voice in zip(found, voices, strict=True):
        each.towards(voice, seconds)
        each.glide(player, controls.voices[each.slot], seconds)
    if master:
        player.master(controls.master)
    _lead(found, voices)


def _lead(found: Sequence[Morphing], voices: Sequence[Played]) -> None:
    own = {id(voice): each for each, voice in zip(found, voices, strict=True)}
    for each, voice in zip(found, voices, strict=True):
        each.leader = None if voice.leader is None else own.get(id(voice.leader))
