"""Another program's model with the face of one of ours.

    with open_model(Path("strange.ts")) as model:
        latent = model.encode(audio, 48000)             # (dims, frames)
        audio = model.decode(latent)                    # (channels, samples)
        out = model.call("structure", frames)           # any method, by its own ratios
        model.set("temperature", 0.8)

The model runs in a confined process (`process.py`); here are only numbers. Such models keep their past
inside, so each voice owns a copy in the process: a `Player` for any method, `Decoder` and `Encoder`
for the two that our own models have. A block costs a trip through shared memory and no pickling.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec
import numpy as np
import soxr
from numpy.typing import NDArray

from isobath.errors import ModelFailed, ModelMismatch, UsageError
from isobath.types import Audio, Latent

from . import wire
from .archive import read
from .facts import Description, Tried
from .gate import check
from .process import CALL_SECONDS, Process, require_torch
from .repack import repacked
from .streams import Frames, Stream
from .trial import choose, try_out

Told = Callable[[str], None]
"""Is told what is being done, a few words at a time."""


class Voice:
    """One copy of the model in the process. When the process was started anew, the copy is, too."""

    def __init__(self, model: ForeignModel, seed: int = 0, like: Voice | None = None) -> None:
        self.model, self.seed = model, seed
        self._number, self._generation, self._settings = 0, -1, -1
        self.lost = 0
        """How often its past was lost with a process."""
        self._open(like)

    def _open(self, like: Voice | None = None) -> None:
        process = self.model.process
        if process.pid == 0:
            process.start()
        of = like._number if like is not None and like._generation == process.generation else None
        opened = process.ask(wire.Open(like=of, seed=self.seed))
        if not isinstance(opened, wire.Opened):
            raise ModelFailed(f"{self.model.name} gave no voice.")
        self._number, self._generation, self._settings = opened.instance, process.generation, 0
        self._free = weakref.finalize(self, process.forget, self._number, self._generation)

    def arrays(self, method: str, block: Frames, seconds: float) -> list[NDArray[np.float32]]:
        """(channels, frames) -> all arrays of a method, without their batch axis."""
        process = self.model.process
        if process.pid == 0 or process.generation != self._generation:
            self._open()
            self.lost += 1
        self._catch_up()
        found = process.call(self._number, method, block[None], seconds)[0]
        return [each[0] if each.ndim == 3 else each for each in found]

    def _catch_up(self) -> None:
        """Attributes that were set since this voice was last played."""
        changes = self.model.changes
        while self._settings < len(changes):
            name, values = changes[self._settings]
            self._settings += 1
            self.model.process.ask(wire.Set(self._number, name, values))

    def get(self, name: str) -> list[Any]:
        """An attribute's values in this copy."""
        self._catch_up()
        answer = self.model.process.ask(wire.Get(self._number, name))
        return list(answer.values) if isinstance(answer, wire.Value) else []

    def try_set(self, name: str, values: list[Any]) -> bool:
        """Whether this copy accepts the values."""
        answer = self.model.process.ask(wire.Set(self._number, name, values))
        return isinstance(answer, wire.Done) and answer.accepted

    def close(self) -> None:
        """Give the copy back."""
        self._free()


class Player:
    """One method as a stream, for a batch of voices; each has a copy of the model."""

    def __init__(self, model: ForeignModel, tried: Tried, batch: int, seed: int, seconds: float) -> None:
        self.model, self.tried, self.batch, self.seconds = model, tried, batch, seconds
        codes = bool(model.description.codes) and tried.method.name == model.description.encode
        self._codes = codes
        self._voices = [Voice(model, seed + voice) for voice in range(batch)]
        self._streams = [Stream(tried, self._run(voice), codes=codes) for voice in self._voices]

    @property
    def delay(self) -> int:
        """Samples that the stream itself adds: blocks that must be filled, or faded into each other."""
        return self._streams[0].delay

    @property
    def block(self) -> int:
        """Samples that the method works on at a time: shorter blocks wait until there are so many."""
        return self._streams[0].block

    @property
    def lost(self) -> int:
        """How often a voice's past was lost because its process had to be started anew."""
        return sum(voice.lost for voice in self._voices)

    def _run(self, voice: Voice) -> Callable[[Frames], Frames]:
        method = self.tried.method

        def run(block: Frames) -> Frames:
            arrays = voice.arrays(method.name, block, self.seconds)
            frames = block.shape[1] * method.in_ratio // method.out_ratio
            found = choose(arrays, method, frames)
            if found is None:
                told = ", ".join(str(a.shape) for a in arrays) or "nothing"
                raise ModelFailed(
                    f"{self.model.name}: method {method.name} gave {told} for {block.shape[1]} frames "
                    f"instead of {method.out_channels} channels of {frames}. It takes blocks of "
                    f"{self.tried.block} samples."
                )
            return found

        return run

    def __call__(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        """(in channels, n) -> (out channels, n * in ratio / out ratio); a batch is one more axis in front."""
        method = self.tried.method
        batched = np.asarray(frames[None] if frames.ndim == 2 else frames, np.float32)
        wrong = batched.ndim != 3 or batched.shape[:2] != (self.batch, method.in_channels)
        if wrong or batched.shape[-1] * method.in_ratio % method.out_ratio:
            raise ModelMismatch(
                f"{self.model.name}: method {method.name} takes {self.batch} voices of "
                f"{method.in_channels} channels, {method.in_ratio} samples a frame, in whole "
                f"blocks of {method.out_ratio} samples; this block has shape {batched.shape}."
            )
        if not np.all(np.isfinite(batched)):
            raise UsageError("This block contains values that are not numbers.")
        result = np.stack([stream(each) for stream, each in zip(self._streams, batched, strict=True)])
        return result[0] if frames.ndim == 2 else result

    def copy(self) -> Player:
        """Another player with the same past."""
        other = object.__new__(type(self))
        other.model, other.tried, other.batch, other.seconds = (
            self.model,
            self.tried,
            self.batch,
            self.seconds,
        )
        other._codes = self._codes
        other._voices = [Voice(self.model, voice.seed, like=voice) for voice in self._voices]
        other._streams = [Stream(self.tried, other._run(voice), codes=self._codes) for voice in other._voices]
        for mine, theirs in zip(other._streams, self._streams, strict=True):
            mine.take_past(theirs)
        return other

    def reset(self, voice: int = -1, seed: int = 0) -> None:
        """Forget the past of one voice, or of all (-1)."""
        for index in range(self.batch) if voice < 0 else (voice,):
            self._voices[index].close()
            self._voices[index] = Voice(self.model, seed + index)
            self._streams[index] = Stream(self.tried, self._run(self._voices[index]), codes=self._codes)

    def close(self) -> None:
        """Give the copies back."""
        for voice in self._voices:
            voice.close()


class Decoder(Player):
    """Latents in, sound out: (dims, frames) -> (channels, frames * hop)."""

    def __call__(self, latent: NDArray[np.float32]) -> NDArray[np.float32]:
        """(dims, frames) -> (channels, frames * hop); with a batch, one more axis in front."""
        return super().__call__(self.model.as_latents(latent))


class Encoder(Player):
    """Sound in, latents out: (channels, frames * hop) -> (dims, frames)."""

    def __call__(self, audio: NDArray[np.float32]) -> NDArray[np.float32]:
        """(channels, frames * hop) -> (dims, frames); with a batch, one more axis in front.

        Where the model hears fewer or more channels than it plays, what it plays may come in, too.
        """
        heard, model = self.tried.method.in_channels, self.model
        if (
            audio.ndim in (2, 3)
            and audio.shape[-2] == model.channels != heard
            and 1 in (heard, model.channels)
        ):
            mono = audio.mean(axis=-2, keepdims=True, dtype=np.float32)
            audio = np.repeat(mono, heard, axis=-2)
        return super().__call__(audio)


class ForeignModel:
    """A model of another program, ready to play. Close it, or use it in a `with`."""

    def __init__(self, process: Process, description: Description) -> None:
        self.process, self.description = process, description
        self.name, self.dims, self.hop = description.name, description.dims, description.hop
        self.sample_rate, self.channels = description.sample_rate, description.channels
        self.input_channels = description.input_channels
        self.delay = description.delay
        self.changes: list[tuple[str, list[Any]]] = []
        """Attributes that were set, in order; every voice catches up before it plays."""
        self.patience = CALL_SECONDS
        """Seconds that one block may take before the process is stopped."""
        self._calls: dict[str, Player] = {}
        self._asked: Voice | None = None

    def __repr__(self) -> str:
        return f"<ForeignModel {self.name}: {', '.join(m.name for m in self.methods)}>"

    def __enter__(self) -> ForeignModel:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End its process."""
        self.process.stop()

    @property
    def methods(self) -> tuple[wire.Method, ...]:
        """The methods that work, with their channels, ratios and labels."""
        return tuple(tried.method for tried in self.description.methods if tried.works)

    @property
    def attributes(self) -> tuple[wire.Attribute, ...]:
        """The settings that the model offers."""
        return self.description.attributes

    @property
    def can_encode(self) -> bool:
        """Whether it makes the latents that it plays from sound."""
        return bool(self.description.encode)

    @property
    def loudness(self) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """Nothing is known of how loud held latents are; as in our own models without a loudness map."""
        return np.zeros((0, self.dims), np.float32), np.zeros(0, np.float32), np.zeros(0, np.float32)

    def tried(self, method: str) -> Tried:
        """A method and what was measured of it.

        Raises:
            ModelMismatch: it has no such method, or it does not work.
        """
        for each in self.description.methods:
            if each.method.name == method and each.works:
                return each
        names = ", ".join(m.name for m in self.methods) or "none"
        raise ModelMismatch(f"{self.name} has no method {method!r} that works. It has: {names}.")

    def player(self, method: str, batch: int = 1, seed: int = 0, patience: float | None = None) -> Player:
        """A method as a stream with an empty past."""
        return Player(self, self.tried(method), batch, seed, patience or self.patience)

    def decoder(
        self, batch: int = 1, seed: int = 0, frames: int = 0, patience: float | None = None
    ) -> Decoder:
        """A decoder with an empty past. Voice v of a batch draws its noise from seed + v."""
        del frames  # of a call; here any number may come
        if not self.description.decode:
            raise ModelMismatch(
                f"{self.name} has no method that turns latents into sound. Its methods are: "
                f"{', '.join(m.name for m in self.methods)}; play one of them with `call`."
            )
        return Decoder(self, self.tried(self.description.decode), batch, seed, patience or self.patience)

    def encoder(self, batch: int = 1, frames: int = 0, patience: float | None = None) -> Encoder:
        """An encoder with an empty past."""
        del frames
        if not self.can_encode:
            raise ModelMismatch(f"{self.name} has no encoder: it can play latents, but not listen to sound.")
        return Encoder(self, self.tried(self.description.encode), batch, 0, patience or self.patience)

    def decode(self, latent: Latent, seed: int = 0) -> Audio:
        """(dims, frames) -> (channels, frames * hop), from silence; as late as the live decoder is."""
        latent = np.asarray(latent, dtype=np.float32)
        if latent.ndim != 2:
            raise UsageError(f"A latent path has two axes (dims, frames); this one has {latent.ndim}.")
        return self._through(self.decoder(seed=seed), latent)

    def encode(self, audio: Audio | NDArray[np.floating], sample_rate: int | None = None) -> Latent:
        """Sound -> (dims, frames), a last partial hop filled up with silence; as late as the live encoder
        is, so that decode(encode(x)) lags x by `delay`."""
        return self._through(self.encoder(), self.prepare(audio, sample_rate))

    def call(self, method: str, frames: NDArray[np.floating], seed: int = 0) -> NDArray[np.float32]:
        """A whole sound or path through one method, from silence, without the delay of its blocks.

        frames: (in channels, n) at the method's own ratio.
        """
        given = np.asarray(frames, np.float32)
        if given.ndim != 2:
            raise UsageError(f"A method takes (channels, frames); this has {given.ndim} axes.")
        return self._whole(self.player(method, seed=seed), given)

    def call_all(self, method: str, frames: NDArray[np.floating], seed: int = 0) -> list[NDArray[np.float32]]:
        """One block through one method, from silence: all arrays that it gives, as it gives them."""
        voice = Voice(self, seed)
        try:
            return voice.arrays(self.tried(method).method.name, np.asarray(frames, np.float32), self.patience)
        finally:
            voice.close()

    def play(self, method: str, signals: NDArray[np.floating], seed: int = 0) -> NDArray[np.float32]:
        """Signals at the sample rate through one method, as nn~ does it: of each frame's samples the last
        one counts on the way in (controls, latents, labels), and results are held on the way out.

        signals: (in channels, samples) -> (out channels, samples).
        """
        tried = self.tried(method).method
        given = np.atleast_2d(np.asarray(signals, np.float32))
        unit = int(np.lcm(tried.in_ratio, tried.out_ratio))
        given = np.pad(given, ((0, 0), (0, -given.shape[1] % unit)), mode="edge")
        result = self.call(method, given[:, tried.in_ratio - 1 :: tried.in_ratio], seed)
        return np.repeat(result, tried.out_ratio, axis=1)[:, : np.shape(signals)[-1]]

    def _through(self, player: Player, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        try:
            return player(frames)
        finally:
            player.close()

    def _whole(self, player: Player, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        """Through a stream, with its delay taken off."""
        method = player.tried.method
        unit = int(np.lcm(method.in_ratio, method.out_ratio))
        count = frames.shape[1] * method.in_ratio
        if count % method.out_ratio:
            frames = np.pad(frames, ((0, 0), (0, -count % unit // method.in_ratio)))
            count = frames.shape[1] * method.in_ratio
        try:
            late = -(-player.delay // unit) * unit
            more = np.zeros((frames.shape[0], late // method.in_ratio), np.float32)
            result = player(np.concatenate([frames, more], axis=1))
        finally:
            player.close()
        start = player.delay // method.out_ratio
        return np.ascontiguousarray(result[:, start : start + count // method.out_ratio])

    def get(self, name: str) -> list[Any]:
        """The values of an attribute; a tensor is {"shape": …, "numbers": …}.

        Raises:
            ModelMismatch: there is none of this name.
        """
        self._attribute(name)
        return self._asking().get(name)

    def set(self, name: str, *values: Any) -> None:
        """Give an attribute new values, in all voices.

        Raises:
            ModelMismatch: there is none of this name, of another number of values, or the model refuses.
        """
        attribute = self._attribute(name)
        kinds = ", ".join(attribute.kinds)
        if len(values) != len(attribute.kinds):
            raise ModelMismatch(
                f"{self.name}: {name} takes {len(attribute.kinds)} values ({kinds}), not {len(values)}."
            )
        given = [_as(kind, value, name) for kind, value in zip(attribute.kinds, values, strict=True)]
        if not attribute.writable or not self._asking().try_set(name, given):
            raise ModelMismatch(
                f"{self.name} does not accept {name} = {', '.join(map(str, values))[:80]} ({kinds})."
            )
        self.changes.append((name, given))
        self._asking()._settings = len(self.changes)

    def _asking(self) -> Voice:
        """The copy that answers questions about attributes."""
        if self._asked is None or self._asked._generation != self.process.generation or not self.process.pid:
            self._asked = Voice(self)
            self._asked._catch_up()
        return self._asked

    def _attribute(self, name: str) -> wire.Attribute:
        for each in self.attributes:
            if each.name == name:
                return each
        names = ", ".join(a.name for a in self.attributes) or "none"
        raise ModelMismatch(f"{self.name} has no attribute {name!r}. It has: {names}.")

    def as_latents(self, latent: NDArray[np.float32]) -> NDArray[np.float32]:
        """Latents that the decoder understands: whole codes within their range, if they are codes."""
        if latent.ndim not in (2, 3) or latent.shape[-2] != self.dims:
            raise ModelMismatch(
                f"{self.name} listens to {self.dims} latent dimensions; these have shape {latent.shape}. "
                f"Encode the sound with {self.name}."
            )
        if not np.all(np.isfinite(latent)):
            raise UsageError("These latents contain values that are not numbers.")
        codes = self.description.codes
        return np.clip(np.round(latent), 0, codes - 1) if codes else latent

    def prepare(self, audio: NDArray[np.floating], sample_rate: int | None = None) -> Audio:
        """Sound at the model's rate and the encoder's channels, in whole hops."""
        sound = np.atleast_2d(np.asarray(audio, dtype=np.float32))
        channels = self.input_channels or self.channels
        if sound.ndim != 2:
            raise UsageError(f"Audio has two axes (channels, samples); this has {sound.ndim}.")
        if not np.all(np.isfinite(sound)):
            raise UsageError("This audio contains values that are not numbers.")
        if sound.shape[0] != channels:
            if sound.shape[0] > 1 and channels > 1:
                raise ModelMismatch(
                    f"{self.name} listens to {channels} channels; this audio has {sound.shape[0]}. "
                    "Mix it down first."
                )
            sound = (
                np.repeat(sound, channels, axis=0)
                if sound.shape[0] == 1
                else sound.mean(axis=0, keepdims=True)
            )
        if sample_rate is not None and sample_rate != self.sample_rate:
            if not 1000 <= sample_rate <= 1_000_000:
                raise UsageError(f"A sample rate of {sample_rate} Hz is outside 1 kHz to 1 MHz.")
            resampled = soxr.resample(sound.T, sample_rate, self.sample_rate)
            sound = np.asarray(resampled, np.float32).reshape(-1, channels).T
        return np.pad(sound, ((0, 0), (0, -sound.shape[1] % self.hop)))


def _as(kind: str, value: Any, name: str) -> Any:
    """A value of an attribute as the process takes it."""
    try:
        match kind:
            case "bool" if isinstance(value, str):
                if value.lower() not in ("true", "false", "1", "0", "yes", "no", "on", "off"):
                    raise ValueError(value)
                return value.lower() in ("true", "1", "yes", "on")
            case "bool":
                return bool(value)
            case "int":
                return int(value)
            case "float":
                return float(value)
            case "str":
                return str(value)
        if isinstance(value, dict):
            return {"shape": list(value["shape"]), "numbers": list(value["numbers"])}
        numbers = np.asarray(value, np.float32)
        return {"shape": list(numbers.shape), "numbers": numbers.ravel().tolist()}
    except (TypeError, ValueError, KeyError) as error:
        raise ModelMismatch(f"{name} takes a value of the kind {kind}; {value!r} is none.") from error


def open_model(
    path: Path, description: Description | None = None, threads: int = 1, *, told: Told = lambda _: None
) -> ForeignModel:
    """Open a TorchScript file: check its program, start it in a confined process, and try it out.

    description: what was measured before, if it was; then nothing is tried.

    Raises:
        ModelDamaged: it is no whole TorchScript file.
        ModelRefused: its program asks for more than models need.
        ModelFailed: it does not run.
        UsageError: PyTorch is not installed.
    """
    told("reading")
    archive = read(path)
    told("checking its program")
    passed = check(archive)
    require_torch()
    told("starting it where it can do no harm")
    name = description.name if description else path.stem
    process = Process(name, repacked(archive), threads)
    if description is None:
        told("trying it")
        try:
            description = try_out(process, passed.operations)
        except BaseException:
            process.stop()
            raise
        description = msgspec.structs.replace(description, bytes=path.stat().st_size)
    return ForeignModel(process, description)
