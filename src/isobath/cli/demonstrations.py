"""`isobath demonstrations`: from one program's file to another's."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from isobath.cli.telling import as_json, print_json

if TYPE_CHECKING:
    from isobath.mapping.exchange.examples import Examples

KINDS = ("csv", "json", "arff", "wekinator", "flucoma")


@click.command()
@click.argument("file", type=click.Path(exists=True, path_type=Path))
@click.option(
    "-o",
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    help="File to write; for wekinator a folder or a .zip, for flucoma a folder.",
)
@click.option("--to", type=click.Choice(KINDS), help="Kind of file. Default: by its ending.")
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
    from isobath.library.reading import Companions, examples_of, find_demonstrations

    kind = to or {".csv": "csv", ".json": "json", ".arff": "arff", ".zip": "wekinator"}.get(
        out.suffix.lower()
    )
    if kind is None:
        raise UsageError(f"What should {out.name} be? Say --to {', '.join(KINDS[:-1])} or {KINDS[-1]}.")
    found = find_demonstrations(file, Companions(outputs, targets))
    if found.examples is None and not found.demonstrations:
        raise MappingError(f"{file.name} is already trained and holds no demonstrations to write.")
    examples = found.examples or examples_of(found.demonstrations)
    files, notes = _files(kind, out, examples)
    write_files(out, files)
    notes = [*found.notes, *notes]
    if as_json:
        print_json({"files": [str(path) for path in files], "examples": len(examples.points), "notes": notes})
        return
    for note in notes:
        click.echo(note, err=True)
    for path in files:
        click.echo(path)


def _files(kind: str, out: Path, examples: "Examples") -> tuple[dict[Path, bytes], list[str]]:
    """Contents by path, and what to say about them."""
    from isobath.mapping.exchange import flucoma, wekinator
    from isobath.mapping.exchange.arff import write_arff

    if kind == "arff":
        return {out: write_arff(examples).encode()}, []
    if kind == "wekinator":
        name = out.stem
        files = wekinator.write_project(wekinator.project_of(name, examples))
        notes = ["Wekinator keeps what it trained as Java objects; open the project there and train."]
        if out.suffix.lower() == ".zip":
            return {out: wekinator.zipped(name, files)}, notes
        return {out / inside: data for inside, data in files.items()}, notes
    whole = examples.whole()
    notes = [one for one in whole.notes if one not in examples.notes]
    if kind == "flucoma":
        return {
            out / "inputs.json": flucoma.write_dataset(whole.points),
            out / "outputs.json": flucoma.write_dataset(whole.targets),
            out / "inputs-normalize.json": flucoma.write_normalize(whole.points),
            out / "outputs-normalize.json": flucoma.write_normalize(whole.targets),
        }, notes
    return {out: _csv(whole) if kind == "csv" else _json(whole)}, notes


def _csv(examples: "Examples") -> bytes:
    axes, dims = examples.points.shape[1], examples.targets.shape[1]
    head = [f"axis{i + 1}" for i in range(axes)] + [f"latent{i + 1}" for i in range(dims)]
    rows = (
        ",".join(repr(value) for value in (*point, *target))
        for point, target in zip(examples.points.tolist(), examples.targets.tolist(), strict=True)
    )
    return ("\n".join([",".join(head), *rows]) + "\n").encode()


def _json(examples: "Examples") -> bytes:
    import msgspec

    return msgspec.json.encode({"points": examples.points.tolist(), "latents": examples.targets.tolist()})


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
