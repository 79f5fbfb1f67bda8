"""The instrument's end of a confined process: starting it, asking it, and living without it.

A model may crash, hang or answer nonsense. Every question has a time limit; when it passes, or when the
process is gone, the question ends in one sentence (`ModelFailed`) and the next question starts a new
process. A model that keeps failing is left alone.
"""

from __future__ import annotations

import importlib.util
import mmap
import os
import select
import threading
import time
import weakref
from collections import deque
from importlib.metadata import PackageNotFoundError, version
from typing import cast

import msgspec
import numpy as np
from numpy.typing import NDArray

from isobath.errors import ModelFailed, UsageError

from . import wire
from .confine import Confinement
from .nursery import Child, new_child

LOAD_SECONDS = 120.0
"""Longest time from start to a loaded model: torch itself takes 1 to 5 s, a large file some more."""

CALL_SECONDS = 20.0
"""Longest time for one block, unless another is given."""

MOST_RESTARTS = 5
WITHIN_SECONDS = 60.0
"""A model that failed this often within this time is not started again."""


def require_torch() -> None:
    """Say what to install where PyTorch is missing.

    Raises:
        UsageError: it is.
    """
    if importlib.util.find_spec("torch") is None:
        raise UsageError(
            "Models of other programs run in PyTorch, which is not installed here. Install it: "
            "pip install 'isobath[train]'"
        )


class Process:
    """One confined process with one model. Methods may be called from any thread, one at a time each."""

    def __init__(self, name: str, data: bytes, threads: int = 1) -> None:
        """`data`: the model as bytes for torch, kept for restarts."""
        require_torch()
        if os.name == "nt":
            raise UsageError(
                "Models of other programs do not run on Windows yet. Files of the RAVE family are "
                "read as data and play everywhere: isobath import FILE"
            )
        self.name, self._data, self._threads = name, data, threads
        self._lock = threading.RLock()
        self._starts: list[float] = []
        self._child: Child | None = None
        self.generation = 0
        """Counts the processes: copies of the model are lost with theirs."""
        self._forgotten: deque[tuple[int, int]] = deque()
        self.facts = self.start()

    @property
    def confinement(self) -> Confinement:
        """What holds the process."""
        return Confinement(self.facts.files_fenced, self.facts.calls_fenced, self.facts.limited)

    @property
    def pid(self) -> int:
        """The process's number; 0 when none runs."""
        return self._child.pid if self._child else 0

    def start(self) -> wire.Facts:
        """Start the process and load the model.

        Raises:
            ModelFailed: it does not load.
        """
        with self._lock:
            self.stop()
            now = time.monotonic()
            self._starts = [t for t in self._starts if now - t < WITHIN_SECONDS] + [now]
            if len(self._starts) > MOST_RESTARTS + 1:
                raise ModelFailed(
                    f"{self.name} failed {MOST_RESTARTS} times within a minute and is left alone. "
                    "Wait a minute, or choose another model."
                )
            self._child = new_child()
            self._end = weakref.finalize(self, self._child.end)
            self._area = np.frombuffer(mmap.mmap(self._child.area, 2 * wire.AREA), np.float32)
            self.generation += 1
            self._send(wire.packed(wire.Load(len(self._data), self._threads)), self._data)
            answer = self._receive(LOAD_SECONDS)
            if not isinstance(answer, wire.Facts):
                self.stop()
                why = answer.why if isinstance(answer, wire.Failed) else "it gave a wrong answer"
                if "maximum supported version" in why or "Unknown builtin op" in why:
                    raise ModelFailed(
                        f"{self.name} was exported by a newer PyTorch than this one ({_torch_version()}). "
                        "Update PyTorch: pip install -U 'isobath[train]'"
                    )
                raise ModelFailed(f"{self.name} could not be loaded: {why}. Fetch or export it again.")
            self.facts = answer
            return answer

    def stop(self) -> None:
        """End the process."""
        with self._lock:
            if self._child is not None:
                self._end()
                self._child = None

    def ask(self, request: wire.Request, seconds: float = CALL_SECONDS) -> wire.Answer:
        """Ask one thing.

        Raises:
            ModelFailed: there is no answer, or the answer is that it failed.
        """
        with self._lock:
            if self._child is None:
                self.start()
            while self._forgotten:
                number, generation = self._forgotten.popleft()
                if generation == self.generation:
                    self._send(wire.packed(wire.Close(number)))
                    self._receive(seconds)
            self._send(wire.packed(request))
            answer = self._receive(seconds)
            if isinstance(answer, wire.Failed):
                raise ModelFailed(f"{self.name} could not do this: {answer.why.rstrip('.')}.")
            return answer

    def forget(self, number: int, generation: int) -> None:
        """A copy is no longer needed; it goes with the next question. May be called by the garbage
        collector, in the middle of anything."""
        self._forgotten.append((number, generation))

    def call(
        self,
        instance: int,
        method: str,
        block: NDArray[np.float32],
        seconds: float = CALL_SECONDS,
        seed: int | None = None,
    ) -> tuple[list[NDArray[np.float32]], float]:
        """Run a method on (batch, channels, frames); all arrays it gives, and the seconds it took inside.

        Raises:
            ModelFailed: no answer, an answer that is none, or values that are not numbers.
        """
        if block.size * 4 > wire.AREA:
            raise UsageError(f"A block of {block.size} values is too large; cut it into shorter ones.")
        with self._lock:
            if self._child is None:
                self.start()
            self._area[: block.size] = block.ravel()
            shape = cast(tuple[int, int, int], block.shape)
            answer = self.ask(wire.Call(instance, method, shape, seed), seconds)
            if not isinstance(answer, wire.Called):
                raise self._nonsense()
            arrays, at = [], wire.AREA // 4
            for dims in answer.shapes:
                count = 1
                for n in dims:
                    count *= n
                if any(n < 0 for n in dims) or len(dims) > 8 or at + count > len(self._area):
                    raise self._nonsense()
                arrays.append(self._area[at : at + count].reshape(dims).copy())
                at += count
        if not all(np.isfinite(each).all() for each in arrays):
            raise ModelFailed(
                f"{self.name} made values that are not numbers (method {method}). Start it afresh, or give "
                "it quieter sound and latents nearer to 0."
            )
        return arrays, answer.seconds

    def _nonsense(self) -> ModelFailed:
        self.stop()
        return ModelFailed(f"{self.name} gave an answer that makes no sense and was stopped.")

    def _gone(self) -> ModelFailed:
        code = self._end()
        self._child = None
        why = f" (signal {-code})" if code is not None and code < 0 else ""
        return ModelFailed(
            f"{self.name} has stopped by itself{why}; nothing else is affected. "
            "It starts anew when it is played again."
        )

    def _send(self, *parts: bytes) -> None:
        child = self._child
        assert child is not None
        try:
            for part in parts:
                view = memoryview(part)
                while view:
                    view = view[child.target.write(view) :]
        except OSError as error:
            raise self._gone() from error

    def _receive(self, seconds: float) -> wire.Answer:
        end = time.monotonic() + seconds
        size = wire.length(self._bytes(4, end, seconds))
        if size > wire.MOST_MESSAGE:
            raise self._nonsense()
        text = self._bytes(size, end, seconds)
        try:
            return wire.answer(text)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise self._nonsense() from error

    def _bytes(self, count: int, end: float, seconds: float) -> bytes:
        child = self._child
        assert child is not None
        source = child.source
        found = b""
        while len(found) < count:
            ready = _wait(source.fileno(), max(0.0, end - time.monotonic()))
            if not ready:
                self.stop()
                raise ModelFailed(
                    f"{self.name} gave no answer within {seconds:g} s and was stopped. "
                    "It starts anew when it is played again."
                )
            part = source.read(count - len(found))
            if not part:
                raise self._gone()
            found += part
        return found


def _wait(handle: int, seconds: float) -> bool:
    """Whether there is something to read within this time."""
    if hasattr(select, "poll"):
        poll = select.poll()
        poll.register(handle, select.POLLIN | select.POLLHUP)
        return bool(poll.poll(seconds * 1000.0))
    return bool(select.select([handle], [], [], seconds)[0])


def _torch_version() -> str:
    try:
        return version("torch")
    except PackageNotFoundError:
        return "unknown"
