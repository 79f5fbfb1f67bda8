"""`isobath models`, `info` and `import`: the models on this machine."""

from pathlib import Path

import click

from isobath.cli.telling import as_json, print_json, print_table, size


@click.command()
@as_json
def models(as_json: bool) -> None:
    """List the models that can be played here."""
    from isobath.library.home import find_home
    from isobath.library.models import Models

    found = Models(find_home()).all()
    if as_json:
        print_json(found)
        return
    if not found:
        click.echo("There are no models here. Import one with: isobath import FILE")
        return
    print_table(
        ("name", "title", "dims", "hop", "rate", "channels", "size", "encodes", "from"),
        [
            (
                m.name,
                m.title,
                m.dims,
                m.hop,
                m.sample_rate,
                m.channels,
                size(m.bytes),
                m.encodes,
                _origin(m.bundled),
            )
            for m in found
        ],
    )


def _origin(bundled: bool) -> str:
    return "Isobath" if bundled else "you"


@click.command()
@click.argument("model")
@as_json
def info(model: str, as_json: bool) -> None:
    """Tell all about one MODEL: what it is, what it was trained on, how well it does."""
    from isobath.library.load import model_path
    from isobath.models.description import describe

    described = describe(model_path(model))
    if as_json:
        print_json(described)
        return
    click.echo(f"{described.title or described.name}\n{described.about}".strip())
    delay = 1000.0 * described.delay / described.sample_rate
    hop = 1000.0 * described.hop / described.sample_rate
    rows: list[tuple[str, object]] = [
        ("name", described.name),
        ("sample rate", f"{described.sample_rate} Hz"),
        ("channels", described.channels),
        ("hop", f"{described.hop} samples ({hop:.1f} ms)"),
        ("delay", f"{described.delay} samples ({delay:.1f} ms) through encoder and decoder"),
        ("encoder", "yes" if described.encoder else "no"),
        ("licence", described.licence),
        ("credit", described.credit),
    ]
    rows += [(f"training: {key}", _short(value)) for key, value in described.training.items()]
    rows += [(f"quality: {key}", _short(value)) for key, value in described.quality.items()]
    width = max(len(name) for name, _ in rows)
    click.echo()
    for name, value in rows:
        if value not in ("", None):
            click.echo(f"{name.ljust(width)}  {value}")
    click.echo(f"\nThe {described.dims} latent dimensions")
    latent = described.latent
    print_table(
        ("", "carries", "share of variance", "low (5 %)", "high (95 %)"),
        [
            (i + 1, label or "–", f"{share:.0%}", *_spread(latent.percentiles.at, values))
            for i, (label, share, values) in enumerate(
                zip(latent.labels, latent.explained, latent.percentiles.values, strict=True)
            )
        ],
    )


def _short(value: object) -> str:
    """A value in one line; a figure with its unit."""
    if isinstance(value, dict) and {"value", "unit"} <= value.keys():
        return f"{value['value']:.4g} {value['unit']}"
    text = ", ".join(str(each) for each in value) if isinstance(value, list) else str(value)
    return text if len(text) <= 100 else text[:97] + "..."


def _spread(at: list[float], values: list[float]) -> tuple[float, float]:
    """The 5th and the 95th percentile, or the nearest there are."""
    low = min(range(len(at)), key=lambda i: abs(at[i] - 5.0))
    high = min(range(len(at)), key=lambda i: abs(at[i] - 95.0))
    return round(values[low], 2), round(values[high], 2)


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@as_json
def import_model(file: Path, as_json: bool) -> None:
    """Take a model FILE (.safetensors) into the library."""
    from isobath.library.home import find_home
    from isobath.library.models import Models

    home = find_home()
    home.make()
    summary = Models(home).add(file.read_bytes())
    if as_json:
        print_json(summary)
    else:
        click.echo(f"{summary.title} is now in the library as {summary.name}.")
