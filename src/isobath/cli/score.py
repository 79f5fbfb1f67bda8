"""`isobath score`: models of bars, from MIDI files to what plays in the jam (paper 003)."""

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from isobath.cli.telling import Progress, as_json, print_json, print_table
from isobath.errors import UsageError

_Folder = click.Path(file_okay=False, path_type=Path)


@click.group()
def score() -> None:
    """Models of bars: prepare scores, train, evaluate."""


@score.command()
@click.argument("source")
@click.option("-o", "--out", required=True, type=_Folder, help="Folder of the set to make.")
@click.option(
    "--kind", type=click.Choice(["drums", "melody"]), help="What a folder's files hold.  [default: drums]"
)
@click.option(
    "--from",
    "start",
    type=_Folder,
    help="Where the files of groove or the cello suites are.",
)
@click.option("--free", is_flag=True, help="Of the cello suites, only engravings in the public domain.")
@as_json
def prepare(source: str, out: Path, kind: str | None, start: Path | None, free: bool, as_json: bool) -> None:
    """Make a set of scores of SOURCE: groove, ryan, cello, melody, or a folder of MIDI files."""
    from isobath.symbolic.sets import open_scores, write_set

    with Progress(f"{source} is read", 1.0, quiet=as_json) as progress:
        kind, pieces, credit, licence = _pieces(
            source, kind, start, free, lambda done, whole, _: progress.at(done / max(1, whole))
        )
        about = write_set(out, Path(source).name, kind, pieces, credit, licence)
    windows = {bars: len(open_scores(out).all_windows(bars)) for bars in (1, 2, 4)}
    if as_json:
        print_json({"out": str(out), "kind": kind, "pieces": len(about.entries), "notes": about.notes,
                    "windows": windows, "left_out": [list(each) for each in about.left_out]})  # fmt: skip
        return
    click.echo(
        f"{out}: {len(about.entries)} pieces, {about.notes} notes; {windows[2]} windows of two bars, "
        f"{windows[4]} of four."
    )
    if about.left_out:
        name, why = about.left_out[0]
        click.echo(f"{len(about.left_out)} files were left out, such as {name}: {why}.")


def _pieces(
    source: str, kind: str | None, start: Path | None, free: bool, told: Any
) -> tuple[str, Iterable[Any], str, str]:
    from isobath.library.home import find_home
    from isobath.symbolic import groove
    from isobath.symbolic.pieces import cello_pieces, folder_pieces, ryan_pieces

    scores = find_home().scores
    if source == "groove":
        return (
            "drums",
            folder_pieces(start or groove.download(scores), "drums", told),
            groove.CREDIT,
            "CC BY 4.0",
        )
    if source == "ryan":
        credit = "Ryan's Mammoth Collection (Howe, 1883), as music21 has it"
        return "melody", ryan_pieces(scores / "ryan.json", told), credit, ""
    if source == "cello":
        if start is None:
            raise UsageError("Say where the cello suites are: isobath score prepare cello --from DIR -o SET")
        credit = "J. S. Bach, Cello Suites, engraved by the Mutopia Project"
        licence = "public domain" if free else "public domain; BWV 1008 and 1012 CC BY-SA 3.0"
        return "melody", cello_pieces(start, free=free, told=told), credit, licence
    if source == "melody":
        from itertools import chain

        if start is None:
            raise UsageError("Say where the cello suites are: isobath score prepare melody --from DIR -o SET")
        both = chain(ryan_pieces(scores / "ryan.json", told), cello_pieces(start, free=True, told=told))
        credit = "Ryan's Mammoth Collection (Howe, 1883), as music21 has it; J. S. Bach, Cello Suites"
        return "melody", both, credit + ", engraved by the Mutopia Project (public domain)", ""
    folder = Path(source)
    if not folder.is_dir():
        raise UsageError(
            f"There is no folder {source}. Give groove, ryan, cello, melody, or a folder of MIDI files."
        )
    return kind or "drums", folder_pieces(folder, kind or "drums", told), "", ""


@score.command()
@click.argument("scores", metavar="SET", type=_Folder)
@click.option(
    "-o", "--out", required=True, type=_Folder,
    help="Folder of the training; one that was interrupted is gone on with.",
)  # fmt: skip
@click.option("--config", default="drums-2", show_default=True, help="Kind of model, such as drums-4.")
@click.option("--variant", default="ours", show_default=True, help="Ablation, such as baseline.")
@click.option("--name", help="Of the model.  [default: the configuration's]")
@click.option("--steps", type=click.IntRange(1), help="Of the training.")
@click.option("--batch", type=click.IntRange(2), help="Windows in a step.")
@click.option("--bars", type=click.IntRange(1, 16), help="Bars in a window.")
@click.option("--bound", type=click.FloatRange(0.0), help="Error to be reached, per value (κ²).")
@click.option("--flat", type=click.FloatRange(0.0), help="Weight of the flat loss (η).")
@click.option("--seed", type=click.IntRange(0), help="Of everything that is drawn.")
@click.option(
    "--split", type=click.Choice(["file", "window"]), default="file", show_default=True,
    help="What the sides are drawn by.",
)  # fmt: skip
@click.option("--quick", is_flag=True, help="Write the model without measuring it.")
@click.option("--device", default="cpu", show_default=True, help="cpu, cuda or cuda:N.")
@click.option("--threads", type=click.IntRange(1), default=1, show_default=True, help="Of the CPU.")
@as_json
def train(
    scores: Path, out: Path, config: str, variant: str, name: str | None, bars: int | None, split: str,
    quick: bool, device: str, threads: int, as_json: bool, **options: Any,
) -> None:  # fmt: skip
    """Train a model of bars on a prepared SET.

    Interrupt it at any time (Ctrl-C): the same command goes on where it was.
    """
    training = _training()
    settings = training["settings"]
    if config not in settings.CONFIGURATIONS:
        raise UsageError(f"There is no kind {config}. There are: {', '.join(settings.CONFIGURATIONS)}.")
    from isobath.symbolic.sets import open_scores

    made = settings.variant(settings.CONFIGURATIONS[config], variant)
    changes = {k: v for k, v in options.items() if v is not None}
    made = replace(made, course=replace(made.course, **changes))
    if bars is not None:
        made = replace(made, shape=replace(made.shape, bars=bars))
    training["torch"].set_num_threads(threads)
    material = training["material"].Material.of(
        open_scores(scores), made.shape.bars, split, made.course.transposed
    )
    trainer = training["trainer"].Trainer(made, material, device)
    with training["loop"].patient() as stopping:
        for at in training["trainer"].run(trainer, out, stopping, training["board"](out)):
            _tell(at, as_json)
        if stopping():
            words = "Stopped and saved; the same command goes on."
            click.echo(json.dumps({"state": "stopped", "out": str(out)}) if as_json else words)
            return
    _end(trainer, out / f"{name or config}.safetensors", training, quick, as_json)


def _training() -> dict[str, Any]:
    """The modules that need PyTorch, or a sentence that says how to get it."""
    try:
        import torch

        from isobath.training import loop
        from isobath.training_symbolic import board, card, material, settings, trainer
    except ModuleNotFoundError as error:
        if error.name not in ("torch", "tensorboard"):
            raise
        raise UsageError("Training needs PyTorch. Install it with: pip install 'isobath[train]'") from error
    return {
        "torch": torch, "loop": loop, "material": material, "settings": settings, "trainer": trainer,
        "card": card, "board": board.board,
    }  # fmt: skip


def _tell(at: Any, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"step": at.step, "seconds_left": round(at.seconds_left), **at.figures}))
    elif at.step % 250 == 0 or at.step == at.steps:
        shown = ("error", "distance", "flat", "followed", "beta")
        values = " ".join(f"{k} {at.figures[k]:.4g}" for k in shown if k in at.figures)
        click.echo(f"step {at.step}/{at.steps}: {values}; {at.seconds_left / 60:.0f} min left")


def _end(trainer: Any, path: Path, training: dict[str, Any], quick: bool, as_json: bool) -> None:
    found = trainer.check()
    if trainer.configuration.shape.network == "twin":
        training["card"].publish(trainer, path, quick=quick)
        made = f"{path} plays"
    else:
        made = f"{path.parent / 'checkpoint.pt'} holds the network"
    if as_json:
        print_json({"state": "finished", "out": str(path.parent), **found})
    else:
        click.echo(f"{made}: {100 * found['wrong']:.1f} % wrong on bars it never heard.")


@score.command()
@click.argument("sets", type=_Folder)
@click.option("-o", "--out", required=True, type=_Folder, help="Folder of the runs and the tables.")
@click.option(
    "--seeds", type=click.IntRange(1, 20), default=3, show_default=True, help="Of what has several."
)
@click.option("--whole", is_flag=True, help="Every model on every set with every seed.")
@click.option("--steps", type=click.IntRange(1), help="Of each training.  [default: the configuration's]")
@click.option("--batch", type=click.IntRange(2), help="Windows in a step.")
@click.option("--width", type=click.IntRange(16, 2048), help="Of the networks.")
@click.option("--only", help="Runs whose names hold this.")
@click.option("--report", is_flag=True, help="Train nothing; tell what is finished.")
@click.option("--small", is_flag=True, help="Tiny networks, to try the whole way.")
@as_json
def evaluate(
    sets: Path, out: Path, seeds: int, steps: int | None, batch: int | None, width: int | None,
    whole: bool, only: str | None, report: bool, small: bool, as_json: bool,
) -> None:  # fmt: skip
    """Print paper 003's figure 2 and tables 1 and 2, its numbers beside ours.

    SETS holds the prepared sets groove, ryan and cello; what is missing is left out. Every run is
    trained that is not there yet; Ctrl-C saves, and the same command goes on.
    """
    training = _training()
    from isobath.training_symbolic import evaluation
    from isobath.training_symbolic import report as reporting

    training["torch"].set_num_threads(1)
    order = evaluation.Order(sets, out, steps, batch, width, small)
    every = evaluation.plan(tuple(range(1, seeds + 1)), whole=whole)
    runs = [run for run in every if only is None or only in run.name]
    out.mkdir(parents=True, exist_ok=True)
    if not report:
        with training["loop"].patient() as stopping:
            evaluation.evaluate(order, runs, stopping, lambda words: click.echo(words, err=True))
    evaluation.complete(order, runs, lambda words: click.echo(words, err=True))
    found = evaluation.measured(order, every)
    paths = reporting.write(found, out)
    if as_json:
        print_json({"out": [str(p) for p in paths], "finished": sorted(run.name for run in found),
                    "runs": {run.name: value for run, value in found.items()}})  # fmt: skip
        return
    for title, head, rows in reporting.tables(found):
        click.echo(f"\n{title}\n")
        print_table(head, rows)
    missing = len(runs) - sum(run in found for run in runs)
    click.echo(f"\n{paths[0]} and {paths[1]}; {missing} of {len(runs)} runs are not finished.")
