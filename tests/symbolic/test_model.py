"""A model of bars plays: in and out, near, between, more of this, and from a file."""

import itertools

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

from isobath.errors import ModelDamaged, ModelMismatch, ModelNewer, ModelUnknown, UsageError
from isobath.symbolic import load, measures
from isobath.symbolic.bars import Melody
from isobath.symbolic.model import KEY, write_model
from isobath.symbolic.morphing import budget, schedule

from . import small


@pytest.mark.parametrize("kind", ["drums", "melody"])
def test_phrases_go_in_and_come_out(kind):
    model = small.model(kind)
    bars = small.beat(1) if kind == "drums" else Melody(np.full(32, 40, np.uint8))
    z = model.encode(bars)
    assert z.shape == (6,)
    back = model.decode(z)
    assert back.kind == kind
    assert back.steps == 32
    assert model.decode(z).changed(back) == 0
    assert model.decode_soft(z[None]).shape == (1, 32, 27 if kind == "drums" else 90)


def test_a_shorter_phrase_is_repeated():
    model = small.model()
    one = small.beat(2, bars=1)
    twice = type(one).of(np.tile(one.tensor, (2, 1)))
    np.testing.assert_allclose(model.encode(one), model.encode(twice), rtol=1e-5)


def test_what_does_not_fit_is_told():
    model = small.model()
    with pytest.raises(ModelMismatch, match="hears drums"):
        model.encode(Melody.silence(32))
    with pytest.raises(ModelMismatch, match="bars"):
        model.encode(small.beat(1, bars=3))
    with pytest.raises(ModelMismatch, match="6 dimensions"):
        model.decode(np.zeros(5, np.float32))
    with pytest.raises(UsageError, match="either sigma or"):
        model.sample_near(np.zeros(6), np.random.default_rng(0))
    with pytest.raises(UsageError, match="knows no pitch"):
        model.moved(np.zeros(6), pitch=1)
    with pytest.raises(UsageError, match="2 phrases"):
        model.morph(np.zeros(6), np.zeros(6), 1)


def test_silence_has_a_place():
    model = small.model()
    assert np.isfinite(model.encode(model.silence())).all()


@settings(max_examples=8)
@given(st.integers(0, 200), st.integers(2, 24))
def test_a_morph_has_its_ends_and_keeps_its_budget(seed, count):
    model = small.model(seed=seed % 5)
    first, last = np.random.default_rng(seed).standard_normal((2, 6)).astype(np.float32)
    phrases = model.morph(first, last, count)
    assert phrases[0].changed(model.decode(first)) == 0
    assert phrases[-1].changed(model.decode(last)) == 0
    most = budget(phrases[0].changed(phrases[-1]), count)
    assert max(a.changed(b) for a, b in itertools.pairwise(phrases)) <= most
    raw = model.morph(first, last, count, budgeted=False)
    assert raw[-1].changed(phrases[-1]) == 0


def test_the_surest_of_a_crowd_goes_first():
    patterns = np.array([[0, 0, 0, 0]] * 3 + [[1, 1, 1, 1]] * 2, bool)
    sure = np.tile(np.array([0.6, 0.9, 0.7, 0.8]), (5, 1))
    found = schedule(patterns, sure)
    assert np.abs(np.diff(found.astype(int), axis=0)).sum(1).max() <= budget(4, 5)
    assert found[-1].all()
    assert (found[1:].sum(1) >= 0).all()
    last_two = np.flatnonzero(~found[3])
    assert 1 not in last_two


@settings(max_examples=8)
@given(st.integers(0, 50), st.sampled_from([1, 3, 8, 16]))
def test_the_knob_of_changed_hits_keeps_its_word(seed, asked):
    model = small.model(seed=1)
    rng = np.random.default_rng(seed)
    z = rng.standard_normal(6).astype(np.float32)
    counts = [
        model.decode(z).changed(model.decode(model.sample_near(z, rng, changed_hits=asked))) for _ in range(8)
    ]
    assert np.mean(counts) == pytest.approx(asked, rel=0.4, abs=2)
    assert model.sample_near(z, rng, changed_hits=0) is not None


def test_sigma_is_a_deviation():
    model = small.model()
    rng = np.random.default_rng(0)
    z = np.zeros(6, np.float32)
    points = np.stack([model.sample_near(z, rng, sigma=0.5) for _ in range(2000)])
    assert points.std() == pytest.approx(0.5, rel=0.05)
    assert np.isfinite(model.sample(rng)).all()


def test_a_step_is_what_the_head_tells_and_nothing_else():
    model = small.model()
    z = np.zeros(6, np.float32)
    before, after = model.attributes(z), model.attributes(z + model.towards(density=4))
    assert after["density"] - before["density"] == pytest.approx(4, abs=1e-2)
    assert after["velocity"] - before["velocity"] == pytest.approx(0, abs=1e-2)


def test_a_decoder_that_does_half_of_what_it_is_told_is_told_twice_as_much():
    whole = small.model()
    half = whole.responding(0.5 * np.eye(3))
    np.testing.assert_allclose(half.towards(density=2), whole.towards(density=4), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("kind", "most"), [("drums", 0.6), ("melody", 0.9)])
def test_a_place_moves_until_what_is_asked_is_heard(kind, most):
    model = small.model(kind)
    places = np.random.default_rng(2).standard_normal((30, 6)).astype(np.float32)
    np.testing.assert_allclose(model._heard(places), measures.heard(model, places), atol=1e-4)
    left = []
    for z in places:
        before = measures.heard(model, z[None])[0, 0]
        heard = measures.heard(model, np.stack([z + model.towards(density=3), model.moved(z, density=3)]))
        left.append(np.abs(heard[:, 0] - before - 3))
    linear, listened = np.mean(left, axis=0)
    assert listened < most * linear
    assert np.array_equal(model.moved(places[0]), places[0])


def test_places_of_a_line_change_evenly():
    model = small.model()
    a, b = np.random.default_rng(4).standard_normal((2, 6)).astype(np.float32) * 3
    places = model.places(a, b, 9)
    np.testing.assert_allclose(places[[0, -1]], [a, b], atol=1e-5)

    def largest(at):
        pattern = model.pattern(model.decode_soft(at)).reshape(9, -1)
        return np.count_nonzero(pattern[1:] != pattern[:-1], axis=1).max()

    share = np.linspace(0, 1, 9, dtype=np.float32)[:, None]
    assert largest(places) <= 0.75 * largest((1 - share) * a + share * b)
    still = model.places(a, a, 9)
    np.testing.assert_allclose(still, np.repeat(a[None], 9, axis=0), atol=1e-6)


def test_the_view_keeps_directions():
    model = small.model()
    assert model.view(np.ones(6, np.float32)).tolist() == [1, 1, 1]
    assert model.view(np.ones((4, 6), np.float32)).shape == (4, 3)


def test_files_are_whole_or_told_of(tmp_path):
    path = tmp_path / "x.safetensors"
    about = small.about()
    write_model(path, about, small.tensors(about))
    z = np.ones(6, np.float32)
    np.testing.assert_allclose(load(path).decode_soft(z[None]), small.model().decode_soft(z[None]), atol=0.05)
    kept = load_file(path)

    def written(described, arrays):
        save_file(arrays, path, metadata={KEY: msgspec.json.encode(described).decode()})

    for change, error in (
        ({"format": 99}, ModelNewer), ({"dims": 10**6}, ModelDamaged), ({"width": 17}, ModelDamaged),
        ({"kind": "melody"}, ModelDamaged),
    ):  # fmt: skip
        written(msgspec.structs.replace(about, **change), kept)
        with pytest.raises(error):
            load(path)
    written(about, {**kept, "phrases": np.zeros((3, 5), np.float16)})
    with pytest.raises(ModelDamaged, match="phrases"):
        load(path)
    written(about, {**kept, "head.bias": np.full(3, np.nan, np.float32)})
    with pytest.raises(ModelDamaged, match="no number"):
        load(path)
    path.write_bytes(b"nothing")
    with pytest.raises(ModelDamaged, match="not a whole"):
        load(path)
    with pytest.raises(ModelUnknown, match="no model of bars"):
        load(tmp_path / "none")
