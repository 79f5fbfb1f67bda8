"""Both workers of a stage in this process, and its callback by hand: nothing happens but what a test does."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from isobath.models.coder import Model
from isobath.outputs.stage import wire
from isobath.outputs.stage.area import WORKERS, Area
from isobath.protocol.piece import Axis, Demonstration, Piece, Take, Voice
from isobath.server.stage_worker import Models, Worker

BLOCK = 256
MODEL = "drums"
_MODELS = Models()


class Pair:
    """Two workers over one area."""

    def __init__(self, rate: int) -> None:
        self.area = Area.new(rate, 128, BLOCK)
        self.area.board.workers[0].pid = self.area.board.workers[1].pid = 1
        self.workers = [Worker(self.area, number) for number in range(WORKERS)]
        for worker in self.workers:
            worker._models = _MODELS  # read once for all tests
        self.said: list[wire.FromWorker] = []

    def tell(self, *orders: wire.ToWorker, to: tuple[int, ...] = (0, 1)) -> None:
        """These are obeyed, in their order."""
        for number in to:
            for order in orders:
                self.workers[number].obey(order)
            self.get_ready(number)
            self.act(number)

    def get_ready(self, number: int) -> None:
        """Everything in a worker's line is got ready."""
        while True:
            try:
                self.workers[number].get_ready(block=False)
            except queue.Empty:
                return

    def act(self, number: int) -> None:
        """What is ready is done."""
        orders = self.workers[number]._orders
        while orders:
            orders.popleft()()

    def make(self, number: int = 0) -> None:
        """A worker makes what it is asked for."""
        while self.area.wanted(number) > 0:
            self.workers[number]._make()

    def run(self, blocks: int, number: int = 0, came: np.ndarray | None = None) -> np.ndarray:
        """So many blocks of the device, (frames, 2), made by one worker, while the other one rests; `came`:
        what comes in meanwhile, (frames, 2)."""
        out = []
        for block in range(blocks):
            self.make(number)
            self.area.board.clock = 0  # as if a period had gone by, or the callback saw blocks come in bursts
            given = None if came is None else came[block * BLOCK :][:BLOCK]
            out.append(self.area.run(BLOCK, given))
            self.workers[1 - number]._rest_along()
        return np.concatenate(out)


@pytest.fixture
def pair(model: Model, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pair]:
    made = Pair(model.sample_rate)
    monkeypatch.setattr(Worker, "_say", lambda _, message: made.said.append(message))
    for name in ("settle", "stay_in_memory"):  # this process is not theirs
        monkeypatch.setattr(f"isobath.server.stage_worker.{name}", lambda: None)
    yield made
    made.area.close()


def until(true: Callable[[], bool], seconds: float = 10.0) -> bool:
    """Wait for something; whether it came true."""
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.01)
    return true()


def take(model: Model, frames: int = 120) -> Take:
    """A round over both axes."""
    turns = [0.5 + 0.4 * np.array([np.sin(i / 9), np.cos(i / 7)]) for i in range(0, frames, 2)]
    return Take(
        id="t",
        name="round",
        hop=model.hop,
        sample_rate=model.sample_rate,
        length=frames,
        axes=("x", "y"),
        frames=tuple(range(0, frames, 2)),
        points=tuple(tuple(point.tolist()) for point in turns),
        seed=3,
    )


def six_places(model: Model, seed: int) -> tuple[Demonstration, ...]:
    """Six places of two axes, and a sound at each."""
    random = np.random.default_rng(seed)
    return tuple(
        Demonstration(
            id=str(i),
            point=tuple(random.random(2).tolist()),
            latent=tuple(random.standard_normal(model.dims).tolist()),
        )
        for i in range(6)
    )


def piece(model: Model, **more: object) -> Piece:
    """One voice with two axes and that take; `more`: of the voice."""
    axes = (Axis(id="x", name="x"), Axis(id="y", name="y"))
    voice = Voice(id="v", model=MODEL, demonstrations=six_places(model, 5), **more)  # type: ignore[arg-type]
    return Piece(id="p", name="a stage", axes=axes, voices=(voice,), takes=(take(model),))
