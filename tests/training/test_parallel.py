"""Two processes that share a batch learn what one would have."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from .sharing import curves
from .small import prepared

ROOT = Path(__file__).parents[2]


def test_two_processes_have_the_loss_curve_of_one(tmp_path: Path) -> None:
    sounds, out = prepared(tmp_path), tmp_path / "two.json"
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    two = subprocess.Popen(
        [*torchrun, "-m", "tests.training.sharing", str(sounds), str(out)],
        cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    alone = curves(sounds)
    _, said = two.communicate(timeout=110)
    assert two.returncode == 0, said[-9000:]
    shared = json.loads(out.read_text())
    assert shared["world"] == 2
    for kind, curve in alone.items():
        for step, (one, both) in enumerate(zip(curve, shared["curves"][kind], strict=True)):
            assert one.keys() == both.keys()
            for name, value in one.items():
                assert both[name] == pytest.approx(value, rel=2e-3, abs=1e-4), (kind, step, name)
