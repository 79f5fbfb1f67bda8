"""`isobath bench`: the figures of docs/benchmarks.md, measured here and now."""

import importlib
from collections.abc import Callable, Iterator
from dataclasses import fields
from importlib import util
from typing import Any

import click
import msgspec

from isobath.cli.telling import as_json, print_json, print_table


class Table(msgspec.Struct, frozen=True):
    """What one measurement found."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    note: str = ""


def _table_of(title: str, figures: list[Any], note: str = "") -> Table:
    """A table of a list of dataclasses."""
    names = tuple(field.name for field in fields(figures[0]))
    rows = tuple(tuple(getattr(each, name) for name in names) for each in figures)
    return Table(title, tuple(name.replace("_", " ") for name in names), rows, note)


def bench_kernel() -> Iterator[Table]:
    """Every bundled model at its hop: the kernel alone, then beside PyTorch."""
    from isobath.models.bench import bench_kernel as measure
    from isobath.models.coder import bundled, load

    for name in bundled():
        yield _table_of(f"The kernel plays {name}, one frame a call, one thread", measure(load(name)))
    if util.find_spec("torch") is None:
        return
    compare = importlib.import_module("isobath.training.bench_kernel").compare
    yield _table_of(
        "The same weights in PyTorch, call by call in turn",
        [compare(load(name)) for name in bundled()],
        "kernel, eager and script: milliseconds per frame",
    )


def bench_mapping() -> Iterator[Table]:
    """Whatever the mapping measures of itself."""
    for table in importlib.import_module("isobath.mapping.bench").run():
        yield msgspec.convert(table, type=Table)


BENCHES: dict[str, Callable[[], Iterator[Table]]] = {"kernel": bench_kernel, "mapping": bench_mapping}


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(sorted(BENCHES)), metavar="[NAME]...")
@as_json
def bench(names: tuple[str, ...], as_json: bool) -> None:
    """Measure NAMEs in one run: kernel, mapping; without one, both."""
    found: dict[str, list[Table]] = {}
    for name in names or tuple(BENCHES):
        found[name] = []
        if not as_json:
            click.echo(f"Measuring {name} ...", err=True)
        for table in BENCHES[name]():
            found[name].append(table)
            if not as_json:
                click.echo(f"\n{table.title}")
                print_table(table.head, table.rows)
                if table.note:
                    click.echo(table.note)
    if as_json:
        print_json(found)
