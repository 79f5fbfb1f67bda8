"""An ONNX export plays what the kernel plays, its memory handed in and out."""

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from isobath.errors import ModelDamaged, ModelMismatch, SaveError
from isobath.models import null
from isobath.models.coder import Model
from isobath.models.description import Operation
from tests.models.small_models import newer_model, small_model

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from isobath.models.onnx_graph import Graph, Player, graph, write  # noqa: E402

MODELS = {
    "mono": small_model(width=20),
    "stereo": small_model(channels=2, front="spectrum", width=20),
    "plain": small_model(noise=False, tones=False, half=False, width=20),
    "newer": newer_model(),
    "newer stereo": newer_model(channels=2),
    "discrete": newer_model(coded="quantize"),
    "spherical": newer_model(coded="sphere"),
}


@pytest.mark.parametrize("name", MODELS)
def test_it_nulls_against_the_kernel(name: str, tmp_path: Path) -> None:
    files, found = write(Model(*MODELS[name]), tmp_path / "x.onnx")
    assert [file.name for file in files] == ["x.decoder.onnx", "x.encoder.onnx"]
    assert found.decode <= 1e-5
    assert found.encode is not None
    assert found.encode <= 1e-5


def test_silence_has_the_angles_it_has_in_the_kernel(tmp_path: Path) -> None:
    description, _ = small_model(dims=4)
    listens = [
        Operation(kind="conv", source="audio", out="vector", weight="eye"),
        Operation(kind="angles", source="vector", out="mean"),
    ]
    sounds = [Operation(kind="sphere", source="latent", out="audio")]
    sphere = msgspec.structs.replace(
        description, format=2, encoder=listens, decoder=sounds, hop=1, channels=5
    )
    model = Model(sphere, {"eye": np.eye(5, dtype=np.float32)[:, :, None]})
    write(model, tmp_path / "x.onnx")
    x = np.zeros((5, 3), np.float32)
    found = Player(tmp_path / "x.encoder.onnx", 1, 0)(x[None])[0]
    np.testing.assert_allclose(found, model.encode(x), atol=1e-6)


def test_the_clock_may_be_anywhere(tmp_path: Path) -> None:
    model = Model(*small_model(width=20))
    write(model, tmp_path / "x.onnx")
    z = np.zeros((1, model.dims, 8), np.float32)
    early, late = (Player(tmp_path / "x.decoder.onnx", 1, 3) for _ in range(2))
    late._clock[:] = 2**32  # every count in 32 bits is as at first
    np.testing.assert_allclose(late(z), early(z), atol=1e-6)


def test_the_file_says_what_it_is() -> None:
    model = Model(*small_model(channels=2, width=20))
    proto = graph(model)
    props = {p.key: p.value for p in proto.metadata_props}
    assert (props["hop"], props["dims"], props["channels"]) == ("32", "3", "2")
    names = [i.name for i in proto.graph.input], [o.name for o in proto.graph.output]
    assert names == (["latent", "state", "clock", "seed"], ["audio", "new_state", "new_clock"])
    names = (
        [i.name for i in graph(model, encoder=True).graph.input],
        [o.name for o in graph(model, encoder=True).graph.output],
    )
    assert names == (["audio", "state", "clock", "seed"], ["latent", "new_state", "new_clock"])
    assert len(graph(model).SerializeToString()) < 60_000  # half-precision weights stay half


def test_a_model_without_an_encoder_is_one_file(tmp_path: Path) -> None:
    description, tensors = small_model(width=20)
    model = Model(msgspec.structs.replace(description, encoder=None), tensors)
    files, found = write(model, tmp_path / "x.onnx")
    assert [f.name for f in tmp_path.iterdir()] == [f.name for f in files] == ["x.decoder.onnx"]
    assert found.encode is None


def test_what_does_not_null_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Graph.gate

    def wrong(self: Graph, x: str) -> str:
        return self.mul(whole(self, x), self.constant(np.float32(1.01)))

    monkeypatch.setattr(Graph, "gate", wrong)
    with pytest.raises(ModelDamaged, match="does not play what the kernel plays"):
        write(Model(*small_model(width=20)), tmp_path / "x.onnx")
    assert list(tmp_path.iterdir()) == []


def test_an_operation_of_tomorrow_is_told() -> None:
    description, tensors = small_model(width=20)
    model = Model(description, tensors)
    odd: Any = msgspec.structs.replace(description.decoder[0], kind="dream")
    model.description = msgspec.structs.replace(description, decoder=[odd])
    with pytest.raises(ModelMismatch, match="operation dream"):
        graph(model)


def test_a_place_that_takes_no_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(SaveError, match="could not be written"):
        write(Model(*small_model(width=20)), tmp_path / "nowhere" / "x.onnx")


def test_the_trial_reaches_every_block_size() -> None:
    latents, sounds = null.trial(Model(*small_model(width=20)))
    assert tuple(z.shape[2] for z in latents) == null.FRAMES
    assert all(np.isfinite(x).all() for x in sounds)
