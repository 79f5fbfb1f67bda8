"""`isobath rehearse`: the loudest and roughest places of a piece, before an audience finds them."""

from contextlib import closing
from pathlib import Path

import click

from isobath.cli.telling import Progress, as_json, print_json


@click.command()
@click.argument("piece")
@click.option(
    "-o",
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the report there, as Markdown, instead of printing it.",
)
@click.option(
    "--places",
    type=click.IntRange(1, 20),
    default=5,
    show_default=True,
    help="How many places of each kind are told.",
)
@click.option("--takes/--no-takes", default=True, help="Play the takes, too.")
@as_json
def rehearse(piece: str, out: Path | None, places: int, takes: bool, as_json: bool) -> None:
    """Go through PIECE (a name, an id or a .isobath file): how loud and rough it gets, and where."""
    from isobath.cli.render import open_piece
    from isobath.engine.dreaming import dreams
    from isobath.engine.rehearsing import rehearse as go_through
    from isobath.engine.rehearsing import report
    from isobath.library.home import find_home
    from isobath.library.load import load_prior
    from isobath.library.sounds import Sounds

    found, load_model = open_piece(piece)
    with closing(load_model), Progress(f'"{found.name}"', 1.0, quiet=as_json) as progress:
        told = go_through(
            found,
            load_model,
            places=places,
            takes=takes,
            load_sound=Sounds(find_home()).load,
            dream_of=dreams(load_prior),
            progress=progress.at,
        )
    if out is not None:
        out.write_text(report(told), encoding="utf-8")
    if as_json:
        print_json(told)
    elif out is None:
        click.echo(report(told), nl=False)
    else:
        click.echo(f"{out}")
