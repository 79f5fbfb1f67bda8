"""`isobath transfer`: a sound, heard by a model and played by it again."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from isobath.cli.telling import Progress, as_json, print_json
from isobath.errors import UsageError

if TYPE_CHECKING:
    from isobath.engine.transfer import Heard, Measured, Part, Transfer
    from isobath.types import Audio

_MEASURING = 0.1
"""Share of the work that the first walk through the sound is told to be."""


@click.command()
@click.argument("sound", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "-m",
    "--model",
    "models",
    required=True,
    multiple=True,
    help="Name or file of the model; with a level in dB after `=` (guitar=-6). Several are mixed.",
)
@click.option(
    "-o",
    "--out",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Sound file to write (.wav or .flac, 24 bits).",
)
@click.option(
    "--input-gain",
    type=click.FloatRange(-60, 24),
    default=0.0,
    show_default=True,
    help="Of the sound before everything else, dB.",
)
@click.option(
    "--match/--no-match",
    default=True,
    show_default=True,
    help="Bring what each model hears to the loudness of what it learned from.",
)
@click.option(
    "--wet",
    type=click.FloatRange(0, 1),
    default=1.0,
    show_default=True,
    help="0 the sound itself, 1 the models alone.",
)
@click.option("--scale", "scales", multiple=True, metavar="DIM=FACTOR", help="Multiply a latent dimension.")
@click.option("--bias", "biases", multiple=True, metavar="DIM=VALUE", help="Add to a latent dimension.")
@click.option("--set", "sets", multiple=True, metavar="DIM=VALUE", help="Hold a latent dimension at a value.")
@click.option(
    "--rate",
    type=click.IntRange(8000, 192_000),
    help="Sample rate of the result, Hz. Default: the sound's own.",
)
@click.option(
    "--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True, help="Of the models' noise."
)
@as_json
def transfer(sound: Path, models: tuple[str, ...], out: Path, as_json: bool, **settings: Any) -> None:
    """Let models play a SOUND file of any length: timbre transfer.

    DIM is the number of a latent dimension, from 1, or the word it is labelled with (loudness, pitch,
    brightness); `isobath info MODEL` lists both.
    """
    import time

    from isobath.engine.transfer import matching_db
    from isobath.engine.transfer import transfer as prepare
    from isobath.outputs.file import write_rendering
    from isobath.sound.files import read_blocks

    with ExitStack() as opened, Progress(sound.name, 1.0, quiet=as_json) as progress:
        parts = [_part(each, opened) for each in models]
        options = _options(parts, **settings)
        found, rate, channels = _measure(sound, lambda share: progress.at(share * _MEASURING))
        options = _knowing(options, found.loudness)
        work = prepare(
            (block for block, _ in read_blocks(sound)), found.samples, rate, channels, parts, options
        )
        started = time.perf_counter()
        samples = write_rendering(out, work, lambda share: progress.at(_MEASURING + share * (1 - _MEASURING)))
    seconds, spent = samples / work.sample_rate, time.perf_counter() - started
    brought = {part.model.name: matching_db(part.model, options) for part in parts}
    notes = list(_notes(found, channels, parts))
    if as_json:
        print_json(
            {
                "out": str(out),
                "seconds": seconds,
                "sample_rate": work.sample_rate,
                "channels": work.channels,
                "loudness": found.loudness,
                "matched_db": brought,
                "clipped": found.clipped,
                "times_real_time": seconds / spent,
                "notes": notes,
            }
        )
        return
    for note in notes:
        click.echo(note, err=True)
    told = ", ".join(f"{name} {db:+.1f} dB" for name, db in brought.items())
    click.echo(f"{sound.name}, {seconds:.2f} s, {seconds / spent:.0f} x real time, heard by {told}: {out}")


def _part(text: str, opened: ExitStack) -> "Part":
    """`guitar`, `guitar=-6`, `path/to/file.safetensors=3`."""
    from isobath.engine.transfer import Part

    name, _, level = text.rpartition("=")
    if not name or Path(text).is_file():
        return Part(_model(text, opened))
    try:
        gain_db = float(level)
    except ValueError as error:
        raise UsageError(f"After the = of {text} stands no level in dB. Write {name}=-6, say.") from error
    return Part(_model(name, opened), gain_db)


def _model(name: str, opened: ExitStack) -> "Heard":
    """A model of ours, or another program's in a confined process that ends with the stack."""
    from isobath.library.load import load_any
    from isobath.models.coder import Model

    found = load_any(name)
    return found if isinstance(found, Model) else opened.enter_context(found)


def _options(
    parts: Sequence["Part"],
    input_gain: float,
    match: bool,
    wet: float,
    scales: tuple[str, ...],
    biases: tuple[str, ...],
    sets: tuple[str, ...],
    rate: int | None,
    seed: int,
) -> "Transfer":
    from isobath.engine.transfer import Transfer

    def changes(option: str, texts: tuple[str, ...]) -> dict[int, float]:
        return dict(_change(option, text, [part.model for part in parts]) for text in texts)

    return Transfer(
        input_gain_db=input_gain,
        match=match,
        wet=wet,
        scale=changes("--scale", scales),
        bias=changes("--bias", biases),
        replace=changes("--set", sets),
        sample_rate=rate,
        seed=seed,
    )


def _change(option: str, text: str, models: Sequence["Heard"]) -> tuple[int, float]:
    """`3=0.5` or `loudness=0.5`: which dimension, from 0, and the number."""
    name, _, value = text.rpartition("=")
    try:
        number = float(value)
    except ValueError:
        number = float("nan")
    if not name or number != number:
        raise UsageError(f"{option} {text} is not DIM=NUMBER. Write {option} 1=0.5, say.")
    if name.isdigit():
        return _numbered(int(name), models), number
    return _labelled(name, models), number


def _numbered(number: int, models: Sequence["Heard"]) -> int:
    for model in models:
        if not 1 <= number <= model.dims:
            raise UsageError(f"{model.name} has the dimensions 1 to {model.dims}; there is no {number}.")
    return number - 1


def _labelled(word: str, models: Sequence["Heard"]) -> int:
    """The dimension that carries most of what a word says; the same one in all models."""
    found: set[int] = set()
    for model in models:
        statistics = getattr(getattr(model, "description", None), "latent", None)
        labels = [label.lower().split() for label in getattr(statistics, "labels", [])]
        fitting = [(abs(_share(label)), -d) for d, label in enumerate(labels) if label[:1] == [word.lower()]]
        if not fitting:
            told = ", ".join(f"{d} {' '.join(each)}" for d, each in enumerate(labels, 1) if each) or "nothing"
            raise UsageError(
                f"No dimension of {model.name} is labelled {word}. Labelled are: {told}. Or give a number."
            )
        found.add(-max(fitting)[1])
    if len(found) > 1:
        raise UsageError(f"{word} is another dimension in each of these models. Give a number instead.")
    return found.pop()


def _share(label: list[str]) -> float:
    try:
        return float(label[1])
    except (IndexError, ValueError):
        return 0.0


def _measure(sound: Path, progress: Callable[[float], None]) -> "tuple[Measured, int, int]":
    """What is in the file; its rate and channels."""
    from isobath.engine.transfer import measured
    from isobath.sound.files import open_sound, read_blocks

    with open_sound(sound) as file:
        rate, channels, frames = int(file.samplerate), int(file.channels), max(1, int(file.frames))

    def blocks() -> "Iterator[Audio]":
        for block, _ in read_blocks(sound):
            yield block

    return measured(blocks(), rate, lambda samples: progress(samples / frames)), rate, channels


def _knowing(options: "Transfer", loudness: float | None) -> "Transfer":
    from dataclasses import replace

    return replace(options, loudness=loudness)


def _notes(found: "Measured", channels: int, parts: Sequence["Part"]) -> Iterator[str]:
    if found.clipped:
        yield (
            f"The sound is clipped in {found.clipped} places; models hear the distortion too. A recording "
            "with more headroom transfers better."
        )
    if found.loudness is None:
        yield "The sound is silent, so its loudness was not matched."
    mono = [part.model.name for part in parts if part.model.channels == 1]
    if channels > 1 and mono:
        yield f"{', '.join(mono)} hears one channel: the mean of the sound's {channels}."
