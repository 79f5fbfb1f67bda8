"""Large models stay in their file; only the kernel's copy is in memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from isobath.errors import ModelDamaged
from isobath.models import stored
from isobath.models.coder import Model, load
from isobath.models.description import read, write
from isobath.models.stored import StoredTensors

from .small_models import small_model


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that counts as large, and whose weights do."""
    monkeypatch.setattr(stored, "SMALL_FILE", 1000)
    monkeypatch.setattr(stored, "SMALL_TENSOR", 500)
    path = tmp_path / "small.safetensors"
    write(path, *small_model())
    return path


def test_the_sound_and_the_blob_are_those_of_tensors_in_memory(path: Path) -> None:
    stays, kept = load(path), Model(*small_model())
    z = np.random.default_rng(0).standard_normal((kept.dims, 9)).astype(np.float32)
    np.testing.assert_array_equal(stays.decode(z), kept.decode(z))
    assert stays.blob() == kept.blob()
    assert sorted(stays.tensors) == sorted(kept.tensors)
    assert "nothing" not in stays.tensors


def test_only_small_tensors_are_kept(path: Path) -> None:
    model = load(path)
    assert isinstance(model.tensors, StoredTensors)
    assert model.tensors._last is None
    kept = sum(value.nbytes for value in model.tensors._kept.values())
    assert 0 < kept < sum(value.nbytes for value in model.tensors.values()) / 5


def test_a_file_that_changes_or_goes_is_told(path: Path) -> None:
    _, tensors = read(path)
    name = max(tensors, key=lambda each: tensors[each].nbytes)
    tensors.forget()  # type: ignore[attr-defined]
    write(path, *small_model(seed=1))
    with pytest.raises(ModelDamaged, match="has changed since it was opened"):
        tensors[name]
    path.unlink()
    with pytest.raises(ModelDamaged, match="can no longer be read"):
        tensors[name]
