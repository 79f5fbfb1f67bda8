"""`isobath walk`: the instrument in the browser, opened as a world."""

import click

from isobath.cli.doors import Doors, doors
from isobath.cli.play import Opening, RoomOpening, open_page, page_options
from isobath.cli.telling import as_json

FIRST_WALK = "example-walk-1"


@click.command()
@click.argument("world", required=False)
@click.option("--room", metavar="NAME", help="Let others walk here too; prints an invitation for them.")
@click.option(
    "--open",
    "opened",
    is_flag=True,
    help="--room: walkers come from the network, too, by the door for phones (--phone).",
)
@click.option(
    "--walkers", type=click.IntRange(1, 500), default=200, show_default=True, help="--room: that fit in."
)
@click.option("--edit", is_flag=True, help="--room: walkers may change the piece, too.")
@page_options
@doors()
@as_json
def walk(
    world: str | None,
    room: str | None,
    opened: bool,
    walkers: int,
    edit: bool,
    browser: bool,
    port: int | None,
    host: str,
    osc: str | None,
    phone: bool,
    doors: Doors,
    as_json: bool,
) -> None:
    """Walk through a latent space in the browser.

    WORLD is the name or id of a piece or an example; without it, the first of the three soundwalks of
    paper 004 is opened, as a copy. Any piece with two axes or more can be made into a world.
    """
    if room is None and (opened or edit):
        raise click.UsageError("--open and --edit belong to a room. Give it a name with --room.")
    asked = None if room is None else RoomOpening(room, walkers, edit)
    how = Opening(
        browser, port, host, osc, as_json, way="walk", doors=doors, phone=phone or opened, room=asked
    )
    open_page(world or FIRST_WALK, how)
