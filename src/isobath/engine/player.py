"""The kernel's player (kernel/player.h) from Python: latents in, safe sound out.

Its memory is a block of bytes that we own; models and decoder states stay alive as long as
they are on a slot. Rendering touches only memory that is already there.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from ctypes import POINTER, Structure, c_float, c_int, c_int64, c_uint32, c_void_p
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from isobath.engine.controls import Controls, VoiceControls
from isobath.engine.listening import DIMS, OWN, EarMeters, Heard, SourceFloats, write_source
from isobath.engine.resampling import HIGHEST_HZ, LOWEST_HZ
from isobath.engine.space import Placing, Space
from isobath.errors import KernelError, ModelMismatch, UsageError
from isobath.models import kernel
from isobath.models.coder import Model
from isobath.protocol.piece import Master
from isobath.types import Audio
from isobath.units import db_to_gain

VOICES = 8
LONGEST_HOP = 4096
_LISTS = ("hold", "held", "scale", "bias", "noise")
_NUMBERS = ("drift", "drift_seconds", "smoothing_seconds", "clamp", "gain", "pan")
SHAPING_FLOATS = len(_LISTS) * DIMS + len(_NUMBERS)
GAIN = len(_LISTS) * DIMS + _NUMBERS.index("gain")
"""Where the gain stands among a voice's shaping as floats."""


class _Shaping(Structure):
    """ib_shaping."""

    _fields_ = [(name, c_float * DIMS) for name in _LISTS] + [(name, c_float) for name in _NUMBERS]


class _Meters(Structure):
    """ib_meters."""

    _fields_ = [
        ("peak", c_float * 2),
        ("rms", c_float * 2),
        ("limiter_db", c_float),
        ("guard_db", c_float),
        ("clamped", c_float),
        ("scrubbed", c_uint32),
        ("latent", c_float * DIMS),
    ]


@dataclass(frozen=True)
class Meters:
    """What was heard since the meters were last read."""

    peak: tuple[float, float]
    """Linear, left and right."""
    rms: tuple[float, float]
    limiter_db: float
    """Deepest reduction, 0 or negative, beyond the guard's."""
    guard_db: float
    clamped: float
    """0..1: how much the clamp moved the last latent of voice 0."""
    scrubbed: int
    """Values that were no numbers, since the player was made."""


@cache
def _library(level: int | None) -> ctypes.CDLL:
    library = kernel.library(level)
    p, i = c_void_p, c_int
    for name, result, arguments in (
        ("bytes", c_int64, [i, i]),
        ("init", i, [p, c_int64, i, i]),
        ("voice", i, [p, i, p, p]),
        ("shaping", POINTER(_Shaping), [p, i]),
        ("incoming", POINTER(c_float), [p, i]),
        ("latent", POINTER(c_float), [p, i]),
        ("trim", POINTER(c_float), [p, i]),
        ("due", i, [p, POINTER(c_uint32)]),
        ("stretch", i, [p]),
        ("render", i, [p, p, i]),
        ("master", None, [p, c_float, c_float, c_float]),
        ("panic", None, [p]),
        ("reset", None, [p, c_uint32]),
        ("meters", POINTER(_Meters), [p]),
        ("delay", i, [p]),
        ("listen", i, [p, i, p, c_int64, i]),
        ("source", POINTER(SourceFloats), [p, i]),
        ("input", POINTER(c_float), [p, i]),
        ("given", POINTER(c_float), [p, i]),
        ("said", POINTER(c_float), [p, i]),
        ("ear_meters", POINTER(EarMeters), [p, i]),
        ("feed", i, [p, i, i, i, i]),
        ("late", i, [p, i]),
        ("fed", POINTER(c_float), [p, i]),
        ("filled", None, [p, i]),
        ("hop", POINTER(c_float), [p, i]),
        ("make", POINTER(c_float), [p, i, p]),
    ):
        function = getattr(library, f"ib_player_{name}")
        function.restype, function.argtypes = result, arguments
    library.ib_ear_bytes.restype, library.ib_ear_bytes.argtypes = c_int64, [p, i]
    return library


class Player:
    """Up to eight voices, mixed, guarded and limited.

    sample_rate: Hz, 8000 to 192000, as every model's; what a model of another rate makes and hears is
    resampled. channels: 1 or 2.
    """

    def __init__(self, sample_rate: int, channels: int = 2, level: int | None = None) -> None:
        self._library = _library(level)
        size = self._library.ib_player_bytes(channels, sample_rate)
        if size < 0:
            raise UsageError(
                f"A player has 1 or 2 channels and a rate from 8 to 192 kHz, "
                f"not {channels} at {sample_rate} Hz."
            )
        self.sample_rate, self.channels = sample_rate, channels
        self._memory = kernel.block(size)
        self._at = self._memory.ctypes.data
        kernel.checked(self._library.ib_player_init(self._at, size, channels, sample_rate))
        self._kept: dict[int, tuple[Model, kernel.State]] = {}
        self._ears: dict[int, NDArray[np.uint8]] = {}
        self._fed: dict[int, tuple[int, int]] = {}
        self.space: Space | None = None
        """What stands between the voices and the master; `place` makes it."""
        self._level = level

    @property
    def delay(self) -> int:
        """Samples by which everything comes out late, because the limiter looks ahead."""
        return int(self._library.ib_player_delay(self._at))

    @property
    def models(self) -> dict[int, Model]:
        """Which model is on which slot."""
        return {slot: model for slot, (model, _) in sorted(self._kept.items())}

    def put(self, slot: int, model: Model, seed: int = 1) -> None:
        """Put a model on a slot; it fades in over 10 ms and what was there fades out.

        Raises ModelMismatch where no player can have its rate, channels or hop.
        """
        self._check(slot, model)
        state = kernel.State(model.kernel, kernel.DECODER, 1, 1)
        state.reset(-1, seed)
        kernel.checked(self._library.ib_player_voice(self._at, slot, model.kernel.address, state.address))
        self._kept[slot] = (model, state)
        if self.space is not None:
            self.space.know(self._at, slot, model)
        self._ears.pop(slot, None)
        self._fed.pop(slot, None)

    def take_off(self, slot: int) -> None:
        """Empty a slot; what sounded there fades out."""
        self._check_slot(slot)
        if self.space is not None:
            self.space.know(self._at, slot, None)
        kernel.checked(self._library.ib_player_voice(self._at, slot, None, None))
        for kept in (self._kept, self._ears, self._fed):
            kept.pop(slot, None)

    # ------------------------------------------------------------------ sound as input

    def listen(self, slot: int, to: int = OWN) -> None:
        """Let a voice hear its own input, or the voice on slot `to` one hop late, from a fresh past.

        Raises ModelMismatch where its model has no encoder.
        """
        self._check_slot(slot)
        model = self._kept[slot][0]
        if not model.can_encode:
            raise ModelMismatch(
                f"{model.name} has no encoder, so it cannot listen to sound. Let its voice follow the "
                "performer, or choose another model."
            )
        size = kernel.checked(self._library.ib_ear_bytes(model.kernel.address, self.sample_rate))
        memory = kernel.block(size)
        kernel.checked(self._library.ib_player_listen(self._at, slot, memory.ctypes.data, size, to))
        self._ears[slot] = memory

    def stop_listening(self, slot: int) -> None:
        """A voice is the performer's alone again; what was dry fades out."""
        self._check_slot(slot)
        kernel.checked(self._library.ib_player_listen(self._at, slot, None, 0, OWN))
        self._ears.pop(slot, None)

    def hear(self, slot: int, audio: NDArray[np.float32]) -> None:
        """What comes in on a slot while the next `samples` are rendered: (1 or 2 channels, samples)."""
        self._check_slot(slot)
        if audio.shape[1] > LONGEST_HOP:
            raise UsageError(f"At most {LONGEST_HOP} samples come in at once, not {audio.shape[1]}.")
        into = np.ctypeslib.as_array(self._library.ib_player_input(self._at, slot), (2, LONGEST_HOP))
        into[:, : audio.shape[1]] = audio

    def give(self, slot: int, latent: Sequence[float] | NDArray[np.floating]) -> None:
        """The latent that a voice's source, dreamed by the host, means from its next due frame on."""
        self._check_slot(slot)
        values = np.ascontiguousarray(latent, dtype=np.float32)[:DIMS]
        ctypes.memmove(self._library.ib_player_given(self._at, slot), values.ctypes.data, values.nbytes)

    def heard(self, slot: int) -> Heard:
        """What came in since this was last read."""
        self._check_slot(slot)
        m = self._library.ib_player_ear_meters(self._at, slot).contents
        return Heard(m.peak, m.lufs if m.lufs < 0 else None, m.match_db, m.underruns)

    def late(self, slot: int) -> int:
        """Samples by which a voice is heard later because its model has another rate; else 0."""
        self._check_slot(slot)
        return int(self._library.ib_player_late(self._at, slot))

    def feed(self, slot: int, channels: int, hop: int, sample_rate: int | None = None) -> None:
        """Put a voice on a slot whose hops are given with `fill`, whenever it is due.

        channels, hop and sample_rate are the model's; None: the player's rate.
        """
        self._check_slot(slot)
        rate = sample_rate or self.sample_rate
        if self.space is not None:
            self.space.know(self._at, slot, None)
        kernel.checked(self._library.ib_player_feed(self._at, slot, channels, hop, rate))
        self._kept.pop(slot, None)
        self._ears.pop(slot, None)
        self._fed[slot] = (channels, hop)

    def fill(self, slot: int, audio: NDArray[np.floating]) -> None:
        """The next hop of a fed voice that is due, (channels, hop)."""
        self._check_slot(slot)
        if audio.shape != self._fed.get(slot):
            raise UsageError(f"Voice {slot} is fed {self._fed.get(slot)}, not {audio.shape}.")
        into = np.ctypeslib.as_array(self._library.ib_player_fed(self._at, slot), audio.shape)
        into[:] = audio
        self._library.ib_player_filled(self._at, slot)

    def hop(self, slot: int) -> Audio:
        """The hop under way as the model made it, (channels, hop), before dry share, gain and pan."""
        self._check_slot(slot)
        model = self._kept[slot][0]
        found = self._library.ib_player_hop(self._at, slot)
        return np.ctypeslib.as_array(found, (model.channels, model.hop)).copy()

    def make(self, slot: int, heard: NDArray[np.float32] | None = None) -> Audio:
        """The next hop of a voice at once, (channels, hop), to feed it to another player: shaped and decoded
        from the latents written, not mixed. heard: what came in during the hop before, (2, hop)."""
        self._check_slot(slot)
        model = self._kept[slot][0]
        if model.sample_rate != self.sample_rate:
            raise ModelMismatch(
                f"{model.name} sounds at {model.sample_rate} Hz; its hops are made by a player of that rate, "
                f"not of {self.sample_rate} Hz."
            )
        if heard is not None and heard.shape != (2, model.hop):
            raise UsageError(f"A voice of {model.name} hears (2, {model.hop}) samples, not {heard.shape}.")
        row = None if heard is None else np.ascontiguousarray(heard, dtype=np.float32)
        found = self._library.ib_player_make(self._at, slot, None if row is None else row.ctypes.data)
        return np.ctypeslib.as_array(found, (model.channels, model.hop)).copy()

    def _check_slot(self, slot: int) -> None:
        if not 0 <= slot < VOICES:
            raise UsageError(f"There are {VOICES} voices, 0 to {VOICES - 1}; there is no voice {slot}.")

    def _check(self, slot: int, model: Model) -> None:
        self._check_slot(slot)
        if not LOWEST_HZ <= model.sample_rate <= HIGHEST_HZ:
            raise ModelMismatch(
                f"{model.name} sounds at {model.sample_rate} Hz; a voice has {LOWEST_HZ} to {HIGHEST_HZ} Hz."
            )
        if not 1 <= model.channels <= 2 or not 1 <= model.hop <= LONGEST_HOP:
            raise ModelMismatch(
                f"{model.name} has {model.channels} channels and a hop of {model.hop} samples; a voice has "
                f"1 or 2 channels and a hop of at most {LONGEST_HOP}."
            )

    def set(self, controls: Controls) -> None:
        """Take over a snapshot; levels move in 5 ms, the rest with the next frames."""
        for slot, voice in enumerate(controls.voices[:VOICES]):
            self.shape(slot, voice)
        self.master(controls.master)

    def shape(self, slot: int, controls: VoiceControls) -> None:
        """Shaping, level and place of one voice. Lists shorter than the model's dims are continued
        with what does nothing."""
        self._check_slot(slot)
        into = self._library.ib_player_shaping(self._at, slot).contents
        shaping = controls.shaping
        mean = self._mean(slot)
        for name, values, neutral in (
            ("hold", shaping.hold, mean),
            ("held", shaping.held, np.zeros(DIMS)),
            ("scale", shaping.scale, np.ones(DIMS)),
            ("bias", shaping.bias, np.zeros(DIMS)),
            ("noise", shaping.noise, np.zeros(DIMS)),
        ):
            row = neutral.astype(np.float32)
            given = np.asarray(values[:DIMS], dtype=np.float32)
            row[: len(given)] = given
            getattr(into, name)[:] = row.tolist()
        into.drift, into.drift_seconds = shaping.drift, shaping.drift_seconds
        into.smoothing_seconds, into.clamp = shaping.smoothing_seconds, shaping.clamp
        into.gain, into.pan = controls.gain, controls.pan
        target = self._kept[slot][0].match_lufs if slot in self._kept else 0.0
        source = self._library.ib_player_source(self._at, slot).contents
        write_source(source, controls.source, target, slot in self._ears)

    def shaping(self, slot: int) -> NDArray[np.float32]:
        """Shaping, level and place of a voice as they are now, (SHAPING_FLOATS,), in the kernel's order."""
        self._check_slot(slot)
        at = self._library.ib_player_shaping(self._at, slot)
        return np.ctypeslib.as_array(ctypes.cast(at, POINTER(c_float)), (SHAPING_FLOATS,)).copy()

    def set_shaping(self, slot: int, values: NDArray[np.float32]) -> None:
        """All of them at once, as `shaping` gave them."""
        self._check_slot(slot)
        given = np.ascontiguousarray(values, dtype=np.float32)[:SHAPING_FLOATS]
        ctypes.memmove(self._library.ib_player_shaping(self._at, slot), given.ctypes.data, given.nbytes)

    def master(self, master: Master, fade: float = 1.0) -> None:
        """The last things before the ear; `fade`: 0..1, of its gain."""
        self._library.ib_player_master(
            self._at, fade * db_to_gain(master.gain_db), master.ceiling_db, max(0.0, master.guard_db)
        )

    def _mean(self, slot: int) -> NDArray[np.float64]:
        mean = np.zeros(DIMS)
        if slot in self._kept:
            model = self._kept[slot][0]
            mean[: model.dims] = model.description.latent.mean
        return mean

    def incoming(self, slot: int, latent: Sequence[float] | NDArray[np.floating]) -> None:
        """The latent a voice hears from its next due frame on."""
        self._check_slot(slot)
        into = self._library.ib_player_incoming(self._at, slot)
        values = np.ascontiguousarray(latent, dtype=np.float32)[:DIMS]
        ctypes.memmove(into, values.ctypes.data, values.nbytes)

    def trim(self, slot: int, gain: float) -> None:
        """Foresight: what a voice is turned down by (linear, 0..1) from its next due frame on."""
        self._check_slot(slot)
        self._library.ib_player_trim(self._at, slot)[0] = gain

    def latent(self, slot: int) -> NDArray[np.float32]:
        """What the decoder of a voice was last given (dims,)."""
        self._check_slot(slot)
        dims = self._kept[slot][0].dims if slot in self._kept else DIMS
        found = self._library.ib_player_latent(self._at, slot)
        return np.ctypeslib.as_array(found, (dims,)).copy()

    def said(self, slot: int) -> NDArray[np.float32] | None:
        """What the source of a voice last said (dims,), before the performer; None where it has none."""
        self._check_slot(slot)
        found = self._library.ib_player_said(self._at, slot)
        if not found or slot not in self._kept:
            return None
        return np.ctypeslib.as_array(found, (self._kept[slot][0].dims,)).copy()

    def due(self) -> tuple[int, tuple[int, ...]]:
        """Samples until a voice needs a latent, and, if that is now (0), which voices do."""
        mask = c_uint32()
        wait = self._library.ib_player_due(self._at, ctypes.byref(mask))
        return int(wait), tuple(slot for slot in range(VOICES) if mask.value >> slot & 1)

    def stretch(self) -> int:
        """Samples until the next due frame, counting a voice that is due now with its whole hop."""
        return int(self._library.ib_player_stretch(self._at))

    def render(self, samples: int) -> Audio:
        """The next samples, (channels, samples). However they are cut, the same come out."""
        out = np.empty((self.channels, samples), dtype=np.float32)
        code = self._library.ib_player_render(self._at, out.ctypes.data, samples)
        if code < 0:
            raise KernelError(f"The player refused to render {samples} samples (error {code}).")
        return out

    def place(self, placing: Placing) -> Space:
        """Put voices and sounds where they stand in a world; what sounds goes over to it within 50 ms."""
        if self.space is None:
            self.space = Space(self.channels, self.sample_rate, self._level)
            for slot, (model, _) in self._kept.items():
                self.space.know(self._at, slot, model)
            self.space.library.ib_player_between(self._at, self.space.run, self.space.address)
        self.space.place(placing)
        return self.space

    def panic(self) -> None:
        """Fade to silence within 64 samples and stay there, until a reset."""
        self._library.ib_player_panic(self._at)

    def reset(self, seed: int = 1) -> None:
        """Every voice, the guard and the limiter from a fresh past; slot i draws its noise from seed + i."""
        self._library.ib_player_reset(self._at, seed & 0xFFFFFFFF)

    def meters(self) -> Meters:
        """Read the meters, which starts them anew."""
        m = self._library.ib_player_meters(self._at).contents
        return Meters(
            (m.peak[0], m.peak[1]), (m.rms[0], m.rms[1]), m.limiter_db, m.guard_db, m.clamped, m.scrubbed
        )
