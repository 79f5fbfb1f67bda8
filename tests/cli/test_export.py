"""`isobath export`: a model for other hosts."""

import json
import sys

import pytest

from isobath.models.description import write
from tests.models.small_models import small_model


@pytest.fixture
def model(tmp_path):
    description, tensors = small_model(width=20)
    write(tmp_path / "small.safetensors", description, tensors)
    return tmp_path / "small.safetensors"


def test_a_model_goes_to_nn_and_proves_itself(run, tmp_path, model):
    torch = pytest.importorskip("torch")
    result = run("export", model, "--to", "nn~", "-o", tmp_path / "x.ts", "--json")
    assert result.exit_code == 0
    told = json.loads(result.stdout)
    assert told["methods"]["decode"] == [3, 32, 1, 1]
    assert max(told["differs"].values()) < 1e-5
    assert torch.jit.load(str(tmp_path / "x.ts")).get_methods() == ["encode", "decode", "forward"]


def test_without_torch_one_sentence_says_what_to_install(run, tmp_path, model, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    result = run("export", model, "-o", tmp_path / "x.ts")
    assert result.exit_code == 2
    assert result.stderr == "isobath: This export needs torch: pip install 'isobath[train]'\n"


def test_a_model_goes_to_onnx_and_proves_itself(run, tmp_path, model):
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    result = run("export", model, "--to", "onnx", "-o", tmp_path / "x.onnx")
    assert result.exit_code == 0
    assert "x.decoder.onnx" in result.stdout
    assert "Matches the kernel within" in result.stdout
    assert (tmp_path / "x.encoder.onnx").exists()


def test_without_onnx_one_sentence_says_what_to_install(run, tmp_path, model, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    result = run("export", model, "--to", "onnx", "-o", tmp_path / "x.onnx")
    assert result.exit_code == 2
    assert result.stderr == "isobath: This export needs onnx: pip install 'isobath[onnx]'\n"
