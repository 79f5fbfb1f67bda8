"""`isobath bench`: the figures of docs/benchmarks.md, measured here and now."""

import importlib
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import fields
from importlib import util
from pathlib import Path
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
    beside = importlib.import_module("isobath.training.bench_kernel")
    yield _table_of(
        "The same weights in PyTorch, call by call in turn, one thread",
        [beside.compare(load(name)) for name in bundled()],
        "kernel, eager and torchscript: milliseconds per frame",
    )
    with tempfile.TemporaryDirectory() as folder:
        sizes = beside.compare_sizes(Path(folder))
    names = tuple(sizes[0])
    yield Table(
        "Models of several sizes with random weights, beside PyTorch",
        tuple(name.replace("_", " ") for name in names),
        tuple(tuple(size[name] for name in names) for size in sizes),
        "ratio: how many times the kernel's speed is TorchScript's",
    )


def bench_mapping() -> Iterator[Table]:
    """Whatever the mapping measures of itself."""
    for table in importlib.import_module("isobath.mapping.bench").run():
        yield msgspec.convert(table, type=Table)


BENCHES: dict[str, Callable[[], Iterator[Table]]] = {"kernel": bench_kernel, "mapping": bench_mapping}


def _show(table: Table) -> None:
    click.echo(f"\n{table.title}")
    print_table(table.head, table.rows)
    if table.note:
        click.echo(table.note)


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
        try:
            for table in BENCHES[name]():
                found[name].append(table)
                if not as_json:
                    _show(table)
        except ModuleNotFoundError as error:
            click.echo(f"The rest of {name} is left out, because {error.name} is not installed.", err=True)
    if as_json:
        print_json(found)
