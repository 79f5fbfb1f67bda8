"""Whatever a bundled model is asked for: numbers, under the ceiling, without a jump.

Ten thousand latents per model, random and hostile. A thousand of them in every run of the tests, all of
them with `pytest -m long`. Measured by meters that share nothing with the kernel: true peak by a whole
oversampling in double precision (isobath.sound.peaks), momentary loudness by filtering in the frequency
domain (isobath.sound.loudness).
"""

import numpy as np
import pytest

from isobath.engine.surveying import held
from isobath.models.coder import Model, bundled, load
from isobath.protocol.piece import Master, Shaping
from isobath.sound.loudness import momentary, steepest_rise
from isobath.sound.peaks import true_peak_db

from .loudspeaker import Sound, player_of, steer

FREE_LUFS = -15.0
"""Anything may be this loud at once (kernel/guard.h)."""
RISE_LU = 8.0
CEILING_DBTP = -1.0
PLAYED_SECONDS = 12.0
"""Measured at a time."""
WILD = (np.nan, np.inf, -np.inf, 1e30, -1e30, 3e38, -3e38, 0.0)


def hostile(model: Model, count: int, seed: int) -> np.ndarray:
    """Latents (dims, frames), `count` of them, each held for some frames: ordinary, far, corners, two ends
    in turn, no numbers at all, and steps between the quietest and the loudest that are found."""
    random = np.random.default_rng(seed)
    mean, std = (np.array(each) for each in (model.description.latent.mean, model.description.latent.std))
    dims = model.dims
    scale = 10 ** random.uniform(-1, 3, (count, 1))
    latents = mean + std * random.standard_normal((count, dims)) * scale
    latents[::5] = mean + std * random.choice([-1.0, 1.0], (len(latents[::5]), dims)) * random.choice(
        [2, 6, 64]
    )
    latents[1::7] = random.choice(WILD, (len(latents[1::7]), dims))
    latents[2::11, random.integers(dims)] = np.nan
    latents[3::13] = mean + std * 6 * np.where(np.arange(len(latents[3::13]))[:, None] % 2, 1.0, -1.0)
    quiet, loud = _ends(model, random)
    latents[4::17] = np.where(np.arange(len(latents[4::17]))[:, None] % 2, loud, quiet)
    frames = random.choice([1, 2, 4, 8], count)
    # Long enough to be heard, and then left at once.
    frames[4::17] = round(0.25 * model.sample_rate / model.hop)
    return np.repeat(latents, frames, axis=0).T


def _ends(model: Model, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The quietest sound that is heard at all, and the loudest, of many, near and far."""
    mean, std = (np.array(each) for each in (model.description.latent.mean, model.description.latent.std))
    asked = mean + std * random.standard_normal((96, model.dims)) * random.choice([1.0, 3.0, 8.0], (96, 1))
    levels = held(model, asked).loudness
    return asked[np.argmin(np.where(levels > -45, levels, np.inf))], asked[np.argmax(levels)]


def check(sound: Sound, model: Model) -> None:
    """Everything that is promised, over a sound of any length."""
    assert np.isfinite(sound).all()
    rate = model.sample_rate
    span = round(PLAYED_SECONDS * rate)
    for start in range(0, sound.shape[1], span):
        part = sound[:, max(0, start - rate) : start + span]  # a second of what was before
        assert true_peak_db(_faded(part), 4) <= CEILING_DBTP
        assert (
            steepest_rise(momentary(part, rate)[100 if start else 0 :], floor=FREE_LUFS - RISE_LU) <= RISE_LU
        )


def _faded(part: Sound) -> Sound:
    """Without the edges of the cut, which are no part of the sound and would be peaks of their own."""
    edge = np.minimum(1.0, np.arange(part.shape[1]) / 256)
    return np.asarray(part * edge * edge[::-1], dtype=np.float32)


def ask(name: str, count: int, clamp: float, seed: int = 21) -> None:
    model = load(name)
    player = player_of(
        model, shaping=Shaping(smoothing_seconds=0.0, clamp=clamp), master=Master(gain_db=6.0), seed=seed
    )
    check(steer(player, hostile(model, count, seed)), model)


@pytest.mark.parametrize("clamp", [0.0, 1.0])
@pytest.mark.parametrize("name", bundled())
def test_a_thousand_hostile_latents(name: str, clamp: float) -> None:
    ask(name, 500, clamp, seed=21 + int(clamp))


@pytest.mark.long
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("clamp", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("name", bundled())
def test_ten_thousand_hostile_latents(name: str, clamp: float) -> None:
    ask(name, 10_000, clamp, seed=100)
