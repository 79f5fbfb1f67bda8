"""A model one can play: `encode` sound into latents, `decode` latents into sound.

    model = load("guitar")
    latent = model.encode(audio)        # (dims, frames)
    audio = model.decode(latent)        # (channels, samples)

Live, the same coders run block by block: `model.decoder()` keeps the past in a state that is
yours to copy. However the frames are cut into blocks, the samples are the same.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import numpy as np
import soxr
from numpy.typing import NDArray

from isobath.errors import KernelError, ModelDamaged, ModelMismatch, ModelUnknown, UsageError
from isobath.types import Audio, Latent

from . import description as files
from .description import Description, Tensors
from .kernel import DECODER, ENCODER, KernelModel, State
from .pack import pack
from .stored import StoredTensors

BUNDLED = Path(__file__).parent / "bundled"
FRAMES_A_CALL = 64
USUAL_LUFS = -23.0
"""Of a model that says nothing about the loudness of what it learned from."""


class Decoder:
    """Latents in, sound out, block by block, for one voice or a batch of them."""

    def __init__(self, model: Model, state: State) -> None:
        self.model, self.state = model, state

    def __call__(self, latent: NDArray[np.float32]) -> NDArray[np.float32]:
        """(dims, frames) -> (channels, frames * hop); with a batch, one more axis in front."""
        batched = latent[None] if latent.ndim == 2 else latent
        self.model.check_latent(batched, self.state.batch)
        audio = self.state.decode(batched.transpose(0, 2, 1))
        return audio[0] if latent.ndim == 2 else audio

    def copy(self) -> Decoder:
        """Another decoder with the same past."""
        return Decoder(self.model, self.state.copy())

    def reset(self, voice: int = -1, seed: int = 0) -> None:
        """Forget the past of one voice, or of all (-1)."""
        self.state.reset(voice, seed)


class Encoder:
    """Sound in, latents out, block by block, for one voice or a batch of them."""

    def __init__(self, model: Model, state: State) -> None:
        self.model, self.state = model, state

    def __call__(self, audio: NDArray[np.float32]) -> NDArray[np.float32]:
        """(channels, frames * hop) -> (dims, frames); with a batch, one more axis in front."""
        batched = audio[None] if audio.ndim == 2 else audio
        model = self.model
        if batched.shape[:2] != (self.state.batch, model.channels) or batched.shape[2] % model.hop:
            raise ModelMismatch(
                f"{model.name} listens to {self.state.batch} voices of {model.channels} channels in whole "
                f"hops of {model.hop} samples; this block has shape {batched.shape}."
            )
        latent = self.state.encode(batched).transpose(0, 2, 1)
        return latent[0] if audio.ndim == 2 else latent

    def copy(self) -> Encoder:
        """Another encoder with the same past."""
        return Encoder(self.model, self.state.copy())


class Model:
    """A model of sound, ready to play. Read-only: every decoder and encoder has its own memory.

    swift: let the kernel multiply whole numbers where that is faster. The difference lies more
        than 60 dB below the sound; whoever wants the last bits leaves it off.
    """

    def __init__(
        self, description: Description, tensors: Tensors, level: int | None = None, swift: bool = False
    ) -> None:
        self.description, self.tensors, self.swift = description, tensors, swift
        try:
            self.kernel = KernelModel(self.blob(), level)
        except KernelError as error:
            if "damaged" in str(error):
                raise ModelDamaged(f"Model {description.name} does not fit together: {error}") from error
            raise
        if isinstance(tensors, StoredTensors):
            tensors.forget()
        self.name, self.dims, self.hop = description.name, description.dims, description.hop
        self.sample_rate, self.channels, self.delay = (
            description.sample_rate,
            description.channels,
            description.delay,
        )

    def __repr__(self) -> str:
        return f"<Model {self.name}: {self.dims} dims, hop {self.hop}, {self.sample_rate} Hz>"

    def blob(self, *, encoder: bool = True, decoder: bool = True) -> bytes:
        """The compact form that the kernel reads, here and in the browser."""
        return pack(self.description, self.tensors, encoder=encoder, decoder=decoder, swift=self.swift)

    @property
    def can_encode(self) -> bool:
        """Whether the model has an encoder."""
        return bool(self.description.encoder)

    @cached_property
    def loudness(self) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """Held latents (n, dims), their loudness in dBFS and brightness in Hz (n each); maybe none."""
        names = self.description.loudness
        if names is None:
            return np.zeros((0, self.dims), np.float32), np.zeros(0, np.float32), np.zeros(0, np.float32)
        try:
            points, db, hz = (
                np.asarray(self.tensors[n], np.float32) for n in (names.points, names.db, names.brightness)
            )
        except KeyError as error:
            raise ModelDamaged(
                f"Model {self.name} is incomplete: its loudness tensor {error} is missing."
            ) from error
        if points.shape != (len(db), self.dims) or hz.shape != db.shape:
            raise ModelDamaged(
                f"Model {self.name}: its loudness tensors have shapes {points.shape}, {db.shape}, {hz.shape}."
            )
        return points, db, hz

    @cached_property
    def match_lufs(self) -> float:
        """The loudness that sound to be encoded is brought to, LUFS, mean over channels."""
        return match_lufs(self.description, self.loudness[1])

    def decoder(self, batch: int = 1, seed: int = 0, frames: int = FRAMES_A_CALL) -> Decoder:
        """A decoder with an empty past. Voice v of a batch draws its noise from seed + v."""
        state = State(self.kernel, DECODER, batch, frames)
        for voice in range(batch):
            state.reset(voice, seed + voice)
        return Decoder(self, state)

    def encoder(self, batch: int = 1, frames: int = FRAMES_A_CALL) -> Encoder:
        """An encoder with an empty past."""
        if not self.can_encode:
            raise ModelMismatch(f"{self.name} has no encoder: it can play latents, but not listen to sound.")
        return Encoder(self, State(self.kernel, ENCODER, batch, frames))

    def decode(self, latent: Latent, seed: int = 0) -> Audio:
        """(dims, frames) -> (channels, frames * hop), from silence; the same seed gives the same samples."""
        latent = np.asarray(latent, dtype=np.float32)
        if latent.ndim != 2:
            raise UsageError(f"A latent path has two axes (dims, frames); this one has {latent.ndim}.")
        return self.decoder(seed=seed)(latent)

    def encode(self, audio: Audio | NDArray[np.floating], sample_rate: int | None = None) -> Latent:
        """Sound -> (dims, frames), a last partial hop filled up with silence.

        audio: (channels, samples) or (samples,), any channel count that can be mixed to the
            model's. sample_rate: of the audio in Hz, if it is not the model's.
        """
        prepared = self.prepare(audio, sample_rate)
        return self.encoder()(prepared)

    def prepare(self, audio: NDArray[np.floating], sample_rate: int | None = None) -> Audio:
        """Sound at the model's rate and channels, in whole hops."""
        sound = np.atleast_2d(np.asarray(audio, dtype=np.float32))
        if sound.ndim != 2:
            raise UsageError(f"Audio has two axes (channels, samples); this has {sound.ndim}.")
        if not np.all(np.isfinite(sound)):
            raise UsageError("This audio contains values that are not numbers.")
        if sound.shape[0] != self.channels:
            if sound.shape[0] > 1 and self.channels > 1:
                raise ModelMismatch(
                    f"{self.name} has {self.channels} channels; this audio has {sound.shape[0]}. "
                    "Mix it down first."
                )
            sound = (
                np.repeat(sound, self.channels, axis=0)
                if sound.shape[0] == 1
                else sound.mean(axis=0, keepdims=True)
            )
        if sample_rate is not None and sample_rate != self.sample_rate:
            if not 1000 <= sample_rate <= 1_000_000:
                raise UsageError(f"A sample rate of {sample_rate} Hz is outside 1 kHz to 1 MHz.")
            sound = (
                np.asarray(soxr.resample(sound.T, sample_rate, self.sample_rate), np.float32)
                .reshape(-1, self.channels)
                .T
            )
        return np.pad(sound, ((0, 0), (0, -sound.shape[1] % self.hop)))

    def check_latent(self, latent: NDArray[np.float32], batch: int) -> None:
        """Refuse latents of another model, or that are not numbers."""
        if latent.ndim != 3 or latent.shape[0] != batch:
            raise UsageError(f"This decoder plays {batch} voices; the latents have shape {latent.shape}.")
        if latent.shape[1] != self.dims:
            raise ModelMismatch(
                f"{self.name} listens to {self.dims} latent dimensions, but these have {latent.shape[1]}. "
                f"Open a {latent.shape[1]}-dimensional model, or encode the sound with {self.name}."
            )
        if not np.all(np.isfinite(latent)):
            raise UsageError("These latents contain values that are not numbers.")


def match_lufs(description: Description, held_db: NDArray[np.floating]) -> float:
    """The loudness of what a model learned from, LUFS, mean over channels; where its file does not tell it,
    that of the louder of its held latents (levels in dB, maybe none)."""
    if description.training_loudness is not None:
        found = description.training_loudness.integrated
    else:
        found = float(np.percentile(held_db, 75)) if len(held_db) else USUAL_LUFS
    return min(max(found, -60.0), -6.0)


def bundled() -> dict[str, Path]:
    """The models that come with Isobath, by name."""
    return {path.stem: path for path in sorted(BUNDLED.glob("*.safetensors"))}


def load(name: str | Path, level: int | None = None, swift: bool = False) -> Model:
    """A model by bundled name or path. `level` asks for one build of the kernel; `swift`: see Model."""
    known = bundled()
    path = known.get(str(name), Path(name))
    if not path.is_file():
        choices = ", ".join(known) or "none"
        raise ModelUnknown(
            f"There is no model called {name}. Bundled are: {choices}; "
            "or give the path of a .safetensors file."
        )
    return Model(*files.read(path), level, swift)
