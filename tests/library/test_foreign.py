"""Other programs' models are kept beside our own, and tried once."""

import pytest

torch = pytest.importorskip("torch")

import numpy as np  # noqa: E402

import isobath  # noqa: E402
from isobath.errors import ModelMismatch, ModelRefused, ModelUnknown  # noqa: E402
from isobath.foreign import torchscript  # noqa: E402
from isobath.library.foreign import ForeignModels  # noqa: E402
from isobath.library.load import load  # noqa: E402
from isobath.library.models import Models  # noqa: E402
from tests.foreign import fixtures, hostile  # noqa: E402
from tests.library.modelfiles import model_bytes  # noqa: E402


@pytest.fixture
def kept(home, tmp_path, monkeypatch):
    monkeypatch.setenv("ISOBATH_HOME", str(home.root))
    home.make()
    path = fixtures.save("rave_2", tmp_path)
    return ForeignModels(home).take_in(path)


def test_a_foreign_model_is_kept_by_its_content_and_listed(home, kept):
    assert kept.name == "rave_2"
    assert kept.path.stem == kept.description.sha256
    assert [found.name for found in ForeignModels(home).all()] == ["rave_2"]
    assert "rave_2" not in {summary.name for summary in Models(home).all()}
    assert not list(home.incoming.iterdir())


@pytest.mark.usefixtures("kept")
def test_a_kept_model_is_not_tried_again(home, monkeypatch):
    def trial(*_):
        raise AssertionError("it was tried")

    monkeypatch.setattr(torchscript, "try_out", trial)
    with ForeignModels(home).open("rave_2") as model:
        assert model.encode(np.zeros((1, 640), np.float32)).shape == (4, 10)


@pytest.mark.usefixtures("kept")
def test_load_gives_a_foreign_model_by_its_name_or_its_file(tmp_path):
    with isobath.load("rave_2") as model:
        assert model.dims == 4
    with isobath.load(tmp_path / "rave_2.ts") as model:
        assert model.name == "rave_2"
    with pytest.raises(ModelMismatch, match="needs one of our own format"):
        load("rave_2")


def test_a_name_that_is_taken_gets_the_content_behind_it(home, kept, tmp_path):
    Models(home).add(model_bytes("rave_2"))
    (found,) = ForeignModels(home).all()
    assert found.name == f"rave_2-{kept.description.sha256[:8]}"
    other = fixtures.save("rave_2_hop_16", tmp_path)
    assert ForeignModels(home).take_in(other, "a name").name == "a-name"
    with pytest.raises(ModelUnknown, match="There is: "):
        ForeignModels(home).open("rave_2")


def test_what_is_refused_is_not_kept(home, tmp_path):
    home.make()
    path = hostile.save(hostile.Writes(str(tmp_path / "target")), tmp_path / "evil.ts")
    with pytest.raises(ModelRefused, match=r"evil\.ts is not opened"):
        ForeignModels(home).take_in(path)
    assert not list(home.models.iterdir())
    assert not list(home.incoming.iterdir())


def test_a_model_without_its_measurements_is_not_listed(home, kept):
    kept.path.with_suffix(".json").write_text("{")
    assert ForeignModels(home).all() == ()
