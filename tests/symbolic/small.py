"""A model of bars small enough for tests, with weights of chance, and a set to go with it."""

import numpy as np

from isobath.symbolic.attributes import OF_KIND
from isobath.symbolic.bars import Drums, drums_of_hits
from isobath.symbolic.measures import calibration
from isobath.symbolic.model import FORMAT, About, SymbolicModel, shapes


def tensors(about, seed=0):
    random = np.random.default_rng(seed)
    found = {
        name: (random.standard_normal(shape) * (1.5 / np.sqrt(shape[-1]))).astype(np.float32)
        for name, shape in shapes(about).items()
    }
    n = about.dims
    found |= {
        "latent_mean": np.zeros(n), "latent_deviation": np.ones(n), "latent_low": np.full(n, -5.0),
        "latent_high": np.full(n, 5.0), "attribute_deviation": np.ones(len(about.attributes)),
        "calibrated_radius": np.linspace(0.1, 6, 24), "calibrated_changes": np.linspace(0.5, 60, 24),
        "view": np.eye(3, n), "phrases": random.standard_normal((5, n)),
        "response": np.eye(len(about.attributes)),
    }  # fmt: skip
    return found


def about(kind="drums", bars=2):
    return About(
        format=FORMAT, name="small", kind=kind, bars=bars, dims=6, bar_width=12, width=16, prior_width=8,
        attributes=OF_KIND[kind], title="Small", credit="nobody", licence="CC0",
    )  # fmt: skip


def model(kind="drums", bars=2, seed=0):
    a = about(kind, bars)
    found = tensors(a, seed)
    latents = np.random.default_rng(seed).standard_normal((200, a.dims)).astype(np.float32)
    return SymbolicModel(a, found | calibration(SymbolicModel(a, found), latents))


def beat(seed, bars=2) -> Drums:
    random = np.random.default_rng(seed)
    hits = [
        (s + random.uniform(-0.4, 0.4), int(random.integers(9)), random.uniform(0.2, 1))
        for s in range(1, bars * 16, 2)
    ]
    return drums_of_hits(hits, steps=bars * 16)
