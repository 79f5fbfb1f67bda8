"""`isobath prepare`: a folder of sounds becomes a set to train on."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from isobath.cli.telling import Progress, as_json, print_json, size

if TYPE_CHECKING:
    from isobath.corpora import Report, Set


@click.command()
@click.argument("source", metavar="DIR", type=click.Path(exists=True, path_type=Path))
@click.option(
    "-o",
    "--out",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the set; one that is there already is brought up to date.",
)
@click.option("--rate", "sample_rate", type=int, help="Sample rate in Hz.  [default: 44100]")
@click.option("--channels", type=int, help="1 is mono.  [default: mono or stereo, as most of the sound]")
@click.option(
    "--normalise", type=click.Choice(["none", "peak", "loudness"]), help="Bring every file to one level."
)
@click.option("--high-pass", "high_pass_hz", type=float, help="Take away what lies below so many Hz.")
@click.option("--remove-silence/--keep-silence", default=None, help="Cut out stretches of silence.")
@click.option("--silence-db", type=float, help="What counts as silence, in dBFS.  [default: -60]")
@click.option("--keep-before", type=float, help="Seconds kept before a sound.  [default: 0.1]")
@click.option("--keep-after", type=float, help="Seconds kept after a sound.  [default: 0.3]")
@click.option("--validation", type=float, help="Share of the files kept from training.  [default: 0.05]")
@as_json
def prepare(source: Path, out: Path, as_json: bool, **wishes: object) -> None:
    """Prepare the sounds in DIR for training: any format, rate and channel count.

    Interrupt it at any time: the same command goes on where it was. After files were added, changed
    or removed, the same command brings the set up to date. What is left out is told, one line a file.
    """
    import msgspec

    from isobath.corpora import Wishes, prepare

    asked = msgspec.convert(wishes, type=Wishes)
    with Progress("Preparing", 1.0, quiet=as_json) as progress:
        try:
            report = prepare(source, out, asked, lambda done, whole, _: progress.at(done / max(whole, 1e-9)))
        except KeyboardInterrupt:
            click.echo(f"\nStopped. What was done is kept: isobath prepare {source} -o {out}", err=True)
            sys.exit(130)
    if as_json:
        print_json({"set": str(out), **_answer(report)})
    else:
        _tell(report, out)


def _answer(report: "Report") -> dict[str, object]:
    return {
        "sample_rate": report.about.sample_rate,
        "channels": report.about.channels,
        "options": report.about.options,
        "totals": report.about.totals,
        "done": report.done,
        "unchanged": report.unchanged,
        "gone": report.gone,
        "left_out": report.left_out,
        "notes": report.notes,
    }


def _tell(report: "Report", out: Path) -> None:
    for name in report.gone:
        click.echo(f"gone: {name}")
    for each in report.left_out:
        click.echo(f"left out: {each.name}: {each.why}.")
    for note in report.notes:
        click.echo(f"note: {note}.")
    about, totals = report.about, report.about.totals
    news = f"{len(report.done)} done" + (f", {report.unchanged} as before" if report.unchanged else "")
    left = f", {len(report.left_out)} left out" if report.left_out else ""
    click.echo(
        f"{out}: {totals.files} files ({news}{left}), {_duration(totals.seconds)}, "
        f"{_kind(about.channels)} at {about.sample_rate} Hz."
    )
    click.echo(
        f"{_duration(totals.train_seconds)} to train on, "
        f"{_duration(totals.validation_seconds)} for validation."
    )
    if totals.unused_seconds > 0.1 * totals.seconds:
        unused = size(round(totals.unused_seconds * about.sample_rate * about.channels * 2))
        click.echo(f"{unused} belong to files that are gone; preparing into a new folder frees them.")


def _kind(channels: int) -> str:
    return {1: "mono", 2: "stereo"}.get(channels, f"{channels} channels")


def _duration(seconds: float) -> str:
    """As a person says it."""
    if seconds < 120:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.1f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def tell_set(found: "Set", as_json: bool) -> None:
    """What a prepared set holds: `isobath info SET`."""
    about, totals = found.about, found.about.totals
    if as_json:
        print_json(about)
        return
    options = about.options
    click.echo(f"{found.name}: a set prepared from {about.source}\n")
    facts: list[tuple[str, str]] = [
        ("files", str(totals.files)),
        ("sound", f"{_duration(totals.seconds)}, {_kind(about.channels)} at {about.sample_rate} Hz"),
        ("to train on", f"{len(found.entries('train'))} files, {_duration(totals.train_seconds)}"),
        ("validation", f"{len(found.entries('validation'))} files, {_duration(totals.validation_seconds)}"),
        ("loudness", f"{totals.loudness_lufs:.1f} LUFS, peak {totals.peak_db:.1f} dBFS"),
        ("normalised", options.normalise),
        ("high pass", f"{options.high_pass_hz:g} Hz" if options.high_pass_hz else "none"),
        ("silence", f"removed below {options.silence_db:g} dBFS" if options.remove_silence else "kept"),
        ("labels", str(totals.labels)),
        ("made", about.made),
    ]
    for name, value in facts:
        click.echo(f"{name.ljust(11)}  {value}")
    for each in about.left_out:
        click.echo(f"left out: {each.name}: {each.why}.")
