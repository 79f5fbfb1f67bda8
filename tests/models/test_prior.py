"""A dream is repeatable, stays within what is known, moves, and is the same in the page."""

import base64
import itertools
import json
import os
from pathlib import Path

import numpy as np
import pytest

from isobath.errors import ModelDamaged, ModelMismatch, ModelUnknown
from isobath.models.prior import FORMAT, About, Prior, read_prior, shapes, write_prior

GOLDEN = Path(__file__).parents[1] / "golden" / "prior.json"
ABOUT = About(
    format=FORMAT, model="tiny", dims=3, hop=64, sample_rate=16000, patch=2, width=16, layers=2, heads=2,
    window=5, mixtures=3,
)  # fmt: skip
DREAMS = ((1, 1.0), (3, 1.0), (4294967295, 1.7), (1, 0.0))


def tensors(about: About, seed: int = 7) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    found = {
        name: random.standard_normal(shape) / np.sqrt(shape[-1]) for name, shape in shapes(about).items()
    }
    found["basis"] = np.linalg.qr(random.standard_normal((about.values, about.values)))[0]
    for name in ("std", "spread", "norm", *(f"{i}.norm_{x}" for i in range(about.layers) for x in "ab")):
        found[name] = np.abs(found[name]) + 0.5
    return found


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    write_prior(tmp_path / "tiny.prior", ABOUT, tensors(ABOUT))
    return tmp_path / "tiny.prior"


def dreamt(prior: Prior, seed: int, temperature: float, frames: int = 60) -> np.ndarray:
    return np.stack(list(itertools.islice(prior.dream(seed, temperature), frames)))


def test_dreams_are_those_the_page_is_held_to(tiny: Path) -> None:
    prior = read_prior(tiny)
    dreams = [(seed, t, dreamt(prior, seed, t)) for seed, t in DREAMS]
    if os.environ.get("ISOBATH_GOLDEN"):
        text = {
            "file": base64.b64encode(tiny.read_bytes()).decode(),
            "dreams": [{"seed": s, "temperature": t, "latents": z.tolist()} for s, t, z in dreams],
        }
        GOLDEN.write_text(json.dumps(text))
    golden = json.loads(GOLDEN.read_text())
    tiny.write_bytes(base64.b64decode(golden["file"]))
    prior = read_prior(tiny)
    for each in golden["dreams"]:
        again = dreamt(prior, each["seed"], each["temperature"])
        assert np.array_equal(again, np.array(each["latents"], np.float32))


def test_a_long_dream_stays_in_what_is_known_and_keeps_moving(tiny: Path) -> None:
    prior = read_prior(tiny)
    t = tensors(ABOUT)
    z = (dreamt(prior, 5, 1.0, 4000) - t["mean"]) / t["std"]
    assert np.abs(z).max() <= 5.001
    assert np.diff(z[-1000:], axis=0).std(axis=0).min() > 1e-3


def test_a_dream_goes_on_from_a_recording(tiny: Path) -> None:
    prior = read_prior(tiny)
    heard = np.random.default_rng(2).standard_normal((3, 31)).astype(np.float32)
    one, other = (next(prior.dream(1, 1.0, after)) for after in (heard, -heard))
    assert not np.array_equal(one, other)
    with pytest.raises(ModelMismatch, match="3 dimensions"):
        next(prior.dream(1, 1.0, heard[:2]))


def test_what_is_no_prior_is_a_sentence(tiny: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelUnknown, match="isobath prior"):
        read_prior(tmp_path / "none.prior")
    for content in (b"", b"x" * 100, tiny.read_bytes()[:500]):
        (tmp_path / "bad.prior").write_bytes(content)
        with pytest.raises(ModelDamaged, match=r"bad\.prior"):
            read_prior(tmp_path / "bad.prior")
    wrong = tensors(ABOUT) | {"spread": np.ones(2)}
    write_prior(tmp_path / "wrong.prior", ABOUT, wrong)
    with pytest.raises(ModelDamaged, match="spread"):
        read_prior(tmp_path / "wrong.prior")
