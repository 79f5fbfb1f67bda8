"""`isobath demonstrations`: from one program's file to another's."""

from pathlib import Path
from typing import Literal, get_args

import click

from isobath.cli.telling import as_json, print_json

Kind = Literal["csv", "json", "arff", "wekinator", "flucoma"]

FOLDERS = ("wekinator", "flucoma")
"""Kinds of several files."""


@click.command()
@click.argument("file", type=click.Path(exists=True, path_type=Path))
@click.option(
    "-o",
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    help="File to write; for wekinator a folder or a .zip, for flucoma a folder.",
)
@click.option("--to", type=click.Choice(get_args(Kind)), help="Kind of file. Default: by its ending.")
@click.option(
    "--outputs", type=click.IntRange(1), help="Of an ARFF file: how many of the last columns are outputs."
)
@click.option(
    "--targets",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Of FluCoMa: the data set with the outputs, FILE being the one with the inputs.",
)
@as_json
def demonstrations(
    file: Path, out: Path, to: str | None, outputs: int | None, targets: Path | None, as_json: bool
) -> None:
    """Write the demonstrations in FILE for another program.

    FILE is whatever `isobath fit` learns from.
    """
    from isobath.errors import MappingError, UsageError
    from isobath.library.reading import Companions, examples_of, files_for, find_demonstrations
    from isobath.mapping.exchange.wekinator import zipped

    by_ending = {".csv": "csv", ".json": "json", ".arff": "arff", ".zip": "wekinator"}
    kind = next((one for one in get_args(Kind) if one == (to or by_ending.get(out.suffix.lower()))), None)
    if kind is None:
        raise UsageError(f"What should {out.name} be? Say --to {', '.join(get_args(Kind))}.")
    found = find_demonstrations(file, Companions(outputs, targets))
    if found.examples is None and not found.demonstrations:
        raise MappingError(f"{file.name} is already trained and holds no demonstrations to write.")
    examples = found.examples or examples_of(found.demonstrations)
    inside, notes = files_for(kind, out.stem, examples)
    if out.suffix.lower() == ".zip":
        files = {out: zipped(out.stem, inside)}
    elif kind in FOLDERS:
        files = {out / name: data for name, data in inside.items()}
    else:
        files = {out: next(iter(inside.values()))}
    write_files(out, files)
    notes = [*found.notes, *notes]
    if as_json:
        print_json({"files": [str(path) for path in files], "examples": len(examples.points), "notes": notes})
        return
    for note in notes:
        click.echo(note, err=True)
    for path in files:
        click.echo(path)


def write_files(out: Path, files: dict[Path, bytes]) -> None:
    """Write each whole, with the folders it needs below `out`."""
    from isobath.errors import SaveError
    from isobath.library.files import write_whole

    for path, data in files.items():
        try:
            if path != out:
                path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SaveError(f"{path.parent} cannot be made ({error.strerror}).") from error
        write_whole(path, [data])
