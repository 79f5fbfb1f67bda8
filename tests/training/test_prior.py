"""What torch learned is what numpy dreams, and dreaming is learned."""

import dataclasses
import itertools
from pathlib import Path

import msgspec
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from isobath.models.prior import FORMAT, About, _Memory  # noqa: E402
from isobath.models.saying import Codes, Numbers  # noqa: E402
from isobath.training import prior as training  # noqa: E402

ABOUT = About(
    format=FORMAT, model="tiny", dims=2, hop=64, sample_rate=16000, patch=3, width=16, layers=2, heads=2,
    window=6, mixtures=2,
)  # fmt: skip
CODED = msgspec.structs.replace(ABOUT, patch=2, mixtures=1, codes=7)
COURSE = training.PriorCourse(
    steps=60, batch=4, crop=24, width=16, layers=2, heads=2, window=6, mixtures=2, check_every=20, warmup=5,
    learning_rate=5e-3,
)  # fmt: skip


def circling(frames: int, start: float) -> np.ndarray:
    angle = start + 0.2 * np.arange(frames)
    return np.stack((np.cos(angle), np.sin(angle)), axis=1)


def material() -> training.Material:
    return training.material([circling(900, 0.0), circling(600, 1.0)], [circling(400, 2.0)], ABOUT)


def test_numpy_says_what_torch_says(tmp_path: Path) -> None:
    m = material()
    network = training.Network(ABOUT, 0.0).eval()
    path = tmp_path / "tiny.prior"
    torch.save({"step": 1, "best": 0.0, "spent": 1.0, "best_network": network.state_dict()}, tmp_path / "c")
    prior = training.finish(ABOUT, m, COURSE, tmp_path / "c", path, {})
    x = np.rint(4096 * np.random.default_rng(1).standard_normal((20, ABOUT.values))) / 4096
    memory, speech = _Memory(ABOUT), prior.speech
    assert isinstance(speech, Numbers)
    thought = [prior.think(memory, row if i else None) for i, row in enumerate(x)]
    step_by_step = np.stack([speech.said(each) for each in thought])
    with torch.no_grad():
        halved(network)
        turned = training._turned(x, m)[None].astype(np.float32)
        at_once = network.speech.said(network(torch.from_numpy(turned)))[0].numpy()
    assert np.allclose(step_by_step, at_once, atol=1e-4)


def test_numpy_says_of_codes_what_torch_says(tmp_path: Path) -> None:
    m = training.material([scale(900, 0)], [scale(400, 3)], CODED)
    network = training.Network(CODED, 0.0).eval()
    torch.save({"step": 1, "best": 0.0, "spent": 1.0, "best_network": network.state_dict()}, tmp_path / "c")
    prior = training.finish(CODED, m, COURSE, tmp_path / "c", tmp_path / "coded.prior", {})
    x = np.random.default_rng(1).integers(0, CODED.codes, (20, CODED.values)).astype(float)
    memory, speech = _Memory(CODED), prior.speech
    assert isinstance(speech, Codes)
    said = []
    for before, truth in zip([None, *x[:-1]], x, strict=True):
        thought = prior.think(memory, before)
        for i, code in enumerate(truth):
            said.append(speech.logits(thought, i))
            thought = speech.told(thought, i, int(code))
    with torch.no_grad():
        halved(network)
        truths = torch.from_numpy(x[None].astype(np.float32))
        at_once = network.speech.logits(network(truths.roll(1, dims=1)), truths)[0].numpy()
    assert np.allclose(np.reshape(said, at_once.shape), at_once, atol=1e-4)


def halved(network: torch.nn.Module) -> None:
    """Matrices as the file keeps them."""
    for parameter in network.parameters():
        parameter.copy_(parameter.half().float() if parameter.ndim == 2 else parameter)


def scale(frames: int, start: int) -> np.ndarray:
    """Codes that count, each book as many as those before it together, so the last needs the others."""
    first = (start + np.arange(frames)) % CODED.codes
    second = (first * first) % CODED.codes
    return np.stack((first, second), axis=1).astype(np.float64)


def test_codes_are_learned_by_their_chances(tmp_path: Path) -> None:
    m, checkpoint = training.material([scale(900, 0)], [scale(400, 3)], CODED), tmp_path / "c"
    course = dataclasses.replace(COURSE, steps=160, patience=9)
    last = list(training.train_prior(CODED, m, course, checkpoint, lambda: False))[-1]
    prior = training.finish(CODED, m, course, checkpoint, tmp_path / "p.prior", {"set": "scale"})
    made = prior.about.training
    assert last.best < 0.5 * made["surprise_of_counts"]
    dreamt = np.stack(list(itertools.islice(prior.dream(1, 0.0, scale(40, 0).T), 12)))
    np.testing.assert_array_equal(dreamt, scale(52, 0)[40:])
    assert set(np.unique(np.stack(list(itertools.islice(prior.dream(1, 3.0), 200))))) <= set(
        range(CODED.codes)
    )


def test_a_circle_is_learned_and_a_stopped_training_goes_on(tmp_path: Path) -> None:
    m, checkpoint = material(), tmp_path / "c"
    asked = iter([False] * 30 + [True] * 100)
    first = list(training.train_prior(ABOUT, m, COURSE, checkpoint, lambda: next(asked)))
    assert first[-1].step == 20
    rest = list(training.train_prior(ABOUT, m, COURSE, checkpoint, lambda: False))
    assert [p.step for p in rest] == [40, 60]
    assert rest[-1].best < first[-1].surprise
    prior = training.finish(ABOUT, m, COURSE, checkpoint, tmp_path / "p.prior", {"set": "circle"})
    assert prior.about.training["set"] == "circle"
