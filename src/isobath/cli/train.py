"""`isobath train`: a prepared set becomes a model."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from isobath.cli.telling import as_json, print_json

CHANGES = {
    "steps": "steps", "phase2_steps": "adversarial_steps", "batch": "batch", "seed": "seed",
    "threads": "threads", "half": "half", "accumulate": "accumulate", "crop": "crop",
    "checkpoint_every": "checkpoint_every", "plateau": "plateau", "frozen_encoder": "frozen_encoder",
}  # fmt: skip
"""Options that change the course, and what they are called there."""


@click.command()
@click.argument("sounds", metavar="SET", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "-o",
    "--out",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the training; one that was interrupted is gone on with.",
)
@click.option("--config", help="Kind of model, such as v2_small.  [default: instrument]")
@click.option("--name", help="Of the model.  [default: the folder's]")
@click.option("--steps", type=click.IntRange(1), help="Of phase 1.")
@click.option("--phase2-steps", type=click.IntRange(0), help="Of phase 2, with critics.")
@click.option("--plateau", type=click.IntRange(0), help="Begin phase 2 after so many checkpoints no better.")
@click.option("--batch", type=click.IntRange(1), help="Crops in a step.")
@click.option("--accumulate", type=click.IntRange(1), help="Hear a batch in so many parts.")
@click.option("--crop", type=click.IntRange(256), help="Samples in a crop.")
@click.option("--checkpoint-every", type=click.IntRange(1), help="Steps between checkpoints.")
@click.option("--augment", help="What is done to crops, as in: pitch,gain,levels.")
@click.option("--dims", type=click.IntRange(1, 128), help="Latent dimensions.")
@click.option("--seed", type=click.IntRange(0), help="Of everything that is drawn.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:N or mps.")
@click.option("--threads", type=click.IntRange(1), help="Of the CPU.  [default: all cores]")
@click.option("--half/--no-half", default=None, help="Convolutions in bfloat16.  [default: on]")
@click.option("--from", "start", help="Model or run to go on from.")
@click.option("--frozen-encoder", is_flag=True, default=None, help="Leave its encoder as it is.")
@click.option(
    "--fidelity",
    type=click.FloatRange(0.1, 1.0),
    default=0.95,
    show_default=True,
    help="Share of variance the exported latents keep.",
)
@click.option("--export", "only_export", is_flag=True, help="Only write the model of what is there.")
@click.option("--quick", is_flag=True, help="With --export: at once, and nothing measured.")
@click.option("--install", is_flag=True, help="Take the finished model into the library.")
@as_json
def train(
    sounds: Path, out: Path, config: str | None, name: str | None, device: str, start: str | None,
    fidelity: float, only_export: bool, quick: bool, install: bool, as_json: bool, **options: Any,
) -> None:  # fmt: skip
    """Train a model on a prepared SET.

    Interrupt it at any time (Ctrl-C): the same command goes on where it was. With `torchrun
    -m isobath.cli train SET ...` several graphics cards or machines share the work.
    """
    training = training_parts()
    parallel, run = training["parallel"], training["run"]
    from isobath.corpora import open_set

    changes = {CHANGES[key]: value for key, value in options.items() if key in CHANGES and value is not None}
    if options["augment"] is not None:
        changes["augment"] = tuple(each.strip() for each in options["augment"].split(",") if each.strip())
    if not (out / "checkpoint.pt").exists():
        changes.setdefault("threads", threads())
    training["device"].keep_memory()
    start = _start(start)
    order = run.Order(sounds, out, config, name, changes, options["dims"], device, start, fidelity)
    opened = open_set(sounds)
    parallel.begin(training["device"].pick(device))
    try:
        made = run.plan(order, opened)
        say = _speaker(as_json)
        if only_export:
            path = run.finish(order, made, opened, quick=quick)
        else:
            path = run.begin(order, made, opened, say)
        if parallel.rank() == 0:
            _end(path, order, install, as_json)
    finally:
        parallel.end()


def training_parts() -> dict[str, Any]:
    """The modules that need PyTorch, or a sentence that says how to get it."""
    import os

    from isobath.errors import UsageError

    # Threads that wait do not spin: on a machine with other work to do, a step took ten times as long.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        from isobath.training import device, parallel, run
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise UsageError("Training needs PyTorch. Install it with: pip install 'isobath[train]'") from error
    return {"device": device, "parallel": parallel, "run": run}


def _start(start: str | None) -> str | None:
    """A model's name as its file; paths as they are."""
    if start is None or Path(start).exists():
        return start
    from isobath.library.load import model_path

    return str(model_path(start))


def threads() -> int:
    """Cores this process may use."""
    import os

    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def _speaker(as_json: bool) -> Callable[[dict[str, Any], str], None]:
    def say(fact: dict[str, Any], words: str) -> None:
        click.echo(json.dumps(fact) if as_json else words)
        sys.stdout.flush()

    return say


def _end(path: Path | None, order: Any, install: bool, as_json: bool) -> None:
    if path is None:
        again = f"isobath train {order.sounds} -o {order.out}"
        if as_json:
            click.echo(json.dumps({"state": "stopped", "resume": again}))
        else:
            click.echo(f"Stopped and saved. Go on with: {again}")
        return
    installed = None
    if install:
        from isobath.library.home import find_home
        from isobath.library.models import Models

        home = find_home()
        home.make()
        installed = Models(home).add(path.read_bytes()).name
    if as_json:
        print_json({"state": "finished", "model": str(path), "installed": installed})
    else:
        click.echo(f"{path} is the model, and {path.with_suffix('.md').name} its card.")
        click.echo(f"In the library as {installed}." if installed else f"Play it: isobath import {path}")
