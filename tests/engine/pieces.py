"""A small piece to render: two axes, one or two whistles, a take."""

import numpy as np

from isobath.models.coder import Model
from isobath.protocol.piece import Axis, Demonstration, Piece, Shaping, Take, Voice

from .loudspeaker import RATE, whistle

MODELS = {"whistle": whistle(loudness=0.5), "wide": whistle(channels=2, seed=1, loudness=0.5)}
AXES = (Axis(id="x", name="along"), Axis(id="y", name="across"))
HOP = 64


def load_model(name: str) -> Model:
    return MODELS[name]


def demonstrations(count: int = 5, dims: int = 4) -> tuple[Demonstration, ...]:
    random = np.random.default_rng(8)
    return tuple(
        Demonstration(
            id=str(i),
            point=tuple(random.random(2).tolist()),
            latent=tuple(random.standard_normal(dims).tolist()),
        )
        for i in range(count)
    )


def circle(length: int = 300, seed: int = 4) -> Take:
    turns = [0.5 + 0.4 * np.array([np.sin(i / 20), np.cos(i / 15)]) for i in range(0, length, 2)]
    return Take(
        id="circle", name="round and round", hop=HOP, sample_rate=RATE, length=length, axes=("x", "y"),
        frames=tuple(range(0, length, 2)), points=tuple(tuple(p.tolist()) for p in turns), seed=seed,
    )  # fmt: skip


def voice(model: str = "whistle", **more) -> Voice:  # type: ignore[no-untyped-def]
    more.setdefault("demonstrations", demonstrations())
    more.setdefault("shaping", Shaping(smoothing_seconds=0.01))
    return Voice(id=model, model=model, **more)


def piece(*voices: Voice, take: Take | None = None, **more) -> Piece:  # type: ignore[no-untyped-def]
    return Piece(
        id="p", name="a test", axes=AXES, voices=voices or (voice(),), takes=(take or circle(),), **more
    )
