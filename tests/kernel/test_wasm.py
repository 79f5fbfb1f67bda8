"""The browser's kernel and the native one are the same instrument."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from isobath.models.coder import Model

from ..models.small_models import newer_model, small_model
from .building import builder, exports, node, run_wasm

WASM = builder.WASM
BUILDS = ["isobath.simd.wasm", "isobath.relaxed.wasm"]
pytestmark = pytest.mark.skipif(node() is None, reason="Node.js plays the browser's kernel; none on PATH")


@pytest.mark.parametrize("build", BUILDS)
@pytest.mark.parametrize("variant", [{}, {"channels": 2, "front": "spectrum", "half": False}], ids=str)
def test_the_browser_decodes_what_the_machine_decodes(
    build: str, variant: dict[str, Any], tmp_path: Path
) -> None:
    model = Model(*small_model(**variant))
    blob = tmp_path / "model.blob"
    blob.write_bytes(model.blob(encoder=False))
    z = np.random.default_rng(2).standard_normal((model.dims, 21)).astype(np.float32)
    wanted = model.decode(z, seed=11)
    parts = [run_wasm(WASM / build, blob, "decode", z.T.copy(), n, 11) for n in (1, 21)]
    whole = parts[1].reshape(wanted.shape)
    assert np.max(np.abs(whole - wanted)) <= 1e-5 * np.max(np.abs(wanted))
    block = parts[0].reshape(21, model.channels, model.hop).transpose(1, 0, 2).reshape(wanted.shape)
    np.testing.assert_array_equal(block, whole)


@pytest.mark.parametrize("build", BUILDS)
def test_the_browser_hears_what_the_machine_hears(build: str, tmp_path: Path) -> None:
    model = Model(*small_model(front="spectrum"))
    blob = tmp_path / "model.blob"
    blob.write_bytes(model.blob(decoder=False))
    x = (np.random.default_rng(2).standard_normal((1, 21 * model.hop)) * 0.1).astype(np.float32)
    heard = run_wasm(WASM / build, blob, "encode", x, 4, 0).reshape(21, model.dims)
    np.testing.assert_allclose(heard.T, model.encode(x), atol=2e-5)


@pytest.mark.parametrize("build", BUILDS)
def test_the_browser_multiplies_whole_numbers_too(build: str, tmp_path: Path) -> None:
    model = Model(*small_model(channels=2), swift=True)
    blob = tmp_path / "model.blob"
    blob.write_bytes(model.blob(encoder=False))
    z = np.random.default_rng(2).standard_normal((model.dims, 21)).astype(np.float32)
    wanted = model.decode(z, seed=11)
    parts = [run_wasm(WASM / build, blob, "decode", z.T.copy(), n, 11) for n in (1, 21)]
    whole = parts[1].reshape(wanted.shape)
    assert np.max(np.abs(whole - wanted)) <= 1e-3 * np.max(np.abs(wanted))
    block = parts[0].reshape(21, model.channels, model.hop).transpose(1, 0, 2).reshape(wanted.shape)
    np.testing.assert_array_equal(block, whole)


@pytest.mark.parametrize("coded", ["", "sphere", "quantize"])
def test_the_browser_plays_format_2(coded: str, tmp_path: Path) -> None:
    model = Model(*newer_model(coded=coded))
    blob = tmp_path / "model.blob"
    blob.write_bytes(model.blob())
    z = np.random.default_rng(2).standard_normal((model.dims, 9)).astype(np.float32)
    z *= 30 if coded == "quantize" else 1
    wanted = model.decode(z, seed=11)
    found = run_wasm(WASM / BUILDS[0], blob, "decode", z.T.copy(), 4, 11).reshape(wanted.shape)
    assert np.max(np.abs(found - wanted)) <= 1e-5 * np.max(np.abs(wanted))
    x = (np.random.default_rng(2).standard_normal((1, 9 * model.hop)) * 0.1).astype(np.float32)
    heard = run_wasm(WASM / BUILDS[0], blob, "encode", x, 4, 0).reshape(9, model.dims)
    np.testing.assert_allclose(heard.T, model.encode(x), atol=2e-5)


@pytest.mark.parametrize("build", BUILDS)
def test_everything_the_headers_declare_is_exported_and_nothing_is_imported(build: str) -> None:
    names = exports(WASM / build)
    assert {"memory", "__heap_base"} <= set(names)
    assert {name for name in builder.exported_names() if builder.defined(name)} <= set(names)


@pytest.mark.parametrize("build", BUILDS)
def test_the_page_fetches_a_small_file(build: str) -> None:
    assert (WASM / build).stat().st_size <= 96 * 1024


def test_the_committed_files_do_what_their_source_does(tmp_path: Path) -> None:
    """Bytes differ from compiler to compiler; names and samples may not."""
    try:
        made = builder.build_wasm(tmp_path / "wasm")
    except (builder.NoCompiler, subprocess.CalledProcessError) as error:
        pytest.skip(f"this machine does not build for the browser: {error}")
    model = Model(*small_model())
    blob = tmp_path / "model.blob"
    blob.write_bytes(model.blob())
    random = np.random.default_rng(1)
    z = random.standard_normal((9, model.dims)).astype(np.float32)
    x = (random.standard_normal((1, 9 * model.hop)) * 0.1).astype(np.float32)
    for fresh in made:
        committed = WASM / fresh.name
        assert sorted(exports(fresh)) == sorted(exports(committed))
        for what, given in (("decode", z), ("encode", x)):
            heard = [run_wasm(each, blob, what, given, 3, 5) for each in (fresh, committed)]
            np.testing.assert_allclose(heard[0], heard[1], atol=1e-6, err_msg=f"{fresh.name}, {what}")
