"""`isobath bench`: the figures of docs/benchmarks.md, measured here and now."""

import importlib
import statistics
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import fields
from importlib import util
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from isobath.cli.telling import Progress, as_json, print_json, print_table

if TYPE_CHECKING:
    from isobath.engine import Rendering
    from isobath.models.coder import Model
    from isobath.outputs.stage.engine import StageEngine
    from isobath.protocol.piece import Piece


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
    from isobath.models.bench import bench_first
    from isobath.models.bench import bench_kernel as measure
    from isobath.models.coder import bundled, load

    for name in bundled():
        yield _table_of(f"The kernel plays {name}, one frame a call, one thread", measure(load(name)))
    yield _table_of(
        "The first block of a coder beside a later one",
        [first for name in bundled() for first in bench_first(load(name))],
        "first and later: milliseconds, medians of 15 models unpacked afresh, 3 ms between blocks",
    )
    if util.find_spec("torch") is None:
        return
    beside = importlib.import_module("isobath.training.bench_kernel")
    models = [load(name) for name in bundled()]
    yield _beside(
        "The same weights in PyTorch, call by call in turn, one thread",
        [
            beside.compare(model, encoder=encoder)
            for model in models
            for encoder in (False, True)
            if model.can_encode or not encoder
        ],
    )
    with tempfile.TemporaryDirectory() as folder:
        yield _beside(
            "Models of several sizes with random weights, beside PyTorch", beside.compare_sizes(Path(folder))
        )
    yield _table_of(
        "Sizes of the RAVE family with random weights, beside TorchScript, one thread",
        beside.compare_family(),
        "torchscript, half and swift: milliseconds per block",
    )


def _beside(title: str, found: list[Any]) -> Table:
    """A table of comparisons with PyTorch, ratios last."""
    table = _table_of(title, found)
    return Table(
        title,
        (*table.head, "eager / kernel", "torchscript / kernel"),
        tuple(
            (*row, each.eager / each.kernel, each.torchscript / each.kernel)
            for row, each in zip(table.rows, found, strict=True)
        ),
        "kernel, eager and torchscript: milliseconds per block",
    )


def bench_mapping() -> Iterator[Table]:
    """Whatever the mapping measures of itself."""
    for table in importlib.import_module("isobath.mapping.bench").run():
        yield msgspec.convert(table, type=Table)


def bench_bars() -> Iterator[Table]:
    """How soon the models of bars answer in a jam."""
    import os
    from concurrent.futures import ThreadPoolExecutor

    from isobath.server.jam import go_first
    from isobath.symbolic.bench import thinking

    before = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    with ThreadPoolExecutor(1, initializer=go_first) as pool:  # as in a jam, before ordinary work
        found = pool.submit(thinking).result()
    yield _table_of(
        "An answer of the models of bars, one core",
        found,
        f"400 rounds, taking turns; the machine's load was {before:.1f} at the beginning",
    )


def bench_page() -> Iterator[Table]:
    """What a browser fetches, kind by kind: as it lies on the disk, and compressed."""
    import gzip
    from collections import defaultdict

    from isobath.server.page import PRESSED, static_folder

    sizes: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for path in static_folder().rglob("*"):
        if path.is_file() and path.suffix not in PRESSED.values():
            data = path.read_bytes()
            for kind in (path.suffix.removeprefix(".") or path.name, "all"):
                found = sizes[kind]
                sizes[kind] = [found[0] + 1, found[1] + len(data), found[2] + len(gzip.compress(data, 9))]
    rows = [(kind, n, raw / 1e3, zipped / 1e3, raw / zipped) for kind, (n, raw, zipped) in sizes.items()]
    yield Table(
        "The page, without models",
        ("kind", "files", "kB", "kB gzipped", "ratio"),
        tuple(sorted(rows, key=lambda row: row[2])),
        "A browser fetches one of the two wasm files, and of the panels those it opens.",
    )


def bench_render(seconds: float = 10.0) -> Iterator[Table]:
    """A take rendered offline with one voice and with four, mapping and limiter included."""
    from isobath.models.coder import bundled, load
    from isobath.outputs.null import times_real_time

    rows = []
    for name in bundled():
        model = load(name)
        found: dict[int, float] = {}
        for voices in (1, 4):
            works = [_wandering(model, voices, seconds) for _ in range(3)]
            found[voices] = statistics.median(times_real_time(work) for work in works)
            rows.append((name, voices, found[voices], found[voices] * voices / found[1]))
    yield Table(
        f"A take of {seconds:g} s rendered, median of three",
        ("model", "voices", "times real time", "work done / one voice"),
        tuple(rows),
        "One thread: gesture, mapping (12 demonstrations), shaping, decoder, guard and limiter.",
    )


def _wandering(model: "Model", voices: int, seconds: float) -> "Rendering":
    """A walk over two axes through sounds the model knows."""
    import numpy as np

    from isobath.engine import rendering
    from isobath.mapping import fit
    from isobath.protocol.piece import Axis, Piece, Take, Voice

    random = np.random.default_rng(0)
    points = random.random((12, 2))
    mapping = fit(points, random.standard_normal((12, model.dims))).to_plain()
    frames = int(seconds * model.sample_rate / model.hop)
    walk = 0.5 + 0.4 * np.sin(np.arange(frames)[:, None] * np.array([0.011, 0.017]))
    piece = Piece(
        id="bench",
        name="bench",
        axes=(Axis(id="x", name="x"), Axis(id="y", name="y")),
        voices=tuple(Voice(id=f"v{i}", model=model.name, seed=i, fitted=mapping) for i in range(voices)),
    )
    take = Take(
        id="t",
        name="t",
        hop=model.hop,
        sample_rate=model.sample_rate,
        length=frames,
        axes=("x", "y"),
        frames=tuple(range(frames)),
        points=tuple(map(tuple, walk.tolist())),
    )
    return rendering(piece, take, lambda _name: model)


def bench_train(
    config: str = "v2_small", batch: int = 8, steps: int = 5, threads: int = 1, half: bool = True
) -> Iterator[Table]:
    """Steps of training on noise, in both phases."""
    importlib.import_module("isobath.training.device").keep_memory()
    measure = importlib.import_module("isobath.training.bench_train").paces
    found = list(measure(config, batch, steps, threads, half))
    yield _table_of(
        f"A step of training {config}, median of {steps}", found, "cpu: seconds of processor time"
    )


def bench_stage(
    minutes: float = 1.0,
    block: int = 256,
    ahead: int = 512,
    pressure: bool = True,
    busy: int = 1,
    flood: float = 0.0,
    faults: bool = False,
) -> Iterator[Table]:
    """The stage on a JACK server without a sound card: from gesture to captured sample, and a soak."""
    from isobath.outputs.stage import bench as measure

    rows = [
        measure.latency(hop, frames, reserve)
        for hop, frames, reserve in ((512, 256, 128), (256, 256, 128), (128, 128, 64), (64, 64, 64))
    ]
    yield _table_of("From a gesture to the callback in which another JACK client is handed its sound", rows)
    if flood > 0:
        yield _flooded_latency(flood)
    if faults:
        yield _table_of("Made to go wrong while guitar plays, block 256, ahead 128", measure.faults())
    beside, floods = _flood(flood)
    with Progress("soak", 1.0) as progress:
        found = measure.soak(
            minutes=minutes,
            block=block,
            ahead=ahead,
            stressed=pressure,
            busy_cores=busy,
            beside=beside,
            progress=progress.at,
        )
    rows_of = [(field.name.replace("_", " "), getattr(found, field.name)) for field in fields(found)]
    if floods:
        rows_of += [(f"OSC {field.name}", getattr(floods[-1], field.name)) for field in fields(floods[-1])]
    yield Table(
        f"Guitar for {minutes:g} minutes" + (", its server's interpreter never free" if pressure else ""),
        ("", ""),
        tuple(rows_of),
        "own: without a stall of the machine shortly before; stalled: share of the time that is excused so",
    )


def bench_walk(walkers: int = 200, minutes: float = 1.0) -> Iterator[Table]:
    """Scripted walkers in one room of one server process."""
    measure = importlib.import_module("isobath.server.bench_walk").measure
    with Progress("walk", 1.0) as progress:
        found = measure(walkers, minutes, progress.at)
    yield Table(
        f"{walkers} walkers for {minutes:g} minutes in one room",
        ("", ""),
        tuple((field.name.replace("_", " "), getattr(found, field.name)) for field in fields(found)),
        "CPU in percent of one core; bytes with the headers of TCP and IP; the clients share this machine",
    )


def _flood(rate: float) -> tuple[Callable[..., Any], list[Any]]:
    """What happens beside a measurement of the stage, and where it is told how it went."""
    from contextlib import contextmanager

    from isobath.server.stage_flood import Door, flooded

    floods: list[Any] = []

    @contextmanager
    def beside(engine: "StageEngine", piece: "Piece") -> Iterator[Any]:
        if rate <= 0:
            yield None
            return
        door = Door(engine, piece)
        try:
            with flooded(door, rate) as stands:
                yield door.say
                floods.append(stands())
        finally:
            door.close()

    return beside, floods


def _flooded_latency(rate: float) -> Table:
    """Every gesture a packet, alone and in a flood, in turn."""
    from isobath.outputs.stage import bench as measure

    rows = []
    for hop, block, ahead in ((256, 256, 128), (128, 128, 64)):
        for _ in range(2):
            for each in (1.0, rate):
                beside, floods = _flood(each)
                found = measure.latency(hop, block, ahead, 40, axes=2, by=beside)
                taken, share = round(floods[-1].taken), floods[-1].processor
                rows.append((hop, block, taken, found.p50_ms, found.p95_ms, found.underruns, share))
    return Table(
        "The same, each gesture an OSC packet, without and with others",
        ("hop", "block", "packets a second", "p50 ms", "p95 ms", "underruns", "processor"),
        tuple(rows),
        "processor: share of one that the tending process takes",
    )


BENCHES: dict[str, Callable[[], Iterator[Table]]] = {
    "kernel": bench_kernel,
    "mapping": bench_mapping,
    "render": bench_render,
    "bars": bench_bars,
    "page": bench_page,
}
ON_REQUEST: dict[str, tuple[Callable[..., Iterator[Table]], tuple[str, ...]]] = {
    "train": (bench_train, ("config", "batch", "steps", "threads", "half")),
    "walk": (bench_walk, ("walkers", "minutes")),
    "stage": (bench_stage, ("minutes", "block", "ahead", "pressure", "busy", "flood", "faults")),
}
"""Those that take long, and which options are theirs."""


def _measured(name: str, options: dict[str, Any]) -> Iterator[Table]:
    if name in BENCHES:
        return BENCHES[name]()
    measure, own = ON_REQUEST[name]
    return measure(**{option: options[option] for option in own})


def _show(table: Table) -> None:
    click.echo(f"\n{table.title}")
    print_table(table.head, table.rows)
    if table.note:
        click.echo(table.note)


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(sorted([*BENCHES, *ON_REQUEST])), metavar="[NAME]...")
@click.option("--config", default="v2_small", show_default=True, help="train: the configuration.")
@click.option("--batch", type=click.IntRange(1), default=8, show_default=True, help="train: crops in a step.")
@click.option("--steps", type=click.IntRange(1), default=5, show_default=True, help="train: steps a phase.")
@click.option("--threads", type=click.IntRange(1), default=1, show_default=True, help="train: of the CPU.")
@click.option("--half/--no-half", default=True, help="train: convolutions in bfloat16.")
@click.option(
    "--minutes", type=click.FloatRange(0.05), default=1.0, show_default=True, help="stage, walk: how long."
)
@click.option(
    "--walkers", type=click.IntRange(1, 500), default=200, show_default=True, help="walk: how many."
)
@click.option(
    "--block", type=click.IntRange(16, 4096), default=256, show_default=True, help="stage: samples."
)
@click.option(
    "--ahead", type=click.IntRange(0, 4096), default=512, show_default=True, help="stage: samples in reserve."
)
@click.option(
    "--pressure/--no-pressure", default=True, help="stage: keep the interpreter and its memory busy."
)
@click.option(
    "--busy", type=click.IntRange(0), default=1, show_default=True, help="stage: processors kept busy."
)
@click.option(
    "--flood",
    type=click.FloatRange(0, 1e6),
    default=0.0,
    show_default=True,
    help="stage: OSC packets a second beside it.",
)
@click.option("--faults/--no-faults", default=False, help="stage: end workers and the sound server, too.")
@as_json
def bench(names: tuple[str, ...], as_json: bool, **options: Any) -> None:
    """Measure NAMEs in one run: kernel, mapping, render, bars, page; without one, all of them.

    `train`, `stage` and `walk` are measured only when they are asked for.
    """
    found: dict[str, list[Table]] = {}
    for name in names or tuple(BENCHES):
        found[name] = []
        if not as_json:
            click.echo(f"Measuring {name} ...", err=True)
        try:
            for table in _measured(name, options):
                found[name].append(table)
                if not as_json:
                    _show(table)
        except ModuleNotFoundError as error:
            click.echo(f"The rest of {name} is left out, because {error.name} is not installed.", err=True)
    if as_json:
        print_json(found)
