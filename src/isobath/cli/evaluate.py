"""`isobath evaluate`: what a model makes of recordings it has not heard."""

from pathlib import Path

import click

from isobath.cli.telling import Progress, as_json, print_json, print_table


@click.command()
@click.argument("model")
@click.argument("sounds", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--seconds",
    type=click.FloatRange(1.0),
    default=300.0,
    show_default=True,
    help="About how much of a set to hear, spread over it.",
)
@click.option("--all", "everything", is_flag=True, help="Hear all of it.")
@as_json
def evaluate(model: str, sounds: Path, seconds: float, everything: bool, as_json: bool) -> None:
    """Measure MODEL on SOUNDS: the validation side of a prepared set, a folder, or a sound file."""
    from isobath.evaluation import measure
    from isobath.evaluation.axes import carries
    from isobath.evaluation.recordings import found
    from isobath.library.load import load_any
    from isobath.models.coder import Model

    coder = load_any(model)
    recordings = list(found(sounds, None if everything else seconds))
    whole = sum(each.seconds for each in recordings)
    with Progress(f"{coder.name} listens", whole, quiet=as_json) as progress:
        result = measure(coder, recordings, progress.at)
    if not isinstance(coder, Model):
        coder.close()
    if as_json:
        print_json(
            {
                "model": coder.name, "sounds": str(sounds), "seconds": round(whole, 2),
                "recordings": [each.name for each in recordings],
                "figures": result.figures,
                "axes": [vars(axis) for axis in result.axes],
                "carries": carries(result.axes), "sizes": result.sizes,
            }
        )  # fmt: skip
        return
    click.echo(f"{coder.name} on {whole:.0f} s of {sounds}, {len(recordings)} recordings\n")
    print_table(
        ("figure", "value", "unit"),
        [(name.replace("_", " "), each["value"], each["unit"]) for name, each in result.figures.items()],
    )
    click.echo()
    print_table(
        ("axis", "loudness", "brightness", "pitch", "moves dB", "moves octaves", "moves log-mel dB"),
        [
            (a.number, *(a.goes_with[q] for q in ("loudness", "brightness", "pitch")),
             a.moves_db, a.moves_octaves, a.moves_mel_db)
            for a in result.axes
        ],
    )  # fmt: skip
    click.echo()
    for quality, (axis, strength) in carries(result.axes).items():
        click.echo(f"{quality} is carried by axis {axis} ({strength:+.2f})")
    told = ", ".join(f"{n}: {db:.2f} dB" for n, db in result.sizes.items())
    click.echo(f"log-mel distance by number of dimensions kept: {told}")
