"""What mapping costs and how well it learns, beside scikit-learn in the same run.

`isobath bench mapping` prints this. Everything runs in a process of its own with one thread, as beside
the sound; what is compared takes turns, and medians are taken. The goals are those that the measured
peers set (docs/guide/mapping.md): Weka's networks, which Wekinator uses, trained this size in 1,851 ms.
"""

import json
import os
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from isobath.mapping.fitting import fit
from isobath.mapping.learner import Learner
from isobath.mapping.mapping import Mapping
from isobath.mapping.settings import Settings
from isobath.mapping.terms import Floats
from isobath.mapping.truths import SIZES, Case, Truth, case

PERCEPTRON = Settings(algorithm="perceptron")


@dataclass(frozen=True)
class Row:
    """One figure. `goal` is words; `met` is None where there is none."""

    name: str
    value: float
    unit: str
    goal: str = ""
    met: bool | None = None


def run() -> Iterator[dict[str, Any]]:
    """The tables, as `isobath bench` shows them: title, head, rows, note."""
    threads = {f"{library}_NUM_THREADS": "1" for library in ("OPENBLAS", "OMP", "MKL", "VECLIB_MAXIMUM")}
    done = subprocess.run(
        [sys.executable, "-m", "isobath.mapping.bench"],
        env={**os.environ, **threads},
        stdout=subprocess.PIPE,
        check=True,
    )
    for title, rows, note in json.loads(done.stdout):
        head = ("name", "value", "unit", "goal", "met")
        marks = {True: "yes", False: "no", None: ""}
        table = [(r["name"], round(r["value"], 5), r["unit"], r["goal"], marks[r["met"]]) for r in rows]
        yield {"title": title, "head": head, "rows": table, "note": note}


def measure() -> list[tuple[str, list[Row], str]]:
    """Everything, here and now, in this process."""
    tables = [
        ("Processor time, 15 axes to 64 dimensions, 36 demonstrations, one thread", times(), ""),
        ("What a musician hears", character(), "SD: the standard deviation of a latent dimension"),
    ]
    note = (
        "scikit-learn's networks: one per dimension, its defaults (100 units, Adam); patient ones: 16 tanh "
        "units, L-BFGS to 200 steps. Weka was not run here."
    )
    with suppress(ModuleNotFoundError):
        tables.append(("Beside scikit-learn", beside(), note))
    return tables


def below(name: str, value: float, unit: str, limit: float) -> Row:
    """A figure that should not be larger than its goal."""
    return Row(name, value, unit, f"<= {limit:g}", value <= limit)


def times() -> list[Row]:
    """Fitting, one more, one less, one frame."""
    one = case("manifold", 15, 64, 36)
    place = one.held_points[0]
    process, networks = fit(one.points, one.latents), fit(one.points, one.latents, settings=PERCEPTRON)
    learner = Learner(one.points[:-1], one.latents[:-1])

    def again() -> None:
        learner.remove(35)
        learner.add(one.points[-1], one.latents[-1])

    learner.add(one.points[-1], one.latents[-1])
    walk, heard = _recording()
    fitted, trained, changed, recorded = in_turn(
        [
            lambda: fit(one.points, one.latents),
            lambda: fit(one.points, one.latents, settings=PERCEPTRON),
            again,
            lambda: fit(walk, heard),
        ],
        calls=25,
    )
    frame, frame_networks = in_turn([lambda: process(place), lambda: networks(place)], calls=4000)
    return [
        below("learn, Gaussian process", 1e3 * fitted, "ms", 4),
        below("learn, 64 perceptrons", 1e3 * trained, "ms", 7.4),
        below("add or undo one demonstration", 1e3 * changed / 2, "ms", 0.2),
        below("one frame, Gaussian process", 1e6 * frame, "µs", 16),
        below("one frame, 64 perceptrons", 1e6 * frame_networks, "µs", 16),
        Row("learn a recording of 2,000 rows, 2 axes", 1e3 * recorded, "ms"),
    ]


def _recording() -> tuple[Floats, Floats]:
    rng = np.random.default_rng(0)
    walk = np.clip(0.5 + np.cumsum(0.01 * rng.normal(size=(2000, 2)), axis=0), 0, 1)
    return walk, np.column_stack([np.sin(3 * walk[:, 0]), walk[:, 1]])


def character() -> list[Row]:
    """Exactness, steadiness, honesty, over all sizes and 24, 36 and 60 demonstrations."""
    missed = max(max(fit(one.points, one.latents).errors) for one in cases("patchwork"))
    rows = [below("largest miss at a demonstration, patchwork", missed, "SD", 0.001)]
    for truth in ("manifold", "tanh"):
        found = [_steadiness(one) for one in cases(truth)]
        far, ranks, reach = (float(np.mean(column)) for column in zip(*found, strict=True))
        rows.append(below(f"far half moved by one more demonstration, {truth}", far, "SD", 0.0099))
        rows.append(Row(f"predicted doubt and error, {truth}", ranks, "Spearman", ">= 0.55", ranks >= 0.55))
        if truth == "manifold":
            rows.append(below("99th percentile of reach 60 % outside", reach, "half-ranges", 1.9))
    one = case("manifold", 15, 64, 36)
    maps = [fit(one.points, one.latents, settings=Settings(seed=seed))(one.held_points) for seed in (0, 1)]
    rows.append(below("change with another seed, Gaussian process", rms(maps[0] - maps[1]), "SD", 0))
    maps = [
        fit(one.points, one.latents, settings=Settings(algorithm="perceptron", seed=seed))(one.held_points)
        for seed in (0, 1)
    ]
    rows.append(Row("change with another seed, perceptrons", rms(maps[0] - maps[1]), "SD"))
    return rows


def _steadiness(one: Case) -> tuple[float, float, float]:
    """Change of the far half, rank correlation of doubt and error, reach of extrapolation."""
    before = fit(one.points[:-1], one.latents[:-1])
    after = fit(one.points, one.latents, previous=before)
    heard = after(one.held_points)
    distance = ((one.held_points - one.points[-1]) ** 2).sum(axis=1)
    far = distance > np.median(distance)
    changed = rms(heard[far] - before(one.held_points[far]))
    missed = np.sqrt(((heard - one.held_latents) ** 2).mean(axis=1))
    doubt = after.uncertainty(one.held_points)
    assert doubt is not None
    outside = one.points.mean(axis=0) + 1.6 * (one.points - one.points.mean(axis=0))
    low, high = one.latents.min(axis=0), one.latents.max(axis=0)
    reach = float(np.percentile(np.abs(2 * (after(outside) - low) / (high - low) - 1), 99))
    return changed, spearman(doubt, missed), reach


def beside() -> list[Row]:
    """The same demonstrations, learned by scikit-learn."""
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel
    from sklearn.neural_network import MLPRegressor

    patient = {"hidden_layer_sizes": (16,), "activation": "tanh", "solver": "lbfgs", "alpha": 0.01}

    def networks(one: Case, **how: Any) -> Callable[[Floats], Floats]:
        mean, spread = one.latents.mean(axis=0), one.latents.std(axis=0)
        u, z = 2 * one.points - 1, (one.latents - mean) / spread
        nets = [MLPRegressor(random_state=0, **how).fit(u, column) for column in z.T]
        return lambda points: np.column_stack([net.predict(2 * points - 1) for net in nets]) * spread + mean

    def process(one: Case) -> Callable[[Floats], Floats]:
        kernel = ConstantKernel() * Matern(1.0, nu=2.5) + WhiteKernel(0.01, (1e-7, 1.0))
        learned = GaussianProcessRegressor(kernel, normalize_y=True, random_state=0)
        learned.fit(2 * one.points - 1, one.latents)
        return lambda points: np.asarray(learned.predict(2 * points - 1))

    rows = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its networks would like more steps, its process wider bounds
        truths: tuple[Truth, ...] = ("manifold", "tanh")
        for truth in truths:
            some = [case(truth, axes, dims, 36, held=400) for axes, dims in SIZES[:3]]
            errors = {
                "Gaussian process": _held_out(some, lambda one: fit(one.points, one.latents)),
                "perceptrons": _held_out(some, lambda one: fit(one.points, one.latents, settings=PERCEPTRON)),
                "scikit-learn's networks": _held_out(some, networks),
                "scikit-learn's patient networks": _held_out(some, lambda one: networks(one, **patient)),
                "scikit-learn's process": _held_out(some, process),
            }
            rows += [Row(f"held-out error, {truth}, {who}", value, "SD") for who, value in errors.items()]
            theirs = errors["scikit-learn's networks"]
            rows.append(
                below(f"  process / its networks, {truth}", errors["Gaussian process"] / theirs, "x", 0.77)
            )
            rows.append(
                below(f"  perceptrons / its networks, {truth}", errors["perceptrons"] / theirs, "x", 1)
            )
        one = case("manifold", 15, 64, 36)
        ours, ours_networks, its_process = in_turn(
            [
                lambda: fit(one.points, one.latents),
                lambda: fit(one.points, one.latents, settings=PERCEPTRON),
                lambda: process(one),
            ],
            calls=7,
        )
        (its_networks,) = in_turn([lambda: networks(one)], calls=1, warm=0)
    return [
        *rows,
        Row("learn 15 to 64, scikit-learn's networks", 1e3 * its_networks, "ms"),
        Row("learn 15 to 64, scikit-learn's process", 1e3 * its_process, "ms"),
        Row("  its networks / our process", its_networks / ours, "x"),
        Row("  its networks / our perceptrons", its_networks / ours_networks, "x"),
        Row("  its process / our process", its_process / ours, "x"),
    ]


def _held_out(some: list[Case], learn: Callable[[Case], Callable[[Floats], Floats] | Mapping]) -> float:
    return float(np.mean([rms(learn(one)(one.held_points) - one.held_latents) for one in some]))


def cases(truth: Truth) -> list[Case]:
    """All sizes with 24, 36 and 60 demonstrations."""
    return [case(truth, axes, dims, n, held=400) for axes, dims in SIZES for n in (24, 36, 60)]


def in_turn(work: list[Callable[[], object]], calls: int, warm: int = 3) -> list[float]:
    """Median seconds of processor time of each, in turn so that all meet the machine in the same moods."""
    for _ in range(warm):
        for each in work:
            each()
    took = np.empty((calls, len(work)))
    for i in range(calls):
        for j, each in enumerate(work):
            start = time.process_time()
            each()
            took[i, j] = time.process_time() - start
    return [float(seconds) for seconds in np.median(took, axis=0)]


def rms(values: Floats) -> float:
    """Root mean square."""
    return float(np.sqrt((values**2).mean()))


def spearman(a: Floats, b: Floats) -> float:
    """Correlation of ranks."""
    first, second = (np.argsort(np.argsort(values)).astype(np.float64) for values in (a, b))
    return float(np.corrcoef(first, second)[0, 1])


if __name__ == "__main__":
    json.dump([(title, [asdict(row) for row in rows], note) for title, rows, note in measure()], sys.stdout)
