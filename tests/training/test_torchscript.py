"""A TorchScript export plays what the kernel plays, as hosts call it."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import torch

from isobath.errors import ModelDamaged, SaveError
from isobath.foreign.archive import read
from isobath.foreign.gate import check
from isobath.models.coder import Model
from isobath.training.torchscript import register, scripted, write
from tests.models.small_models import newer_model, small_model

MODELS = {
    "mono": small_model(width=20),
    "stereo": small_model(channels=2, front="spectrum", width=20),
    "newer": newer_model(channels=2),
    "discrete": newer_model(coded="quantize"),
    "spherical": newer_model(coded="sphere"),
}


@pytest.fixture(autouse=True)
def plainly() -> Iterator[None]:
    """Without optimising, which takes seconds for each block size."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with torch.jit.optimized_execution(False):
        yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Model, Path, Any]:
    """One stereo model, its file, and the file opened."""
    model = Model(*small_model(channels=2, width=20))
    path = tmp_path_factory.mktemp("export") / "small.ts"
    write(model, path)
    return model, path, torch.jit.load(str(path))


@pytest.mark.parametrize("name", MODELS)
def test_it_nulls_against_the_kernel(name: str, tmp_path: Path) -> None:
    found = write(Model(*MODELS[name]), tmp_path / "x.ts")
    assert found.decode <= 1e-5
    assert found.encode is not None
    assert found.encode <= 1e-5


def test_it_answers_as_the_contract_says(exported: tuple[Model, Path, Any]) -> None:
    model, _, module = exported
    assert module.get_methods() == ["encode", "decode", "forward"]
    assert module.encode_params.tolist() == [2, 1, model.dims, model.hop]
    assert module.decode_params.tolist() == [model.dims, model.hop, 2, 1]
    assert module.forward_params.tolist() == [2, 1, 2, 1]
    for method in module.get_methods():
        inputs, _, outputs, _ = getattr(module, f"{method}_params").tolist()
        assert len(getattr(module, f"{method}_input_labels")) == inputs
        assert len(getattr(module, f"{method}_output_labels")) == outputs
    assert module.get_attributes() == ["seed", "reset"]
    assert (module.seed_params.tolist(), module.reset_params.tolist()) == ([1], [0])
    assert (module.get_seed(), module.get_reset()) == ((0,), (False,))
    assert module.set_seed(3) == 0
    assert module.get_seed() == (3,)
    assert module.set_reset(True) == 0
    assert (module.sr, module.latent_size, module.n_channels) == (22050, model.dims, 2)
    assert msgspec.json.decode(module.isobath)["hop"] == model.hop


def test_each_voice_of_a_batch_has_its_own_past_and_noise(exported: tuple[Model, Path, Any]) -> None:
    model, _, module = exported
    z = torch.randn(3, model.dims, 6, generator=torch.Generator().manual_seed(0))
    module.set_seed(10)
    module.set_reset(True)
    with torch.no_grad():
        together = module.decode(z)
        for voice in range(3):
            module.set_seed(10 + voice)
            torch.testing.assert_close(module.decode(z[voice : voice + 1]), together[voice : voice + 1])
            module.set_reset(True)


def test_it_begins_again_when_reset(exported: tuple[Model, Path, Any]) -> None:
    model, _, module = exported
    x = 0.1 * torch.randn(1, 2, 8 * model.hop, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        module.set_reset(True)
        first = module.forward(x)
        assert not torch.equal(module.forward(x), first)
        module.set_reset(True)
        assert torch.equal(module.forward(x), first)


def test_blocks_of_inference_mode_and_others_mix(exported: tuple[Model, Path, Any]) -> None:
    model, _, module = exported
    x = torch.zeros(1, 2, 4 * model.hop)
    with torch.inference_mode():
        module.forward(x)
    module.forward(x)
    with torch.no_grad():
        module.forward(x)


def test_a_model_without_an_encoder_only_decodes(tmp_path: Path) -> None:
    description, tensors = small_model()
    model = Model(msgspec.structs.replace(description, encoder=None), tensors)
    assert write(model, tmp_path / "x.ts").encode is None
    assert torch.jit.load(str(tmp_path / "x.ts")).get_methods() == ["decode"]


def test_the_file_holds_no_more_than_the_weights_and_what_one_voice_needs(
    exported: tuple[Model, Path, Any],
) -> None:
    _, _, module = exported
    kept = sum(b.numel() for name, b in module.named_buffers() if name.endswith("kept"))
    weights = sum(b.numel() for _, b in module.named_buffers()) - kept
    assert kept < 0.5 * weights
    assert not list(module.parameters())


def test_it_passes_the_gate_that_strangers_pass(exported: tuple[Model, Path, Any]) -> None:
    _, path, _ = exported
    assert check(read(path)).classes > 5


def test_what_does_not_null_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = Model(*small_model(width=20))
    made = scripted(model)
    made.decoder.steps[0].does.bias += 0.01
    monkeypatch.setattr("isobath.training.torchscript.scripted", lambda _: made)
    with pytest.raises(ModelDamaged, match="does not play what the kernel plays"):
        write(model, tmp_path / "x.ts")
    assert list(tmp_path.iterdir()) == []


def test_a_method_of_another_shape_is_noticed() -> None:
    model = Model(*small_model(width=20))
    made = scripted(model)
    made.decode_params[2] += 1
    with pytest.raises(ModelDamaged, match=r"decode answers \(1, 1, 8192\) instead of \(1, 2, 8192\)"):
        register(model, made)


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SaveError, match=r"x\.ts could not be written \(No space left on device\)"):
        write(Model(*small_model(width=20)), tmp_path / "x.ts")
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_takes_no_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(SaveError, match=r"x\.ts could not be written"):
        write(Model(*small_model(width=20)), tmp_path / "nowhere" / "x.ts")
