"""`isobath fit`: demonstrations in, a mapping out."""

import time
from pathlib import Path
from typing import get_args

import click

from isobath.cli.telling import as_json, print_json, print_table
from isobath.protocol.piece import Algorithm


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
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
    "--clamp/--no-clamp", default=False, help="Stay within the demonstrated latents, and a tenth more."
)
@as_json
def fit(file: Path, out: Path, as_json: bool, **choices: object) -> None:
    """Learn a mapping from the demonstrations in FILE.

    FILE is CSV (columns axis1, axis2, ... and latent1, latent2, ..., and if you like label,
    weight, muted) or JSON (`points` and `latents`, a list of demonstrations, or a piece).
    """
    import msgspec

    from isobath.cli.demonstrations import read_demonstrations
    from isobath.errors import MappingError
    from isobath.library.files import write_whole
    from isobath.mapping import Settings
    from isobath.mapping import fit as learn

    shown = read_demonstrations(file)
    if not shown:
        raise MappingError(f"{file.name} holds no demonstrations. Give one at least.")
    started = time.perf_counter()
    mapping = learn(
        [each.point for each in shown],
        [each.latent for each in shown],
        settings=msgspec.convert(choices, type=Settings),
        weights=[each.weight for each in shown],
        muted=[each.muted for each in shown],
        labels=[each.label for each in shown],
    )
    milliseconds = 1000.0 * (time.perf_counter() - started)
    write_whole(out, [mapping.to_json().encode()])
    if as_json:
        print_json(
            {
                "out": str(out),
                "axes": mapping.axes,
                "dims": mapping.dims,
                "milliseconds": milliseconds,
                "errors": mapping.errors,
                "warnings": mapping.warnings,
            }
        )
        return
    for warning in mapping.warnings:
        click.echo(warning, err=True)
    print_table(
        ("demonstration", "missed by"),
        [
            (d.label or i + 1, f"{miss:.4f}")
            for i, (d, miss) in enumerate(zip(shown, mapping.errors, strict=True))
        ],
    )
    click.echo(f"{mapping.axes} axes to {mapping.dims} dimensions in {milliseconds:.1f} ms: {out}")
