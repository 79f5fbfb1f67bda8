"""RAVE files become models that play what the files play."""

from __future__ import annotations

import itertools
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from isobath.engine.dreaming import generated
from isobath.errors import ModelDamaged, ModelMismatch
from isobath.foreign import rave, survey
from isobath.foreign.archive import read
from isobath.foreign.importing import Wishes, import_rave, recut
from isobath.foreign.layers import Unfamiliar
from isobath.models.coder import Model, load
from isobath.models.description import Description, write

torch = pytest.importorskip("torch")
from isobath.training import prior as training  # noqa: E402

from .rave_like import NAMES, save, streamed  # noqa: E402  (it is made of torch)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("rave")
    return {name: save(name, folder) for name in NAMES}


def imported(path: Path, **wishes: object) -> Model:
    return Model(*import_rave(read(path), Wishes(**wishes)))  # type: ignore[arg-type]


def quiet(path: Path, dims: int | None = None) -> Model:
    """In full precision, with the noise at its mean as in the file."""
    found = rave.convert(read(path), dims)
    tensors = dict(found.tensors)
    for o in found.decoder:
        if o.kind == "noise":
            tensors[o.filters or ""] = np.zeros_like(tensors[o.filters or ""])
    description = import_rave(read(path), Wishes(dims=dims))[0]
    return Model(description, {**tensors, **import_loudness(found)})


def import_loudness(found: rave.Imported) -> dict[str, np.ndarray]:
    points = survey.draw(found, 1)
    one = np.zeros(1, np.float32)
    return dict(survey.loudness_tensors(points, one, one))


@pytest.mark.parametrize("name", NAMES)
def test_an_imported_model_plays_what_the_file_plays(files: dict[str, Path], name: str) -> None:
    model, path = quiet(files[name]), files[name]
    assert model.hop == 32
    rng = np.random.default_rng(1)
    x = (0.3 * rng.standard_normal((1, 24 * model.hop))).astype(np.float32)
    heard = streamed(path, "encode", x, 4 * model.hop)
    found = model.encode(x)
    first = 4 if name == "spherical" else 0  # of silence the file has no direction
    assert np.max(np.abs(found - heard)[:, first:]) <= 1e-4 * max(1, np.max(np.abs(heard)))
    z = survey.draw(rave.convert(read(path)), 24).T.astype(np.float32)
    wanted = streamed(path, "decode", z, 4)
    assert np.max(np.abs(wanted)) > 1e-2
    assert np.max(np.abs(model.decode(z) - wanted)) <= 1e-4 * np.max(np.abs(wanted))


@pytest.mark.parametrize("name", ["v1", "v2"])
def test_a_file_that_does_not_stream_streams_here(name: str, tmp_path: Path) -> None:
    """The same latents, whole frames later; the same sound, later."""
    path = save(name, tmp_path, streaming=False)
    model, hop = quiet(path), 32
    x = (0.3 * np.random.default_rng(1).standard_normal((1, 40 * hop))).astype(np.float32)
    wanted, found = streamed(path, "encode", x, x.shape[1]), model.encode(x)
    errors = [np.max(np.abs(found[:, 14 + d : 38] - wanted[:, 14 : 38 - d])) for d in range(12)]
    assert min(errors) <= 1e-4 * np.max(np.abs(wanted))
    z = np.random.default_rng(2).standard_normal((model.dims, 40)).astype(np.float32)
    sound = streamed(path, "decode", z, 40)[0, 10 * hop : 24 * hop]
    late = model.decode(z)[0]
    shifts = range(1, 12 * hop)
    errors = [np.max(np.abs(late[10 * hop + d : 24 * hop + d] - sound)) for d in shifts]
    assert min(errors) <= 1e-4 * np.max(np.abs(sound))


def test_half_precision_is_kept_only_where_nobody_hears_it(files: dict[str, Path]) -> None:
    model, whole = imported(files["v2"]), quiet(files["v2"])
    kinds = {model.tensors[o.weight].dtype.name for o in model.description.decoder if o.weight}
    assert kinds in ({"float16"}, {"float32"})
    x = (0.3 * np.random.default_rng(1).standard_normal((1, 50 * 32))).astype(np.float32)
    wanted = whole.encode(x)
    assert np.mean((model.encode(x) - wanted) ** 2) <= 1e-6 * np.mean(wanted**2)


def test_any_latent_size_can_be_chosen_at_import_and_later(files: dict[str, Path]) -> None:
    x = (0.3 * np.random.default_rng(1).standard_normal((1, 20 * 32))).astype(np.float32)
    full = imported(files["v2"], dims=6)
    two = imported(files["v2"], dims=2)
    assert (full.dims, two.dims) == (6, 2)
    np.testing.assert_allclose(two.encode(x), full.encode(x)[:2], atol=1e-3)
    for base, dims in ((two, 6), (full, 3)):
        again = Model(*recut(base.description, base.tensors, dims))
        np.testing.assert_allclose(again.encode(x), full.encode(x)[:dims], atol=1e-3)
        z = full.encode(x)
        z[dims:] = 0
        np.testing.assert_allclose(again.decode(z[:dims]), full.decode(z), atol=1e-3)
        assert f"{dims} of 6 latent" in again.description.about
    with pytest.raises(ModelMismatch, match="1 to 6"):
        imported(files["v2"], dims=7)


def test_fewer_codes_are_fewer_books(files: dict[str, Path]) -> None:
    x = (0.3 * np.random.default_rng(1).standard_normal((1, 20 * 32))).astype(np.float32)
    every, some = imported(files["discrete"]), imported(files["discrete"], dims=2)
    np.testing.assert_array_equal(some.encode(x), every.encode(x)[:2])
    with pytest.raises(ModelMismatch, match="fixed"):
        recut(every.description, every.tensors, 2)
    with pytest.raises(ModelMismatch, match="Choose 5"):
        imported(files["spherical"], dims=3)


def test_a_model_of_codes_is_dreamt_in_codes(files: dict[str, Path], tmp_path: Path) -> None:
    """By a prior that has hardly begun to learn; that one learns is held in tests/training/test_prior.py."""
    model = imported(files["discrete"])
    course = training.PriorCourse(steps=2, batch=2, crop=8, width=16, layers=1, heads=2, warmup=1)
    about = training.about_prior(model, course)
    sound = (0.3 * np.random.default_rng(1).standard_normal((1, 600 * model.hop))).astype(np.float32)
    codes = model.encode(sound).T
    assert about.codes == 32
    assert about.dims == codes.shape[1] == model.dims
    material = training.material([codes], [], about)
    assert list(training.train_prior(about, material, course, tmp_path / "c", lambda: False)) == []
    prior = training.finish(about, material, course, tmp_path / "c", tmp_path / "d.prior", {})
    frames = np.stack(list(itertools.islice(prior.dream(1, 1.0, codes.T), 100)))
    np.testing.assert_array_equal(frames, np.clip(np.rint(frames), 0, about.codes - 1))
    heard = [
        np.concatenate(list(generated(model, prior, 3000, seed=seed, after=codes.T)), axis=1)
        for seed in (1, 1, 2)
    ]
    assert heard[0].shape == (1, 3000)
    assert np.abs(heard[0]).max() > 1e-3
    np.testing.assert_array_equal(heard[0], heard[1])
    assert not np.array_equal(heard[0], heard[2])


def test_chance_is_repeatable_and_rests_by_default(files: dict[str, Path]) -> None:
    for name in ("v2", "wasserstein"):
        model = imported(files[name], chance=True)
        z = np.zeros((model.dims, 30), np.float32)
        assert np.array_equal(model.decode(z, seed=1), model.decode(z, seed=1))
        kinds = {o.kind for o in imported(files[name]).description.decoder}
        assert "normal" not in kinds
        assert "normal" in {o.kind for o in model.description.decoder}


def test_it_says_how_late_it_is(files: dict[str, Path]) -> None:
    """The nets by the rows they would look ahead, the banks by where an impulse comes out."""
    module = torch.jit.load(str(files["v2"])).eval()
    x = torch.zeros(1, 1, 256)
    x[0, 0, 66] = 1
    with torch.no_grad():
        bank = int(module.pqmf.inverse(module.pqmf(x))[0, 0].abs().argmax()) - 66
    listens = 4 * 3 + 4 * (1 + 3) + 4 * 2 + 8 * 1 + 8 * 4 + 32 * 1
    sounds = 32 * 1 + 8 * 2 + 8 * 3 + 4 * 1 + 4 * 3
    assert rave.convert(read(files["v2"])).delay == bank + listens + sounds


def test_statistics_and_loudness_come_with_it(files: dict[str, Path], tmp_path: Path) -> None:
    for name, mean in (("v2", 0.0), ("discrete", 15.5)):
        write(tmp_path / "m.safetensors", *import_rave(read(files[name]), Wishes(title="A title")))
        model = load(tmp_path / "m.safetensors")
        points, db, hz = model.loudness
        assert points.shape == (survey.POINTS, model.dims)
        assert np.all((db > -120) & (db < 30))
        assert np.all((hz > 20) & (hz < 11025))
        assert abs(model.description.latent.mean[0] - mean) < 0.3
        assert model.description.title == "A title"


def test_what_is_not_known_is_named(files: dict[str, Path]) -> None:
    archive = read(files["v2"])
    next(n for _, n in archive.root.nodes() if n.kind == "Residual").type_name = "__torch__.Wonder"
    with pytest.raises(Unfamiliar, match="Wonder"):
        rave.convert(archive)


JUNK = (None, -1, 0, 1 << 40, 2.5, "x", [], [3], (), np.zeros(0, np.float32), np.ones((2, 3), np.float32),
        np.full((1, 4, 7), np.nan, np.float32))  # fmt: skip


@pytest.mark.parametrize("name", ["v1", "discrete"])
def test_a_file_with_anything_in_it_is_refused_in_a_sentence(files: dict[str, Path], name: str) -> None:
    rng = np.random.default_rng(5)
    for _ in range(30):
        archive = read(files[name])
        places = [(node, key) for _, node in archive.root.nodes() for key in node.attributes]
        for at in rng.integers(0, len(places), 2):
            node, key = places[at]
            node.attributes[key] = JUNK[rng.integers(len(JUNK))]
        with suppress(Unfamiliar, ModelMismatch):
            found = rave.convert(archive)
            description = describe(found)
            with suppress(ModelDamaged):
                Model(description, found.tensors)


def describe(found: rave.Imported) -> Description:
    return Description(
        format=2, name="x", sample_rate=found.sample_rate, channels=found.channels, hop=found.hop,
        dims=found.dims, delay=found.delay, encoder=found.encoder, decoder=found.decoder,
        latent=survey.statistics(found),
    )  # fmt: skip
