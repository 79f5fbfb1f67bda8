"""The kernel under the address and undefined-behaviour sanitizers, fed damaged models."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from isobath.models.pack import pack

from ..models.small_models import newer_model, small_model
from .building import builder

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the sanitizers need a Unix compiler")


@pytest.fixture(scope="session")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if builder.system_compiler() is None:
        pytest.skip("no system C compiler with sanitizers")
    return builder.build_sanitize(tmp_path_factory.mktemp("sanitize"))


@pytest.mark.parametrize(
    ("make", "variant"),
    [
        (small_model, {}),
        (small_model, {"channels": 2, "front": "spectrum"}),
        (small_model, {"half": False, "noise": False, "tones": False, "bands": 4}),
        (small_model, {"channels": 2, "width": 146, "swift": True}),
        (newer_model, {"channels": 2, "coded": "sphere"}),
        (newer_model, {"coded": "quantize"}),
    ],
    ids=lambda given: getattr(given, "__name__", str(given)),
)
def test_thousands_of_damaged_models_break_nothing(
    driver: Path, make: Callable[..., Any], variant: dict[str, Any], tmp_path: Path
) -> None:
    path = tmp_path / "model.blob"
    swift = variant.get("swift", False)
    sizes = {name: value for name, value in variant.items() if name != "swift"}
    path.write_bytes(pack(*make(**sizes), swift=swift))
    done = subprocess.run([driver, path, "500", "7"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[-2000:]
    assert 0 < int(done.stdout) < 500  # some refused, some played
