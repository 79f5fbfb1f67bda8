"""`isobath fit`: demonstrations in, a mapping out."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click

from isobath.cli.telling import as_json, print_json, print_table
from isobath.protocol.piece import Algorithm

if TYPE_CHECKING:
    from isobath.library.reading import Found
    from isobath.mapping import Mapping, Settings


@click.command()
@click.argument("file", type=click.Path(exists=True, path_type=Path))
@click.option(
    "-o",
    "--out",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where to write the mapping (JSON).",
)
@click.option(
    "--algorithm",
    type=click.Choice(get_args(Algorithm)),
    default="gp",
    show_default=True,
    help="How to learn.",
)
@click.option(
    "--trust",
    type=click.FloatRange(0, 1),
    default=1.0,
    show_default=True,
    help="1: exact; towards 0: smoother.",
)
@click.option(
    "--neighbours", type=click.IntRange(1), default=3, show_default=True, help="Of the nearest, how many."
)
@click.option(
    "--power", type=float, default=2.0, show_default=True, help="How fast a demonstration's pull fades."
)
@click.option("--degree", type=click.IntRange(1, 8), default=2, show_default=True, help="Of the polynomial.")
@click.option(
    "--hidden", type=click.IntRange(1, 256), default=16, show_default=True, help="Units per perceptron."
)
@click.option(
    "--layers", type=click.IntRange(1, 4), default=1, show_default=True, help="Layers per perceptron."
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Starts perceptrons, random layer and terrain.",
)
@click.option(
    "--detail",
    type=click.FloatRange(0.1, 16),
    default=1.0,
    show_default=True,
    help="Hills of a terrain along an axis.",
)
@click.option(
    "--reach",
    type=click.FloatRange(0, 64),
    default=3.0,
    show_default=True,
    help="Of direct: the latent at either end of an axis.",
)
@click.option(
    "--clamp/--no-clamp", default=False, help="Stay within the demonstrated latents, and a tenth more."
)
@click.option(
    "--outputs", type=click.IntRange(1), help="Of an ARFF file: how many of the last columns are outputs."
)
@click.option(
    "--targets",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Of FluCoMa: the data set with the outputs, FILE being the one with the inputs.",
)
@click.option(
    "--before",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Of FluCoMa: the scaler in front of a regressor.",
)
@click.option(
    "--behind",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Of FluCoMa: the scaler behind a regressor, to be undone.",
)
@click.option(
    "--as-trained", is_flag=True, help="Of a Wekinator project: its own networks, not learned again."
)
@click.option(
    "--to",
    type=click.Choice(("mapping", "flucoma")),
    default="mapping",
    show_default=True,
    help="Write a mapping of Isobath, or a fluid.mlpregressor~.",
)
@as_json
def fit(
    file: Path,
    out: Path,
    outputs: int | None,
    targets: Path | None,
    before: Path | None,
    behind: Path | None,
    as_trained: bool,
    to: str,
    as_json: bool,
    **choices: object,
) -> None:
    """Learn a mapping from the demonstrations in FILE.

    FILE is CSV (columns axis1, axis2, ... and latent1, latent2, ..., and if you like label,
    weight, muted), JSON (`points` and `latents`, a list of demonstrations, or a piece), a project of
    Wekinator (folder, .wekproj or zip), ARFF, or JSON of FluCoMa.
    """
    import msgspec

    from isobath.library.files import write_whole
    from isobath.library.reading import Companions, find_demonstrations
    from isobath.mapping import Settings
    from isobath.mapping.exchange.flucoma import write_regressor

    found = find_demonstrations(file, Companions(outputs, targets, before, behind))
    started = time.perf_counter()
    labels, mapping = _learned(file.name, found, as_trained, msgspec.convert(choices, type=Settings))
    milliseconds = 1000.0 * (time.perf_counter() - started)
    write_whole(out, [write_regressor(mapping) if to == "flucoma" else mapping.to_json().encode()])
    if as_json:
        print_json(
            {
                "out": str(out),
                "axes": mapping.axes,
                "dims": mapping.dims,
                "milliseconds": milliseconds,
                "errors": mapping.errors,
                "warnings": (*found.notes, *mapping.warnings),
            }
        )
        return
    for warning in (*found.notes, *mapping.warnings):
        click.echo(warning, err=True)
    if mapping.errors:
        print_table(
            ("demonstration", "missed by"),
            [
                (label or i + 1, f"{miss:.4f}")
                for i, (label, miss) in enumerate(zip(labels, mapping.errors, strict=True))
            ],
        )
    click.echo(f"{mapping.axes} axes to {mapping.dims} dimensions in {milliseconds:.1f} ms: {out}")


def _learned(
    name: str, found: "Found", as_trained: bool, settings: "Settings"
) -> tuple[list[str], "Mapping"]:
    """Names of what was learned from, and the map."""
    from isobath.errors import MappingError
    from isobath.mapping import fit as learn
    from isobath.mapping.exchange.examples import fit_examples

    if found.trained is not None and (as_trained or found.examples is None):
        return [], found.trained
    if as_trained:
        raise MappingError(f"{name} holds no networks for all outputs. Leave --as-trained away to learn.")
    if found.examples is not None:
        return [""] * len(found.examples.points), fit_examples(found.examples, settings)
    shown = found.demonstrations
    if not shown:
        raise MappingError(f"{name} holds no demonstrations. Give one at least.")
    mapping = learn(
        [each.point for each in shown],
        [each.latent for each in shown],
        settings=settings,
        weights=[each.weight for each in shown],
        muted=[each.muted for each in shown],
        labels=[each.label for each in shown],
    )
    return [each.label for each in shown], mapping
