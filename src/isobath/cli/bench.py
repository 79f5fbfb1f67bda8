"""`isobath bench`: the figures of docs/benchmarks.md, measured here and now."""

import importlib
from typing import Any

import click

from isobath.cli.telling import as_json, print_json, print_table

BENCHES = {
    "mapping": "isobath.mapping.bench",
    "kernel": "isobath.models.bench",
    "sound": "isobath.sound.bench",
}
"""Each has a function `run()` that returns tables: dicts of `title`, `head`, `rows` and perhaps `note`."""


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(sorted(BENCHES)))
@as_json
def bench(names: tuple[str, ...], as_json: bool) -> None:
    """Measure, in one run: mapping, kernel, sound; without NAMES, all of them."""
    found: dict[str, list[dict[str, Any]]] = {}
    for name in names or tuple(BENCHES):
        try:
            module = importlib.import_module(BENCHES[name])
        except ModuleNotFoundError as error:
            click.echo(f"{name}: left out, because {error.name} is not installed.", err=True)
            continue
        if not as_json:
            click.echo(f"Measuring {name} ...", err=True)
        found[name] = list(module.run())
        if not as_json:
            for table in found[name]:
                click.echo(f"\n{table['title']}")
                print_table(table["head"], table["rows"])
                if table.get("note"):
                    click.echo(table["note"])
    if as_json:
        print_json(found)
