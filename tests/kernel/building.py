"""kernel/build.py as a module, and the processes that play what it builds."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
RUNNER = Path(__file__).parent / "run_wasm.mjs"


def load_module(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(path.stem + "_under_test", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


builder = load_module(ROOT / "kernel" / "build.py")


def node() -> str | None:
    return shutil.which("node")


def run_wasm(
    kernel: Path, blob: Path, what: str, data: np.ndarray, frames: int, seed: int, *, batch: int = 1
) -> np.ndarray:
    """Floats through the browser's build, in calls of so many frames."""
    flags = ["--experimental-wasm-relaxed-simd"] if "relaxed" in kernel.name and node_major() < 21 else []
    command = [node() or "node", *flags, RUNNER, kernel, blob, what, str(frames), str(seed), str(batch)]
    done = subprocess.run(command, input=data.tobytes(), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()[-1000:]
    return np.frombuffer(done.stdout, np.float32)


def node_major() -> int:
    answer = subprocess.run([node() or "node", "--version"], capture_output=True, text=True, check=True)
    return int(answer.stdout[1:].split(".")[0])


def exports(kernel: Path) -> list[str]:
    """Names a WebAssembly file exports; asserts that it imports nothing."""
    script = (
        "const m = new WebAssembly.Module(require('fs').readFileSync(process.argv[1]));"
        "console.log(JSON.stringify([WebAssembly.Module.imports(m), WebAssembly.Module.exports(m)]))"
    )
    flags = ["--experimental-wasm-relaxed-simd"] if node_major() < 21 else []
    done = subprocess.run(
        [node() or "node", *flags, "-e", script, str(kernel)], capture_output=True, text=True, check=True
    )
    imported, exported = json.loads(done.stdout)
    assert imported == []
    return [each["name"] for each in exported]
