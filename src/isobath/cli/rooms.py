"""`isobath rooms`: many rooms of one world, over the processes and machines of a cluster."""

import sys
import time

import click

from isobath import __version__
from isobath.cli.play import find_piece
from isobath.cli.telling import as_json, print_json

LOOK_SECONDS = 3.0


@click.command()
@click.argument("world")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option(
    "--cluster",
    metavar="ADDRESS",
    help="A Ray cluster that runs, or `auto`. Default: processes of this machine.",
)
@click.option("--open", "opened", is_flag=True, help="Walkers come from the network, by an encrypted door.")
@click.option("--walkers", type=click.IntRange(1, 500), default=200, show_default=True, help="That fit in.")
@click.option("--edit", is_flag=True, help="Walkers may change their room's copy of the piece, too.")
@as_json
def rooms(
    world: str,
    names: tuple[str, ...],
    cluster: str | None,
    opened: bool,
    walkers: int,
    edit: bool,
    as_json: bool,
) -> None:
    """Open a room for each NAME, each with a copy of the piece WORLD, until Ctrl-C.

    Prints where each is, and again when one was begun anew on another machine. Needs isobath[cluster].
    """
    from dataclasses import asdict

    from isobath.errors import UsageError
    from isobath.library.home import find_home
    from isobath.library.library import Library
    from isobath.server.cluster import Cluster, Place, Plan, need_ray

    need_ray()
    if len(set(names)) < len(names):
        raise UsageError("Two rooms have the same name. Give each its own.")
    library = Library.open(find_home())
    try:
        piece = library.export(library.own(find_piece(library, world)), __version__)
    finally:
        library.close()
    host = None if opened or cluster is not None else "127.0.0.1"
    plans = [Plan(name, piece, walkers, edit, opened, host) for name in names]
    running = Cluster(plans, cluster)
    told: dict[str, Place | str] = {}
    try:
        while True:
            for name, place in running.places().items():
                if told.get(name) == place:
                    continue
                told[name] = place
                if isinstance(place, str):
                    click.echo(place, err=True)
                elif as_json:
                    print_json(asdict(place))
                else:
                    click.echo(f"{name}, on {place.machine}")
                    click.echo(f"  for you:     {place.host}")
                    click.echo(f"  for walkers: {place.walkers}")
            sys.stdout.flush()
            time.sleep(LOOK_SECONDS)
    except KeyboardInterrupt:
        pass
    finally:
        running.close()
