"""The browser's kernel and the native one are the same instrument."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from isobath.models.coder import Model

from ..models.small_models import small_model
from .building import ROOT, builder, exports, node, run_wasm

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
    parts = [run_wasm(ROOT / "kernel" / "wasm" / build, blob, "decode", z.T.copy(), n, 11) for n in (1, 21)]
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
    heard = run_wasm(ROOT / "kernel" / "wasm" / build, blob, "encode", x, 4, 0).reshape(21, model.dims)
    np.testing.assert_allclose(heard.T, model.encode(x), atol=2e-5)


@pytest.mark.parametrize("build", BUILDS)
def test_everything_the_headers_declare_is_exported_and_nothing_is_imported(build: str) -> None:
    names = exports(ROOT / "kernel" / "wasm" / build)
    assert {"memory", "__heap_base"} <= set(names)
    assert {name for name in builder.exported_names() if builder.defined(name)} <= set(names)


@pytest.mark.parametrize("build", BUILDS)
def test_the_page_has_the_same_file_and_it_is_small(build: str) -> None:
    data = (ROOT / "kernel" / "wasm" / build).read_bytes()
    assert data == (ROOT / "web" / "src" / "audio" / "kernel" / build).read_bytes()
    assert len(data) <= 96 * 1024
