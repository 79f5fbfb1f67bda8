"""Other programs' models in the terminal: taking one in, telling about one."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from isobath.cli.telling import Progress, print_json, print_table, size

if TYPE_CHECKING:
    from isobath.foreign.facts import Description
    from isobath.library.foreign import FoundForeign


def take_in(path: Path, name: str = "", *, as_json: bool = False) -> None:
    """Check a `.ts` file, try it in a confined process and keep it."""
    from isobath.library.foreign import ForeignModels
    from isobath.library.home import find_home

    home = find_home()
    home.make()
    with Progress(path.name, 1.0, quiet=as_json) as progress:
        found = ForeignModels(home).take_in(path, name, told=progress.say)
    if as_json:
        print_json(found.description)
        return
    described = found.description
    for note in (*described.notes, *([described.warning] if described.warning else [])):
        click.echo(note, err=True)
    print_methods(described)
    click.echo(f"\n{path.name} is now in the library as {found.name}. It runs in PyTorch, confined.")


def tell(found: "FoundForeign", *, as_json: bool = False) -> None:
    """All about one foreign model."""
    described = found.description
    if as_json:
        print_json(described)
        return
    works = [tried.method.name for tried in described.methods if tried.works]
    hop = 1000.0 * described.hop / described.sample_rate
    delay = 1000.0 * described.delay / described.sample_rate
    rows = [
        ("name", described.name),
        ("kind", "a model of another program (TorchScript), run in PyTorch"),
        ("sample rate", f"{described.sample_rate} Hz"),
        ("channels", f"{described.input_channels} in, {described.channels} out"),
        ("hop", f"{described.hop} samples ({hop:.1f} ms)" if described.dims else "no latents"),
        (
            "delay",
            f"{described.delay} samples ({delay:.1f} ms), measured" if described.delay else "not known",
        ),
        (
            "latent",
            f"{described.dims} dimensions"
            + (f", codes 0 to {described.codes - 1}" if described.codes else ""),
        ),
        ("encodes with", described.encode or "nothing"),
        ("decodes with", described.decode or "nothing"),
        ("confined", "yes" if described.confined else described.warning or "no"),
        ("size", size(described.bytes)),
    ]
    width = max(len(name) for name, _ in rows)
    click.echo(f"{described.name}: {', '.join(works)}\n")
    for name, value in rows:
        click.echo(f"{name.ljust(width)}  {value}")
    click.echo()
    print_methods(described)
    if described.attributes:
        click.echo()
        print_table(
            ("attribute", "values", "can be set"),
            [(a.name, ", ".join(a.kinds), a.writable) for a in described.attributes],
        )
    for note in described.notes:
        click.echo(f"\n{note}")


def print_methods(described: "Description") -> None:
    """The table of methods: what goes in and out, and the blocks they take."""
    print_table(
        ("method", "in", "each", "out", "each", "block", "works"),
        [
            (
                tried.method.name,
                tried.method.in_channels,
                _samples(tried.method.in_ratio),
                tried.method.out_channels,
                _samples(tried.method.out_ratio),
                (f"exactly {tried.block}" if tried.exact else f"{tried.block} or more")
                if tried.works
                else "-",
                "yes" if tried.works else "no",
            )
            for tried in described.methods
        ],
    )


def _samples(ratio: int) -> str:
    return "sample" if ratio == 1 else f"{ratio} samples"
