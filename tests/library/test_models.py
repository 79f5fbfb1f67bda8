"""The models on this machine."""

import os

import pytest

from isobath.errors import ModelDamaged, ModelUnknown
from isobath.library.load import prior_place
from isobath.library.models import Models, name_for
from tests.library.modelfiles import model_bytes


@pytest.fixture
def models(home, tmp_path):
    home.make()
    bundled = tmp_path / "bundled"
    bundled.mkdir()
    (bundled / "guitar.safetensors").write_bytes(model_bytes("guitar"))
    return Models(home, bundled)


def test_bundled_models_come_first(models):
    models.add(model_bytes("aeolian", seed=1))
    assert [(m.name, m.bundled) for m in models.all()] == [("guitar", True), ("aeolian", False)]


def test_a_model_put_into_the_folder_is_found_without_asking(models, home):
    (home.models / "anything.safetensors").write_bytes(model_bytes("whale", seed=1))
    assert models.get("whale").path.name == "anything.safetensors"


def test_a_model_with_a_name_that_is_taken_is_listed_under_another(models):
    added = models.add(model_bytes("guitar", seed=5))
    assert added.name.startswith("guitar-")
    assert models.get("guitar").summary.bundled
    assert models.get(added.name).summary.sha256 == added.sha256


def test_a_model_that_came_first_keeps_its_name_whatever_comes_later(models):
    first = models.add(model_bytes("whale", seed=1))
    for seed in range(2, 8):
        models.add(model_bytes("whale", seed=seed))
    assert models.get("whale").summary.sha256 == first.sha256
    assert models.get(f"whale-{first.sha256[:8]}").summary.sha256 == first.sha256
    assert len({m.name for m in models.all()}) == 8


def test_the_same_model_twice_is_kept_once(models, home):
    for _ in range(2):
        models.add(model_bytes("whale", seed=1))
    assert len(list(home.models.iterdir())) == 1


def test_an_imported_file_is_named_by_its_content_alone(models, home):
    models.add(model_bytes("../../etc/passwd", seed=1))
    (kept,) = home.models.iterdir()
    assert len(kept.stem) == 64
    assert models.all()[-1].name == "etc-passwd"


@pytest.mark.parametrize("data", [b"", b"hello", b"\xff" * 100, (10**9).to_bytes(8, "little") + b"{}"])
def test_what_is_no_model_is_refused_and_not_kept(models, home, data):
    with pytest.raises(ModelDamaged):
        models.add(data)
    assert list(home.models.iterdir()) == []
    assert list(home.incoming.iterdir()) == []


def test_a_model_whose_weights_are_cut_off_is_refused(models, home):
    with pytest.raises(ModelDamaged):
        models.add(model_bytes("whale", seed=1)[:-100])
    assert list(home.models.iterdir()) == []


def test_a_file_that_is_no_model_is_not_listed(models, home):
    (home.models / "notes.safetensors").write_text("hello")
    assert [m.name for m in models.all()] == ["guitar"]


def test_a_model_that_is_not_there_is_named_with_those_that_are(models):
    with pytest.raises(ModelUnknown, match=r"'piano'.*guitar"):
        models.get("piano")


@pytest.mark.parametrize(
    ("name", "here"), [("A b", "A-b"), ("///", "model"), ("über", "ber"), ("x" * 99, "x" * 48)]
)
def test_every_name_fits_an_address(name, here):
    assert name_for(name) == here


def test_the_prior_of_a_training_is_kept_where_the_instrument_finds_it(home, tmp_path, monkeypatch):
    monkeypatch.setenv("ISOBATH_HOME", str(home.root))
    home.make()
    run = tmp_path / "run"
    run.mkdir()
    (run / "run.json").write_text("{}")
    (run / "bells.safetensors").write_bytes(model_bytes("bells"))
    assert prior_place(run) == run / "bells.prior"  # nobody has taken it into the library
    Models(home).add(model_bytes("bells"))
    assert prior_place(run) == home.models / "bells.prior"
    (run / "bells.safetensors").write_bytes(model_bytes("bells", hop=64))
    assert prior_place(run) == run / "bells.prior"  # that of the library is of another kind


def test_bundled_models_stand_in_one_order_whenever_they_were_unpacked(home, tmp_path):
    for seed, name in enumerate(("aeolian", "drums", "guitar")):
        file = tmp_path / f"{name}.safetensors"
        file.write_bytes(model_bytes(name, seed=seed))
        os.utime(file, (seed + 1, seed + 1))
    listed = [model.name for model in Models(home, tmp_path).all()]
    assert listed == ["guitar", "aeolian", "drums"]


def test_a_new_piece_plays_the_guitar(library):
    assert library.new("Mine").voices[0].model == "guitar"
