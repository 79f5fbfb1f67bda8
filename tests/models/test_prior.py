"""A dream is repeatable, stays within what is known, moves, and is the same in the page."""

import base64
import itertools
import json
import os
from pathlib import Path

import msgspec
import numpy as np
import pytest

from isobath.errors import ModelDamaged, ModelMismatch, ModelUnknown
from isobath.models.prior import FORMAT, About, Prior, read_prior, shapes, write_prior

GOLDEN = Path(__file__).parents[1] / "golden" / "prior.json"
ABOUT = About(
    format=FORMAT, model="tiny", dims=3, hop=64, sample_rate=16000, patch=2, width=16, layers=2, heads=2,
    window=5, mixtures=3,
)  # fmt: skip
CODED = msgspec.structs.replace(ABOUT, codes=11, mixtures=1)
DREAMS = ((1, 1.0), (3, 1.0), (4294967295, 1.7), (1, 0.0))


def tensors(about: About, seed: int = 7) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    found = {
        name: random.standard_normal(shape) / np.sqrt(shape[-1]) for name, shape in shapes(about).items()
    }
    if about.codes == 0:
        found["basis"] = np.linalg.qr(random.standard_normal((about.values, about.values)))[0]
    of_numbers = () if about.codes else ("std", "spread")
    for name in (*of_numbers, "norm", *(f"{i}.norm_{x}" for i in range(about.layers) for x in "ab")):
        found[name] = np.abs(found[name]) + 0.5
    return found


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    write_prior(tmp_path / "tiny.prior", ABOUT, tensors(ABOUT))
    return tmp_path / "tiny.prior"


@pytest.fixture
def coded(tmp_path: Path) -> Path:
    """A prior over codes."""
    write_prior(tmp_path / "coded.prior", CODED, tensors(CODED, 8))
    return tmp_path / "coded.prior"


def dreamt(prior: Prior, seed: int, temperature: float, frames: int = 60) -> np.ndarray:
    return np.stack(list(itertools.islice(prior.dream(seed, temperature), frames)))


def golden_of(path: Path) -> dict[str, object]:
    prior = read_prior(path)
    dreams = [{"seed": s, "temperature": t, "latents": dreamt(prior, s, t).tolist()} for s, t in DREAMS]
    return {"file": base64.b64encode(path.read_bytes()).decode(), "dreams": dreams}


def test_dreams_are_those_the_page_is_held_to(tiny: Path, coded: Path, tmp_path: Path) -> None:
    if os.environ.get("ISOBATH_GOLDEN"):
        GOLDEN.write_text(json.dumps(golden_of(tiny) | {"codes": golden_of(coded)}))
    golden = json.loads(GOLDEN.read_text())
    for kept in (golden, golden["codes"]):
        (tmp_path / "kept.prior").write_bytes(base64.b64decode(kept["file"]))
        prior = read_prior(tmp_path / "kept.prior")
        for each in kept["dreams"]:
            again = dreamt(prior, each["seed"], each["temperature"])
            assert np.array_equal(again, np.array(each["latents"], np.float32))


def test_a_dream_of_codes_is_made_of_codes_and_goes_on_from_some(coded: Path) -> None:
    prior = read_prior(coded)
    z = dreamt(prior, 5, 1.0, 500)
    assert set(np.unique(z)) == set(range(CODED.codes))
    heard = np.random.default_rng(2).integers(0, CODED.codes, (3, 31)).astype(np.float32)
    one = np.stack(list(itertools.islice(prior.dream(1, 0.0, heard), 20)))
    other = np.stack(list(itertools.islice(prior.dream(1, 0.0, CODED.codes - 1 - heard), 20)))
    assert not np.array_equal(one, other)


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
