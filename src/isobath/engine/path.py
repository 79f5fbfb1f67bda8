"""A take that goes through scenes, as sound (docs/engine.md, "Scenes")."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from isobath.engine.controls import Controls
from isobath.engine.loop import sound
from isobath.engine.morphing import go_over, morphings
from isobath.engine.player import Player
from isobath.engine.scenes import Station, station_at
from isobath.engine.sources import Sources
from isobath.engine.takes import TakeReader
from isobath.engine.voices import Played
from isobath.protocol.piece import Take
from isobath.types import Audio, Gesture


class Path:
    """The voices of each station, the same ones in the same order."""

    def __init__(self, way: Sequence[Station], voices: Sequence[Sequence[Played]]) -> None:
        self._way, self._voices = way, voices
        self._controls = [Controls.of(each.piece) for each in way]
        self._at = 0

    def sound(self, player: Player, gesture: TakeReader, take: Take, sources: Sources) -> Iterator[Audio]:
        """As `isobath.engine.loop.sound`."""
        self._at = 0
        found = morphings(self._voices[0])

        def gesture_at(sample: int) -> Gesture:
            here = station_at(self._way, sample * take.sample_rate // (take.hop * player.sample_rate))
            while self._at < here:
                self._at += 1
                seconds = self._way[self._at].seconds
                controls = self._controls[self._at]
                go_over(found, self._voices[self._at], player, controls, seconds)
                for slot, apart in sources.aparts.items():
                    apart.set(controls.voices[slot])
            held = gesture(sample)
            return held.copy() if any(each.moves for each in found) else held

        return sound(player, found, gesture_at, take.seed, sources)
