"""What torch learned is what numpy dreams, and dreaming is learned."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from isobath.models.prior import FORMAT, About, _Memory  # noqa: E402
from isobath.training import prior as training  # noqa: E402

ABOUT = About(
    format=FORMAT, model="tiny", dims=2, hop=64, sample_rate=16000, patch=3, width=16, layers=2, heads=2,
    window=6, mixtures=2,
)  # fmt: skip
COURSE = training.PriorCourse(
    steps=60, batch=4, crop=24, width=16, layers=2, heads=2, window=6, mixtures=2, check_every=20, warmup=5,
    learning_rate=5e-3,
)  # fmt: skip


def circling(frames: int, start: float) -> np.ndarray:
    angle = start + 0.2 * np.arange(frames)
    return np.stack((np.cos(angle), np.sin(angle)), axis=1)


def material() -> training.Material:
    return training.material([circling(900, 0.0), circling(600, 1.0)], [circling(400, 2.0)], ABOUT.patch)


def test_numpy_says_what_torch_says(tmp_path: Path) -> None:
    m = material()
    network = training.Network(ABOUT, 0.0).eval()
    path = tmp_path / "tiny.prior"
    torch.save({"step": 1, "best": 0.0, "spent": 1.0, "best_network": network.state_dict()}, tmp_path / "c")
    prior = training.finish(ABOUT, m, COURSE, tmp_path / "c", path, {})
    x = np.random.default_rng(1).standard_normal((20, ABOUT.values))
    memory = _Memory(ABOUT)
    step_by_step = np.stack([prior._step(memory, row) for row in x])
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(parameter.half().float() if parameter.ndim == 2 else parameter)
        at_once = network(torch.from_numpy(x[None].astype(np.float32)))[0].numpy()
    assert np.allclose(step_by_step, at_once, atol=1e-4)


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
