"""`isobath prior` and `isobath generate`: what comes next, learned; and sound from nothing."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from isobath.cli.telling import Progress, as_json, print_json
from isobath.errors import UsageError

if TYPE_CHECKING:
    from isobath.models.coder import Model


@contextmanager
def _model(name: str) -> "Iterator[Model]":
    """One of ours, or another program's in a confined process that ends here."""
    from isobath.library.load import load_any
    from isobath.models.coder import Model

    found = load_any(name)
    try:
        yield cast("Model", found)
    finally:
        if not isinstance(found, Model):
            found.close()


@click.command()
@click.argument("model")
@click.argument("sounds", metavar="SET", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "-o",
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write. Default: in the library, where the instrument finds it.",
)
@click.option(
    "--minutes",
    type=click.FloatRange(0.1),
    default=20.0,
    show_default=True,
    help="Longest training; it stops sooner when nothing more is learned.",
)
@click.option("--steps", type=click.IntRange(1), default=4000, show_default=True, help="Most steps.")
@click.option("--width", type=click.IntRange(8, 1024), default=80, show_default=True, help="Of the network.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Of everything drawn.")
@as_json
def prior(
    model: str,
    sounds: Path,
    out: Path | None,
    minutes: float,
    steps: int,
    width: int,
    seed: int,
    as_json: bool,
) -> None:
    """Teach MODEL to dream: learn which latents follow which in a prepared SET."""
    try:
        from isobath.training import prior as training
        from isobath.training.loop import LONGEST_SILENCE, patient
    except ModuleNotFoundError as error:
        raise UsageError("A prior is trained with PyTorch: pip install 'isobath[train]'") from error
    from isobath.corpora import open_set
    from isobath.library.load import prior_place

    target = out or prior_place(model)
    target.parent.mkdir(parents=True, exist_ok=True)
    checkpoint = target.with_name(target.name + ".checkpoint")
    course = training.PriorCourse(minutes=minutes, steps=steps, width=width, seed=seed)
    opened = open_set(sounds)
    with _model(model) as coder:
        about = training.about_prior(coder, course)
        with Progress(f"{coder.name} listens", 1.0, quiet=as_json) as progress:
            train = training.encoded(coder, opened, "train", progress.at)
            validation = training.encoded(coder, opened, "validation", lambda _: None)
    material = training.material(train, validation, about)
    told = time.monotonic()
    with patient() as stopping:
        for at in training.train_prior(about, material, course, checkpoint, stopping):
            if as_json or at.step % 100 == 0 or time.monotonic() - told > LONGEST_SILENCE:
                _tell(at, steps, as_json)
                told = time.monotonic()
    if stopping():
        click.echo(f"Stopped; the same command goes on from {checkpoint}.", err=True)
        return
    heard: dict[str, Any] = {"set": opened.name, "frames": sum(len(z) for z in train)}
    made = training.finish(about, material, course, checkpoint, target, heard).about.training
    checkpoint.unlink()
    if as_json:
        print_json({"out": str(target), **made})
    else:
        guess, nats = (
            ("a guess by frequency", made["surprise_of_counts"])
            if about.codes
            else ("a linear guess", made["surprise_of_linear"])
        )
        click.echo(
            f"{target}: {about.model} dreams. It foretells sound it has not heard at {made['surprise']:+.3f} "
            f"nats a value; {guess} at {nats:+.3f}."
        )


def _tell(at: Any, steps: int, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "step": at.step,
                "surprise": round(at.surprise, 4),
                "best": at.best,
                "seconds_left": round(at.seconds_left),
            }
        )
    else:
        best = f", at best {at.best:+.3f} on the validation side" if at.best < float("inf") else ""
        click.echo(
            f"step {at.step}/{steps}: surprise {at.surprise:+.3f} nats a value{best}; "
            f"{at.seconds_left / 60:.0f} min left at most"
        )


@click.command()
@click.option("-m", "--model", required=True, help="Name or file of the model.")
@click.option(
    "-s", "--seconds", type=click.FloatRange(0.1), default=10.0, show_default=True, help="How long it dreams."
)
@click.option(
    "-o",
    "--out",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Sound to write (.wav, .flac).",
)
@click.option(
    "--temperature",
    type=click.FloatRange(0.0, 4.0),
    default=1.0,
    show_default=True,
    help="0 its likeliest path, 1 as it learned, more is wilder.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**32 - 1),
    default=1,
    show_default=True,
    help="The same seed dreams the same.",
)
@click.option(
    "--from",
    "start",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Recording to go on from; its end is what is remembered.",
)
@click.option(
    "--prior",
    "prior_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Prior to dream with, if it is not the model's own.",
)
@as_json
def generate(
    model: str,
    seconds: float,
    out: Path,
    temperature: float,
    seed: int,
    start: Path | None,
    prior_file: Path | None,
    as_json: bool,
) -> None:
    """Let a model dream: sound from nothing, or on from a recording."""
    from isobath.engine.dreaming import generated
    from isobath.library.load import load_prior
    from isobath.models.prior import read_prior
    from isobath.sound.files import read_audio, write_blocks

    dreamer = read_prior(prior_file) if prior_file else load_prior(model)
    with _model(model) as coder:
        after = None if start is None else coder.encode(*read_audio(start))
        whole, rate = round(seconds * coder.sample_rate), coder.sample_rate
        with Progress(f"{coder.name} dreams", whole, quiet=as_json) as progress:
            blocks = generated(
                coder, dreamer, whole, seed=seed, temperature=temperature, after=after, progress=progress.at
            )
            write_blocks(out, blocks, rate, coder.channels)
    if as_json:
        print_json({"out": str(out), "seconds": seconds, "seed": seed, "temperature": temperature})
    else:
        click.echo(f"{seconds:g} s at {rate} Hz: {out}")
