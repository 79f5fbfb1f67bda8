"""Every training that paper 003's figure and tables need, one after the other, and what each measures.

A run that is finished is read, one that was interrupted is gone on with; nothing is entered by hand.
The paper's own networks are too large for a CPU, so ours are the small twins, and what is compared
with them is the same twin without what the paper adds, tuned by the same constraint.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import msgspec

from isobath.symbolic import measures
from isobath.symbolic.attributes import OF_KIND, attributes
from isobath.symbolic.model import SymbolicModel, load
from isobath.symbolic.sets import open_scores

from . import export
from .material import Material
from .settings import CONFIGURATIONS, Configuration, Course, Shape, variant
from .trainer import Trainer, run

MEASURED = "measured.json"
SEEDS = (1, 2, 3)


@dataclass(frozen=True)
class Case:
    """A data set as the paper uses it: name, set, and the network for it.

    tails: the bound of the error in table 1, whose columns are errors, where it is another than the
    configuration's.
    """

    name: str
    scores: str
    configuration: Configuration
    table_1: tuple[tuple[str, float], ...]
    tails: float | None = None


CASES = (
    Case("drums-2", "groove", CONFIGURATIONS["drums-2"], ()),
    Case(
        "drums-4", "groove", CONFIGURATIONS["drums-4"],
        (("density", 0.1), ("velocity", 0.1), ("offset", 0.1),
         ("density", 0.5), ("velocity", 0.5), ("offset", 0.5)),
        tails=0.038,
    ),
    Case(
        "piano-2", "ryan",
        Configuration("piano-2", Shape("melody", 2, 64, bar_width=320, token_width=28),
                      replace(CONFIGURATIONS["melody"].course, bound=0.35)),
        (("density", 0.5), ("pitch", 0.5)),
    ),
    Case(
        "cello-4", "cello",
        Configuration("cello-4", Shape("melody", 4, 64, bar_width=320, token_width=28),
                      replace(CONFIGURATIONS["melody"].course, bound=0.35)),
        (("density", 0.5), ("pitch", 0.5)),
    ),
)  # fmt: skip
VARIANTS = ("ours", "baseline", "paper-objective", "no-flat", "normal-prior")


@dataclass(frozen=True)
class Run:
    """One training: of which case, which variant, by which split, holding what."""

    case: str
    variant: str
    seed: int
    split: str = "file"
    attribute: str = ""
    held: float = 0.0

    @property
    def name(self) -> str:
        """Its folder."""
        parts = [self.case, self.variant, f"seed{self.seed}"]
        if self.split != "file":
            parts.append(self.split)
        if self.attribute:
            parts.append(f"{self.attribute}{round(100 * self.held)}")
        return "_".join(parts)


MAIN = VARIANTS[:2]
"""Compared on every set; what is left are ablations."""
ON_DRUMS = VARIANTS[:3]
"""Compared on drums: the paper's own objective between the two."""
SEEDED = VARIANTS[:3]
"""Compared with every seed."""
CLOSER = "drums-2"
"""The set on which ablations, both splits and every seed are compared, as it trains fastest."""
PLANNED = (
    f"Planned are, with seed 1, {' and '.join(MAIN)} on every set, {ON_DRUMS[2]} on drums, and table 1 for "
    f"{' and '.join(MAIN)}; on {CLOSER} also {' and '.join(VARIANTS[3:])}, {' and '.join(MAIN)} by window, "
    f"and with the other seeds {', '.join(SEEDED)}. `--whole` plans every model on every set with every seed."
)


def plan(seeds: tuple[int, ...] = SEEDS, *, whole: bool = False) -> list[Run]:
    """The runs, what matters most first. By default as PLANNED says; whole: everything with every seed."""
    if whole:
        return _whole_plan(seeds)
    first, later = seeds[:1], seeds[1:]
    kept = [run_ for run_ in _whole_plan(first) if _kept(run_)]
    return kept + [Run(CLOSER, each, seed) for seed in later for each in SEEDED]


def _kept(run_: Run) -> bool:
    """Whether a run with the first seed is worth its time where not everything is run."""
    if run_.case == CLOSER or run_.attribute:
        return True
    drums = case_of(run_.case).configuration.shape.kind == "drums"
    return run_.split == "file" and run_.variant in (ON_DRUMS if drums else MAIN)


def _whole_plan(seeds: tuple[int, ...]) -> list[Run]:
    """One seed of everything before the second of anything."""
    runs: list[Run] = []
    for seed in seeds:
        for each in VARIANTS[:3]:
            runs += [Run(case.name, each, seed) for case in CASES]
        for case in CASES:
            for attribute, held in case.table_1:
                runs += [Run(case.name, v, seed, "window", attribute, held) for v in ("ours", "baseline")]
        for each in VARIANTS[3:]:
            runs += [Run(case.name, each, seed) for case in CASES]
        runs += [Run(case.name, v, seed, "window") for case in CASES for v in ("ours", "baseline")]
    return runs


def case_of(name: str) -> Case:
    """The case of this name."""
    return next(case for case in CASES if case.name == name)


@dataclass(frozen=True)
class Order:
    """Where sets and runs are, how long each trains, and how wide its network is."""

    sets: Path
    out: Path
    steps: int | None = None
    batch: int | None = None
    width: int | None = None
    small: bool = False


def configured(run_: Run, order: Order) -> Configuration:
    """The configuration of a run."""
    made = variant(case_of(run_.case).configuration, run_.variant)
    changes: dict[str, Any] = {"seed": run_.seed, "check_every": 1000}
    changes |= {k: v for k, v in (("steps", order.steps), ("batch", order.batch)) if v is not None}
    tails = case_of(run_.case).tails
    if run_.attribute and tails is not None:
        changes["bound"] = tails
    if order.width is not None:
        made = replace(made, shape=replace(made.shape, width=order.width, bar_width=order.width // 2))
    shape = replace(made.shape, dims=8, bar_width=16, width=24, prior_width=16) if order.small else made.shape
    return Configuration(run_.name, shape, replace(made.course, **changes))


def evaluate(order: Order, runs: list[Run], stop: Callable[[], bool], told: Callable[[str], None]) -> None:
    """Train and measure what is not there yet."""
    for each in runs:
        folder = order.out / each.name
        if (folder / MEASURED).is_file() or not (order.sets / case_of(each.case).scores).is_dir():
            continue
        for words in _train(each, order, folder, stop):
            told(words)
        if stop():
            return


def _train(run_: Run, order: Order, folder: Path, stop: Callable[[], bool]) -> Iterator[str]:
    made = configured(run_, order)
    scores = open_scores(order.sets / case_of(run_.case).scores)
    split: Literal["file", "window"] = "window" if run_.split == "window" else "file"
    material = Material.of(scores, made.shape.bars, split, made.course.transposed)
    if run_.attribute:
        material = material.holding(OF_KIND[scores.kind].index(run_.attribute), run_.held)
    trainer = Trainer(made, material)
    for at in run(trainer, folder, stop):
        if at.step % 500 == 0 or at.step == at.steps:
            yield f"{run_.name}: step {at.step}/{at.steps}, {at.seconds_left / 60:.0f} min left"
    if stop():
        return
    model = export.finish(trainer, folder / "model.safetensors")
    found = measure(model, trainer, short=order.small) if not run_.attribute else {}
    found["reconstruction"] = measures.reconstruction(model, scores.tensors(material.test))
    found |= {"run": asdict(run_), "seconds": trainer.spent, "steps": trainer.step,
              "course": asdict(made.course), "multiplier": asdict(trainer.multiplier)}  # fmt: skip
    _write(folder / MEASURED, found)
    yield f"{run_.name}: measured"


def complete(order: Order, runs: list[Run], told: Callable[[str], None]) -> None:
    """Measure of finished models what was not measured yet when they were finished."""
    for each in runs:
        path = order.out / each.name / MEASURED
        if each.attribute or not path.is_file():
            continue
        found = json.loads(path.read_text())
        asked = found.get("asking", {})
        if asked and all("kept" in each for each in asked.values()) and "even" in found["smoothness"]:
            continue
        made = configured(each, order)
        scores = open_scores(order.sets / case_of(each.case).scores)
        split: Literal["file", "window"] = "window" if each.split == "window" else "file"
        material = Material.of(scores, made.shape.bars, split, made.course.transposed)
        model = load(path.with_name("model.safetensors"))
        z = measures.encoded(model, scores.tensors(material.test))
        learned = attributes(scores.kind, material.sampled(material.train, export.LEARNED))
        if "even" not in found["smoothness"]:
            found["smoothness"] = measures.smoothness(model, z, pairs=20 if order.small else measures.PAIRS)
        count = 20 if order.small else measures.ASKED
        found["asking"] = measures.asking(model, z, learned, count=count)
        _write(path, found)
        told(f"{each.name}: measured again")


def _write(path: Path, found: dict[str, Any]) -> None:
    partial = path.with_name(f".{MEASURED}.partial")
    partial.write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=1))
    partial.replace(path)


def measure(model: SymbolicModel, trainer: Trainer, *, short: bool = False) -> dict[str, Any]:
    """All of a trained twin, on the test side."""
    material = trainer.material
    tensors = material.scores.tensors(material.test)
    z = measures.encoded(model, tensors)
    _, told = export.learned(trainer)
    return {
        "smoothness": measures.smoothness(model, z, pairs=20 if short else measures.PAIRS),
        "geometry": measures.geometry(model, z, points=10 if short else 200),
        "steering": measures.steering(model, z, told, count=100 if short else measures.MOVED),
        "asking": measures.asking(model, z, told, count=20 if short else measures.ASKED),
        "changes": measures.changes(model, z, each=5 if short else 150),
    }


def measured(order: Order, runs: list[Run]) -> dict[Run, dict[str, Any]]:
    """What is finished of these runs."""
    return {
        each: json.loads((order.out / each.name / MEASURED).read_text())
        for each in runs
        if (order.out / each.name / MEASURED).is_file()
    }


__all__ = ["CASES", "VARIANTS", "Case", "Course", "Order", "Run", "complete", "evaluate", "measured",
           "plan"]  # fmt: skip
