"""Damaged, foreign and newer model files get a clear sentence."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isobath.errors import ModelDamaged, ModelError, ModelNewer, ModelUnknown, SaveError
from isobath.models.coder import Model, load
from isobath.models.description import describe, read, write

from .small_models import small_model


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write(tmp_path / "small.safetensors", *small_model(width=16))
    return tmp_path / "small.safetensors"


def with_description(path: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    """The file with its description changed as plain JSON."""
    data = path.read_bytes()
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + length])
    description = json.loads(header["__metadata__"]["isobath"])
    change(description)
    header["__metadata__"]["isobath"] = json.dumps(description)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data[8 + length :])
    return path


def test_a_model_reads_back_as_it_was_written(path: Path) -> None:
    description, tensors = small_model(width=16)
    found, weights = read(path)
    assert found == description == describe(path)
    assert weights.keys() == tensors.keys()
    assert all(np.array_equal(weights[name], value) for name, value in tensors.items())


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda d: d.update(hop=0), "hop is 0"),
        (lambda d: d.update(dims=4096), "latent dimensions is 4096"),
        (lambda d: d.update(sample_rate="fast"), "sample_rate"),
        (lambda d: d.pop("decoder"), "decoder"),
        (lambda d: d["latent"].update(mean=[0.0]), "latent mean has shape"),
        (lambda d: d["latent"].update(mean=[1e39] * d["dims"]), "far too large"),
        (lambda d: d["latent"].update(std=[-1.0] * d["dims"]), "deviation is -1.0"),
        (lambda d: d["latent"].update(known_radius=-1), "known radius is -1"),
        (lambda d: d.update(decoder=d["decoder"] * 200), "number of operations"),
        (lambda d: d["decoder"][0].update(op="reverb"), "unknown operation 'reverb'"),
        (lambda d: d["decoder"][0].update(act="sine"), "unknown activation 'sine'"),
        (lambda d: d["decoder"][0].update(weight="gone"), "'gone' is missing"),
        (lambda d: d["decoder"][1].update({"in": "nothing"}), "which nothing writes"),
        (lambda d: d["decoder"].pop(), "no operation writes 'audio'"),
        (lambda d: d["decoder"][0].update(stride=7), "does not fit together"),
        (lambda d: d["decoder"][0].update(dilation=1 << 40), "far too large"),
        (lambda d: d.update(channels=2), "does not fit together"),
    ],
    ids=lambda given: getattr(given, "__name__", str(given)),
)
def test_each_fault_in_a_description_is_named(
    path: Path, change: Callable[[dict[str, Any]], None], sentence: str
) -> None:
    with pytest.raises(ModelDamaged, match=sentence):
        load(with_description(path, change))


def test_a_newer_format_asks_for_an_update(path: Path) -> None:
    with pytest.raises(ModelNewer, match=r"format 3.*Update Isobath"):
        load(with_description(path, lambda d: d.update(format=3, decoder="something new")))


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    for name, data in {
        "empty": b"",
        "song.mp3": b"ID3" + bytes(4000),
        "huge": struct.pack("<Q", 1 << 60) + b"{}",
        "tensors": struct.pack("<Q", 2) + b"{}",
        "list": struct.pack("<Q", 2) + b"[]",
        "nested": struct.pack("<Q", 200_000) + b"[" * 200_000,
    }.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(ModelDamaged, match=name):
            load(tmp_path / name)


def test_a_file_cut_short_is_refused(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ModelDamaged, match="cannot be read"):
        load(path)


def test_weights_that_are_not_numbers_are_refused(path: Path) -> None:
    description, tensors = small_model(width=16)
    tensors[description.decoder[0].weight or ""][0, 0, 0] = np.nan
    write(path, description, tensors)
    with pytest.raises(ModelDamaged, match="not numbers"):
        load(path)


def test_a_missing_file_is_unknown(tmp_path: Path) -> None:
    with pytest.raises(ModelUnknown, match="no model file"):
        describe(tmp_path / "gone.safetensors")


def test_a_model_that_cannot_be_written_says_where(tmp_path: Path) -> None:
    with pytest.raises(SaveError, match="could not be written"):
        write(tmp_path / "no" / "such" / "folder.safetensors", *small_model(width=16))


@given(st.lists(st.tuples(st.integers(0, 1 << 20), st.integers(0, 255)), min_size=1, max_size=6))
@settings(max_examples=150, deadline=None)
def test_a_file_damaged_anywhere_never_breaks_anything(
    tmp_path_factory: Any, damage: list[tuple[int, int]]
) -> None:
    path = tmp_path_factory.mktemp("damaged") / "small.safetensors"
    write(path, *small_model(width=4, bands=4))
    data = bytearray(path.read_bytes())
    for at, value in damage:
        data[at % len(data)] = value
    path.write_bytes(data)
    with suppress(ModelError):  # anything else, or a crash, fails
        model = load(path)
        assert model.decode(np.zeros((model.dims, 2), np.float32)).shape == (model.channels, 2 * model.hop)


def test_loudness_is_read_or_empty() -> None:
    description, tensors = small_model(width=16)
    assert Model(description, tensors).loudness[0].shape == (0, 3)
    names = {"points": "p", "db": "d", "brightness": "b"}
    told = msgspec.convert({**msgspec.to_builtins(description), "loudness": names}, type(description))
    measured = {
        "p": np.zeros((5, 3), np.float16),
        "d": np.full(5, -20.0, np.float32),
        "b": np.ones(5, np.float32),
    }
    points, db, hz = Model(told, {**tensors, **measured}).loudness
    assert points.shape == (5, 3)
    assert db[0] == -20
    assert hz[0] == 1
    with pytest.raises(ModelDamaged, match="missing"):
        _ = Model(told, tensors).loudness
