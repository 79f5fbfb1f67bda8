"""A method of a foreign model as an endless stream, however the blocks are cut.

Methods differ in the blocks they take: at least so long, or exactly so long; and some files were
exported without memory, so that every block begins from silence and blocks do not join. Here each
becomes the same thing: frames in, frames out, a known delay.

- Blocks that must be filled first: frames wait until there are enough, and silence goes out meanwhile.
- Without memory: each block is played together with the one before it, and the two results are
  cross-faded (sin², so that a steady sound stays steady). This delays by one block.
"""

from __future__ import annotations

from collections.abc import Callable
from math import lcm

import numpy as np
from numpy.typing import NDArray

from .facts import Tried

Frames = NDArray[np.float32]
"""(channels, frames)."""

Run = Callable[[Frames], Frames]
"""A method of one copy of the model."""

WITHOUT_MEMORY_SAMPLES = 4096
"""Smallest block for methods without memory: shorter ones have more seams and less context."""

LONGEST_CALL_SAMPLES = 1 << 17


class Stream:
    """One method with its waiting frames. `run` does one block."""

    def __init__(self, tried: Tried, run: Run, *, codes: bool = False) -> None:
        """`codes`: the results are whole numbers, which cannot be faded."""
        method = tried.method
        self._run, self._tried, self._codes = run, tried, codes
        unit = lcm(method.in_ratio, method.out_ratio)
        block = max(tried.block, unit)
        if not tried.streams and not tried.exact:
            block *= max(1, WITHOUT_MEMORY_SAMPLES // block)
        if not tried.streams and tried.exact:
            block //= 2  # the exact block is the pair
        self._fade = not tried.streams and block % unit == 0
        if not self._fade:
            block = max(tried.block, unit)
        self.block = block
        self.frames_in, self.frames_out = block // method.in_ratio, block // method.out_ratio
        self._in, self._out = method.in_ratio, method.out_ratio
        self.delay = self._wait() + (block if self._fade else 0)
        self.reset()

    def _wait(self) -> int:
        """Samples of silence that go out first, so that there is always enough to hand out."""
        grain = lcm(self._in, self._out)
        return self.block - grain if self.block > grain else 0

    def reset(self) -> None:
        """Forget what waits."""
        method = self._tried.method
        self._held: Frames = np.zeros((method.in_channels, 0), np.float32)
        self._ready: Frames = np.zeros((method.out_channels, self._wait() // self._out), np.float32)
        self._before: Frames = np.zeros((method.in_channels, self.frames_in), np.float32)
        self._tail: Frames = np.zeros((method.out_channels, self.frames_out), np.float32)

    def take_past(self, other: Stream) -> None:
        """Continue where another stream is."""
        self._held, self._ready = other._held.copy(), other._ready.copy()
        self._before, self._tail = other._before.copy(), other._tail.copy()

    def __call__(self, frames: Frames) -> Frames:
        """(in channels, n) -> (out channels, n * in_ratio / out_ratio); n * in_ratio in whole out ratios."""
        wanted = frames.shape[1] * self._in // self._out
        if not self._fade and self.frames_in == 1 and not self._ready.shape[1]:
            return self._bare(frames)
        held = np.concatenate([self._held, frames], axis=1) if self._held.shape[1] else frames
        whole = held.shape[1] // self.frames_in * self.frames_in
        done = self._faded(held[:, :whole]) if self._fade else self._bare(held[:, :whole])
        self._held = held[:, whole:].copy()
        ready = np.concatenate([self._ready, done], axis=1)
        self._ready = ready[:, wanted:]
        return ready[:, :wanted]

    def _bare(self, frames: Frames) -> Frames:
        """Whole blocks, as many at a time as the method takes."""
        many = 1 if self._tried.exact else max(1, LONGEST_CALL_SAMPLES // self.block)
        step = many * self.frames_in
        parts = [self._run(frames[:, at : at + step]) for at in range(0, frames.shape[1], step)]
        if not parts:
            return np.zeros((self._tried.method.out_channels, 0), np.float32)
        return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)

    def _faded(self, frames: Frames) -> Frames:
        parts = [np.zeros((self._tried.method.out_channels, 0), np.float32)]
        n = np.arange(2 * self.frames_out, dtype=np.float32)
        fade = np.sin(np.pi * (n + 0.5) / len(n)) ** 2
        for at in range(0, frames.shape[1], self.frames_in):
            block = frames[:, at : at + self.frames_in]
            both = self._run(np.concatenate([self._before, block], axis=1))
            self._before = block.copy()
            first, second = both[:, : self.frames_out], both[:, self.frames_out :]
            if self._codes:
                parts.append(first)
            else:
                parts.append((self._tail + first * fade[: self.frames_out]).astype(np.float32))
                self._tail = (second * fade[self.frames_out :]).astype(np.float32)
        return np.concatenate(parts, axis=1)
