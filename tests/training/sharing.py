"""What test_parallel.py starts, alone and under torchrun: a few steps, and the figures of each.

python -m tests.training.sharing SET OUT.json
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import torch

from isobath.corpora import open_set
from isobath.training import parallel
from isobath.training.corpus import Prepared
from isobath.training.trainer import Trainer

from .small import COURSE, FAMILY, FAMILY_COURSE, SHAPE

SHORT = {"steps": 3, "adversarial_steps": 2, "batch": 4}
KINDS = {
    "instrument": (SHAPE, replace(COURSE, **SHORT, frames=48, held_share=0.25, accumulate=2)),
    "discrete": (
        replace(FAMILY, bottleneck="discrete", noise_channels=2, normalise=True, activation="snake"),
        replace(FAMILY_COURSE, **SHORT),
    ),
    "wasserstein": (replace(FAMILY, bottleneck="wasserstein", noise=True, noise_ratios=(4,)),
                    replace(FAMILY_COURSE, **SHORT)),
}  # fmt: skip


def curves(sounds: Path) -> dict[str, list[dict[str, float]]]:
    """Five steps of each kind, across the change of phase, and the size of the weights they come to."""
    source = Prepared(open_set(sounds))
    found = {}
    for name, (shape, course) in KINDS.items():
        trainer = Trainer(shape, course)
        found[name] = [trainer.train_step(source) for _ in range(5)]
        found[name].append(
            {"weights": sum(float(p.detach().abs().sum()) for p in trainer.model.parameters())}
        )
    return found


def main(sounds: Path, out: Path) -> None:
    """Those of all processes, told by the first."""
    torch.set_num_threads(1)
    parallel.begin("cpu")
    found = curves(sounds)
    if parallel.rank() == 0:
        out.write_text(json.dumps({"world": parallel.world(), "curves": found}))
    parallel.end()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
