"""Trying a foreign model: which blocks its methods take, whether they join, where its latents lie.

A file says what its methods are called and their ratios. It does not say which block sizes work,
whether it keeps its past between blocks, which of several arrays is meant, or how long a sound takes
through it. All that is measured here, on fresh copies in the confined process, with short test sounds.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from math import lcm

import msgspec
import numpy as np
from numpy.typing import NDArray

from isobath.errors import ModelFailed

from . import wire
from .facts import Description, Tried
from .process import Process
from .streams import Stream
from .wire import Method

LONGEST_BLOCK = 1 << 17
"""Samples of the longest block that is tried."""

SECONDS = 30.0
"""Longest time for one trial call."""

LONG_SAMPLES = 1 << 15
"""Length of the tests for memory and chance: some models answer after half a second only."""

LONG_SECONDS = 3.0
"""How long one such test may take."""

MOST_CODES = 1 << 16

CLOSE = 1e-3
"""Results that differ by less than this share of the largest value are the same."""

Frames = NDArray[np.float32]


def choose(arrays: list[Frames], method: Method, frames: int) -> Frames | None:
    """The (channels, frames) that a method's ratios describe, among all arrays that it gave.

    The one that fits, else the first of a pair that together fit (mean and spread), else several that
    fit when put side by side.
    """
    single = [a[0] if a.ndim == 3 else a for a in arrays if a.ndim in (2, 3)]
    fitting = [a for a in single if a.shape == (method.out_channels, frames)]
    if fitting:
        return fitting[0]
    long = [a for a in single if a.ndim == 2 and a.shape[1] == frames]
    if sum(a.shape[0] for a in long) == method.out_channels:
        return np.concatenate(long, axis=0)
    wider = [a for a in long if a.shape[0] > method.out_channels > 0]
    return wider[0][: method.out_channels] if wider else None


@dataclass(frozen=True)
class _Outcome:
    found: Frames | None
    arrays: int
    why: str


class Trial:
    """Everything that is measured of one model."""

    def __init__(self, process: Process, sample_rate: int) -> None:
        self._process, self._rate = process, sample_rate
        self._latents: dict[tuple[int, int], Frames] = {}
        self._noise = np.random.default_rng(0)

    def methods(self) -> tuple[Tried, ...]:
        """All methods, those that listen first, since they give the others something to play."""
        order = sorted(self._process.facts.methods, key=lambda m: (m.in_ratio > 1, m.out_ratio == 1))
        tried = {m.name: self._method(m) for m in order}
        return tuple(tried[m.name] for m in self._process.facts.methods)

    def _method(self, method: Method) -> Tried:
        why = "it takes no block"
        for block in self._blocks(method):
            outcome = self._once(method, block)
            if outcome.found is None:
                why = outcome.why
                continue
            if method.in_ratio == 1 and method.out_ratio > 1:
                self._latents.setdefault((method.out_channels, method.out_ratio), outcome.found)
            exact = (
                self._once(method, 2 * block).found is None and self._once(method, 3 * block).found is None
            )
            tried = Tried(method, works=True, block=block, exact=exact, arrays=outcome.arrays)
            return self._joins(tried)
        return Tried(method, works=False, why=why)

    def _blocks(self, method: Method) -> Iterator[int]:
        unit = lcm(method.in_ratio, method.out_ratio)
        told = [int(self._process.facts.numbers.get(name, 0)) for name in ("chunk_size", "min_buffer_size")]
        seen: set[int] = set()
        size = unit
        while size <= max(LONGEST_BLOCK, unit):
            seen.add(size)
            yield size
            size *= 2
        yield from (n for n in told if n and n not in seen and n % unit == 0 and n <= LONGEST_BLOCK)

    def input(self, method: Method, block: int) -> Frames:
        """Something that the method may be given: quiet noise, or latents that came from it."""
        frames = block // method.in_ratio
        known = self._latents.get((method.in_channels, method.in_ratio))
        if known is not None:
            return np.resize(known.T, (frames, method.in_channels)).T.astype(np.float32)
        size = (method.in_channels, frames)
        return (0.1 * self._noise.standard_normal(size)).astype(np.float32)

    def _once(self, method: Method, block: int) -> _Outcome:
        """One call on a fresh copy; with zeros if it does not like the noise (codes are never negative)."""
        given = self.input(method, block)
        outcome = self._try(method, given)
        if outcome.found is None and (given < 0).any():
            silent = self._try(method, np.zeros_like(given))
            if silent.found is not None:
                self._latents.setdefault((method.in_channels, method.in_ratio), np.zeros_like(given))
                return silent
        return outcome

    def _try(self, method: Method, given: Frames) -> _Outcome:
        try:
            with Copy(self._process) as copy:
                arrays = copy.arrays(method.name, given)
        except ModelFailed as error:
            return _Outcome(None, 0, _why(error, self._process.name))
        frames = given.shape[1] * method.in_ratio // method.out_ratio
        found = choose(arrays, method, frames)
        told = ", ".join(str(a.shape) for a in arrays) or "nothing"
        return _Outcome(
            found,
            len(arrays),
            f"it gives {told} instead of {method.out_channels} channels of {frames} frames",
        )

    def _joins(self, tried: Tried) -> Tried:
        """Whether the method draws random numbers, and whether its blocks join."""
        method, block = tried.method, tried.block
        rounds = self._rounds(tried)
        first, second = (self.input_moving(method, rounds * block, part) for part in (0, 1))
        try:
            fresh = self._sequence(tried, [second], seed=1)
            again = self._sequence(tried, [second], seed=2)
            after = self._sequence(tried, [first, second], seed=1)[:, -fresh.shape[1] :]
            noise = _distance(fresh, again)
            tried = msgspec.structs.replace(tried, random=noise > CLOSE)
            if tried.exact or _distance(fresh, after) > CLOSE:
                return tried  # it has a past
            return msgspec.structs.replace(tried, streams=not self._looks_around(tried, first, second))
        except ModelFailed:
            return tried

    def _rounds(self, tried: Tried) -> int:
        """Blocks of a longer test: what a model does may come out of it half a second later."""
        if tried.exact:
            return 4
        many = max(1, LONG_SAMPLES // tried.block)
        given = self.input(tried.method, tried.block * max(1, many // 8))
        begun = time.monotonic()
        self._try(tried.method, given)
        spent = 8 * (time.monotonic() - begun)
        return max(1, min(many, int(many * LONG_SECONDS / max(spent, 1e-3))))

    def _looks_around(self, tried: Tried, first: Frames, second: Frames) -> bool:
        """Whether what comes out of one half of a block depends on the other half: then blocks of a method
        without a past do not join. The random numbers are the same each time."""
        halves = [(first, second), (second, second), (first, first)]
        whole, before, behind = (
            self._sequence(tried, [np.concatenate(pair, axis=1)], seed=1) for pair in halves
        )
        half = whole.shape[1] // 2
        past = _distance(whole[:, half:], before[:, half:])
        future = _distance(whole[:, :half], behind[:, :half])
        return max(past, future) > CLOSE

    def input_moving(self, method: Method, samples: int, part: int) -> Frames:
        """Something that differs from part to part: backwards, the channels too, or else silence."""
        given = self.input(method, samples)
        if part == 0:
            return given
        other = np.ascontiguousarray(given[::-1, ::-1])
        return other if _distance(given, other) > 0.1 else np.zeros_like(given)

    def _sequence(self, tried: Tried, blocks: list[Frames], seed: int) -> Frames:
        """Blocks one after the other through a fresh copy, each with the same random numbers."""
        method = tried.method
        step = tried.block // method.in_ratio
        with Copy(self._process) as copy:
            found = []
            for block in blocks:
                parts = [block]
                if tried.exact:
                    parts = [block[:, at : at + step] for at in range(0, block.shape[1], step)]
                for part in parts:
                    frames = part.shape[1] * method.in_ratio // method.out_ratio
                    chosen = choose(copy.arrays(method.name, part, seed), method, frames)
                    if chosen is None:
                        raise ModelFailed("its arrays change their shape")
                    found.append(chosen)
        return np.concatenate(found, axis=1)

    def codes(self, encode: Tried | None, decode: Tried | None) -> int:
        """How many codes a decoder knows, if its latents are codes; 0 if they are not."""
        if decode is None:
            return 0
        method, seen = decode.method, 0
        if encode is not None:
            sound = self._noise.uniform(-0.5, 0.5, (encode.method.in_channels, 8 * encode.block))
            found = self._through(encode, sound.astype(np.float32))
            if found is None or (found < 0).any() or not _whole(found) or found.max(initial=0) < 2:
                return 0
            seen = int(found.max())
        elif self._played(decode, -1.0) and self._played(decode, 0.5):
            return 0
        low, high = 0, 1
        while high < MOST_CODES and self._played(decode, float(high)):
            low, high = high, 2 * high
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self._played(decode, float(middle)) else (low, middle)
        if high < MOST_CODES:
            return high if method.in_channels else 0
        return 1 << seen.bit_length() if seen else 0  # it takes any number; tables have round sizes

    def _played(self, tried: Tried, value: float) -> bool:
        size = (tried.method.in_channels, tried.block // tried.method.in_ratio)
        return self._try(tried.method, np.full(size, value, np.float32)).found is not None

    def _through(self, tried: Tried, frames: Frames, seed: int = 1) -> Frames | None:
        try:
            with Copy(self._process, seed) as copy:
                stream = Stream(tried, lambda block: copy.chosen(tried.method, block))
                return stream(frames)
        except ModelFailed:
            return None

    def spread(self, encode: Tried) -> list[tuple[float, ...]]:
        """Where the latents of test sounds lie (noise bursts, a rising tone): 5 %, 95 %, mean, deviation."""
        found = self._through(
            encode, self._test_sound(encode.method.in_channels, max(encode.method.out_ratio, encode.block))
        )
        if found is None or not found.shape[1]:
            return [(), (), (), ()]
        low, high = np.percentile(found, [5, 95], axis=1)
        rows = (low, high, found.mean(axis=1), np.maximum(found.std(axis=1), 1e-3))
        return [tuple(round(float(x), 4) for x in row) for row in rows]

    def _test_sound(self, channels: int, grain: int) -> Frames:
        count = -(-2 * self._rate // grain) * grain
        time = np.arange(count) / self._rate
        tone = 0.3 * np.sin(2 * np.pi * (80 * time + 1500 * time**2))
        noise = 0.3 * self._noise.standard_normal(count) * (np.floor(4 * time) % 2)
        return np.tile((tone + noise * (time > 1)).astype(np.float32), (channels, 1))

    def delay(self, encode: Tried, decode: Tried) -> int:
        """Samples from a burst to the middle of what it changes, through both methods."""
        ratio = decode.method.in_ratio
        grain = lcm(encode.block, decode.block, ratio)
        late = sum(Stream(tried, lambda block: block).delay for tried in (encode, decode))
        at, length = -(-self._rate // 4 // grain) * grain, min(256, ratio)
        count = -(-(at + late + max(8 * ratio, self._rate // 2)) // grain) * grain
        plain = np.zeros((encode.method.in_channels, count), np.float32)
        burst = plain.copy()
        burst[:, at : at + length] = self._noise.uniform(-0.5, 0.5, length)
        sounds = []
        for sound in (plain, burst):
            latent = self._through(encode, sound)
            played = None if latent is None else self._through(decode, latent)
            if played is None:
                return 0
            sounds.append(played)
        energy = np.square(sounds[1].astype(np.float64) - sounds[0]).sum(axis=0)
        if energy.sum() <= 0:
            return 0
        middle = int(np.searchsorted(np.cumsum(energy), 0.5 * energy.sum()))
        return max(0, middle - at - length // 2)


class Copy:
    """A copy of the model for a while."""

    def __init__(self, process: Process, seed: int = 0) -> None:
        self._process, self._seed = process, seed

    def __enter__(self) -> Copy:
        opened = self._process.ask(wire.Open(seed=self._seed), SECONDS)
        self._number = opened.instance if isinstance(opened, wire.Opened) else 0
        self._generation = self._process.generation
        return self

    def __exit__(self, *_: object) -> None:
        self._process.forget(self._number, self._generation)

    def arrays(self, method: str, frames: Frames, seed: int | None = None) -> list[Frames]:
        """All arrays that a method gives for one block."""
        return self._process.call(self._number, method, frames[None], SECONDS, seed)[0]

    def chosen(self, method: Method, frames: Frames) -> Frames:
        """The array that the ratios describe."""
        wanted = frames.shape[1] * method.in_ratio // method.out_ratio
        found = choose(self.arrays(method.name, frames), method, wanted)
        if found is None:
            raise ModelFailed("its arrays change their shape")
        return found


def try_out(process: Process, operations: tuple[str, ...] = ()) -> Description:
    """Measure a model that runs in a process.

    Raises:
        ModelFailed: none of its methods works.
    """
    facts = process.facts
    notes = list(facts.notes)
    rate = int(
        facts.numbers.get("sr") or facts.numbers.get("sampling_rate") or facts.numbers.get("sample_rate") or 0
    )
    if not 1000 <= rate <= 1_000_000:
        rate = 44100
        notes.append("It does not say its sample rate; 44100 Hz is assumed.")
    trial = Trial(process, rate)
    methods = trial.methods()
    if not any(m.works for m in methods):
        why = methods[0].why if methods else "it has no methods with ratios, as nn~ wants them"
        raise ModelFailed(f"{process.name} cannot be played: {why}.")
    decode, encode = find_roles(methods)
    codes = trial.codes(encode, decode)
    known = trial.spread(encode) if encode is not None and not codes else [(), (), (), ()]
    delay = trial.delay(encode, decode) if encode is not None and decode is not None else 0
    for each in methods:
        if not each.works:
            notes.append(f"Its method {each.method.name} does not work: {each.why}.")
        elif not each.streams:
            notes.append(
                f"Its method {each.method.name} was exported without memory; its blocks are "
                "cross-faded, which delays by one block."
            )
    sounding = decode or next((m for m in methods if m.works and m.method.out_ratio == 1), None)
    hearing = encode or next((m for m in methods if m.works and m.method.in_ratio == 1), None)
    return Description(
        name=process.name,
        sample_rate=rate,
        channels=sounding.method.out_channels if sounding else 0,
        input_channels=hearing.method.in_channels if hearing else 0,
        dims=decode.method.in_channels if decode else 0,
        hop=decode.method.in_ratio if decode else 1,
        delay=delay,
        methods=methods,
        attributes=facts.attributes,
        numbers=facts.numbers,
        encode=encode.method.name if encode else "",
        decode=decode.method.name if decode else "",
        codes=codes,
        low=known[0],
        high=known[1],
        mean=known[2],
        spread=known[3],
        operations=operations,
        confined=process.confinement.whole,
        warning=process.confinement.warning,
        notes=tuple(notes),
        torch=facts.torch,
    )


def find_roles(methods: tuple[Tried, ...]) -> tuple[Tried | None, Tried | None]:
    """(the method that plays latents, the method that makes the same latents from sound), maybe neither."""
    works = [m for m in methods if m.works]
    plays = [m for m in works if m.method.in_ratio > 1 and m.method.out_ratio == 1 and m.method.in_channels]
    decode = next((m for m in plays if m.method.name == "decode"), plays[0] if plays else None)
    if decode is None:
        return None, None
    listens = [
        m
        for m in works
        if m.method.in_ratio == 1
        and (m.method.out_ratio, m.method.out_channels) == (decode.method.in_ratio, decode.method.in_channels)
    ]
    return decode, next((m for m in listens if m.method.name == "encode"), listens[0] if listens else None)


def _distance(one: Frames, other: Frames) -> float:
    """Largest difference, as a share of the largest value."""
    if one.shape != other.shape:
        return 1.0
    scale = max(1e-6, float(np.abs(one).max(initial=0.0)), float(np.abs(other).max(initial=0.0)))
    return float(np.abs(one - other).max(initial=0.0)) / scale


def _whole(values: Frames) -> bool:
    return bool(np.all(np.abs(values - np.round(values)) < 1e-5))


def _why(error: Exception, name: str) -> str:
    return str(error).removeprefix(f"{name} could not do this: ").rstrip(".")[:300]
