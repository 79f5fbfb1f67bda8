"""`isobath render`: a take as a sound file, the same samples that the page plays."""

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from isobath.cli.play import find_piece
from isobath.cli.telling import Progress, as_json, print_json

if TYPE_CHECKING:
    from isobath.library.load import Loader
    from isobath.protocol.piece import Piece


@click.command()
@click.argument("piece")
@click.option("-t", "--take", help="Name or id of the take. Default: the one recorded last.")
@click.option(
    "-o",
    "--out",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Sound file to write (.wav or .flac, 24 bits).",
)
@as_json
def render(piece: str, take: str | None, out: Path, as_json: bool) -> None:
    """Render a take of PIECE: a name, an id or a .isobath file."""
    import time

    from isobath.engine import find_take, rendering
    from isobath.engine.dreaming import dreams
    from isobath.library.home import find_home
    from isobath.library.load import load_prior
    from isobath.library.sounds import Sounds
    from isobath.outputs.file import write_rendering

    found, load_model = open_piece(piece)
    chosen = find_take(found, take)
    with closing(load_model), Progress(f'"{chosen.name}"', 1.0, quiet=as_json) as progress:
        work = rendering(
            found,
            chosen,
            load_model,
            load_sound=Sounds(find_home()).load,
            dream_of=dreams(load_prior),
        )
        started = time.perf_counter()
        samples = write_rendering(out, work, progress.at)
    seconds, spent = samples / work.sample_rate, time.perf_counter() - started
    if as_json:
        print_json(
            {
                "out": str(out),
                "piece": found.name,
                "take": chosen.name,
                "seconds": seconds,
                "sample_rate": work.sample_rate,
                "channels": work.channels,
                "times_real_time": seconds / spent,
            }
        )
    else:
        click.echo(
            f'"{chosen.name}", {seconds:.2f} s at {work.sample_rate} Hz, '
            f"{seconds / spent:.0f} x real time: {out}"
        )


def open_piece(wanted: str) -> tuple["Piece", "Loader"]:
    """The piece named or filed so, and what loads its models.

    Raises:
        PieceUnknown, PieceDamaged, PieceNewer: it is not there, or cannot be opened.
    """
    from isobath.library.exchange import import_
    from isobath.library.home import find_home
    from isobath.library.library import Library
    from isobath.library.load import Loader

    with Library.open(find_home()) as library:
        path = Path(wanted)
        if path.suffix == ".isobath" and path.is_file():
            with path.open("rb") as source:
                piece, notes = import_(source, library.models, library.sounds)
            for note in notes:
                click.echo(note, err=True)
        else:
            piece = library.read(find_piece(library, wanted))
    return piece, Loader()
