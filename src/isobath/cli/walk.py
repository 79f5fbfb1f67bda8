"""`isobath walk`: the instrument in the browser, opened as a world."""

import click

from isobath.cli.doors import Doors, doors
from isobath.cli.play import Opening, open_page, page_options
from isobath.cli.telling import as_json

FIRST_WALK = "example-walk-1"


@click.command()
@click.argument("world", required=False)
@page_options
@doors()
@as_json
def walk(
    world: str | None,
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
    how = Opening(browser, port, host, osc, as_json, way="walk", doors=doors, phone=phone)
    open_page(world or FIRST_WALK, how)
