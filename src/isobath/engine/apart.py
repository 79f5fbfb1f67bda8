"""A voice made hop by hop, apart from the player that mixes it: by a server for a page that cannot play
its model, and for models of other programs, which no kernel plays.

    apart = Apart(model)
    apart.set(controls)
    apart.reset(seed)
    hop = apart.hop(latent, heard)      # (channels, hop), to Player.fill or to the page

Latents are shaped as in any player. A model of ours is decoded there too, so the hops are the samples
that a player would have made; another program's model decodes what a stand-in of its size shaped.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

import msgspec
import numpy as np
from numpy.typing import NDArray

from isobath.engine.controls import Controls, VoiceControls
from isobath.engine.listening import OWN, listens, matching
from isobath.engine.player import Player
from isobath.errors import ModelMismatch
from isobath.models.coder import USUAL_LUFS, Model
from isobath.models.description import Description, LatentStatistics, Operation, Percentiles
from isobath.protocol.piece import BarsPlayed
from isobath.types import Audio
from isobath.units import db_to_gain

Floats = NDArray[np.floating]
_FAR = 1e5
"""Known radius of a model of which nothing is known: the clamp never touches it."""


class Coder(Protocol):
    """(dims, frames) -> (channels, frames * hop)."""

    def __call__(self, block: NDArray[np.float32], /) -> NDArray[np.float32]:
        """The next block."""

    def reset(self, voice: int = -1, seed: int = 0) -> None:
        """Forget the past."""


@runtime_checkable
class InTime(Protocol):
    """A coder that plays in bars."""

    def attend(self, played: BarsPlayed, bpm: float) -> None:
        """How, and how fast."""


def is_ours(model: object) -> bool:
    """Whether the kernel plays it."""
    return hasattr(model, "kernel")


def statistics_of(model: Model) -> tuple[Floats, Floats]:
    """Mean and deviation (dims each) of a model's latents; of another program's, as far as they are known."""
    known = getattr(model.description, "latent", None)
    if known is not None:
        return np.array(known.mean, dtype=np.float64), np.array(known.std, dtype=np.float64)
    low, high = (np.array(getattr(model.description, each, ())) for each in ("low", "high"))
    if len(low) == len(high) == model.dims:  # 5 % and 95 %
        return (low + high) / 2, np.maximum((high - low) / 3.29, 1e-3)
    return np.zeros(model.dims), np.ones(model.dims)


def stand_in(model: Model) -> Model:
    """A silent model of ours with another's rate, hop and latents, to shape them."""
    if model.dims < 1:
        raise ModelMismatch(
            f"{model.name} makes no sound from latents, so it cannot be a voice. Use isobath transfer."
        )
    mean, std = statistics_of(model)
    dims, hop = model.dims, model.hop
    latent = LatentStatistics(
        mean=mean.tolist(),
        std=std.tolist(),
        covariance=np.diag(std**2).tolist(),
        percentiles=Percentiles([50], [[each] for each in mean.tolist()]),
        explained=[1 / dims] * dims,
        labels=[""] * dims,
        known_radius=_FAR,
    )
    description = Description(
        format=1,
        name=model.name,
        sample_rate=model.sample_rate,
        channels=1,
        hop=hop,
        dims=dims,
        delay=0,
        decoder=[Operation("conv_transpose", "latent", "audio", weight="w", stride=hop)],
        latent=latent,
    )
    return Model(description, {"w": np.zeros((dims, 1, 2 * hop), np.float32)})


class Apart:
    """One voice. `model`: ours, or one with the same face."""

    def __init__(self, model: Model) -> None:
        self.model, self._ours = model, is_ours(model)
        if not 1 <= model.channels <= 2:
            raise ModelMismatch(f"{model.name} has {model.channels} channels; a voice has 1 or 2.")
        self._player = Player(model.sample_rate, 2)
        self._player.put(0, model if self._ours else stand_in(model))
        self._listens = False
        self._controls = VoiceControls()
        self._decoder: Coder | None = None if self._ours else model.decoder()
        self._encoder: Callable[[NDArray[np.float32]], NDArray[np.float32]] | None = None

    def set(self, controls: VoiceControls) -> None:
        """Shaping and source of the voice; gain and pan are the mixing player's.

        Raises ModelMismatch where it should listen and has no encoder.
        """
        wanted = listens(controls.source)
        if wanted and not self._listens:
            self._open()
        elif self._listens and not wanted:
            self._close()
        self._listens, self._controls = wanted, controls
        source = controls.source
        if isinstance(self._decoder, InTime):
            self._decoder.attend(controls.bars, controls.bpm)
        if wanted and not self._ours:  # its encoder is out here: the player is given the latents
            controls = VoiceControls(
                controls.shaping, source=msgspec.structs.replace(source, kind="prior", wet=1.0)
            )
        self._player.set(Controls((controls,)))

    def _open(self) -> None:
        if not self.model.can_encode:
            raise ModelMismatch(
                f"{self.model.name} has no encoder, so it cannot listen to sound. Let its voice follow the "
                "performer, or choose another model."
            )
        if self._ours:
            self._player.listen(0, OWN)
        else:
            self._encoder = self.model.encoder()

    def _close(self) -> None:
        if self._ours:
            self._player.stop_listening(0)
        self._encoder = None

    def reset(self, seed: int = 1) -> None:
        """From a fresh past."""
        self._player.reset(seed)
        if self._decoder is not None:
            self._decoder.reset(-1, seed)
        if self._encoder is not None:
            self._encoder = self.model.encoder()

    def hop(self, latent: Floats, heard: Audio | None = None, given: Floats | None = None) -> Audio:
        """The next hop, (channels, hop).

        latent: the performer's. heard: what came in during the hop before, (2, hop). given: the latent of
        a source that is dreamed.
        """
        player = self._player
        player.incoming(0, latent)
        if given is not None:
            player.give(0, given)
        if self._ours:
            return player.make(0, heard if self._listens else None)
        if self._listens:
            player.give(0, self._encoded(heard))
        player.make(0)
        assert self._decoder is not None
        shaped = np.ascontiguousarray(player.latent(0)[:, None], dtype=np.float32)
        return self._decoder(shaped)

    @property
    def shaped(self) -> NDArray[np.float32]:
        """The latent of the last hop after shaping, (dims,)."""
        return np.array(self._player.latent(0), dtype=np.float32)

    def _encoded(self, heard: Audio | None) -> NDArray[np.float32]:
        """What another program's encoder hears; no loudness is followed for it."""
        source = self._controls.source
        target = getattr(self.model, "match_lufs", USUAL_LUFS)
        known = matching(source, target)[0] if source.loudness is not None else 1.0
        sides = int(getattr(self.model, "input_channels", self.model.channels))
        block = np.zeros((2, self.model.hop), np.float32) if heard is None else heard
        block = block.mean(axis=0, keepdims=True) if sides == 1 else block
        loud = block * np.float32(known * db_to_gain(source.gain_db))
        assert self._encoder is not None
        return self._encoder(np.ascontiguousarray(loud, dtype=np.float32))[:, 0]
