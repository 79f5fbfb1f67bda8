"""`isobath play`: the instrument in the browser."""

import os
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from isobath import __version__
from isobath.cli.doors import Doors, doors
from isobath.cli.telling import as_json, print_json

if TYPE_CHECKING:
    from isobath.library.library import Library
    from isobath.server.rooms import RoomAsked
    from isobath.server.stage import Stage


Command = TypeVar("Command", bound=Callable[..., object])

PAGE = (
    click.option("--browser/--no-browser", default=True, help="Open the browser, or only print the link."),
    click.option(
        "--port",
        type=click.IntRange(0, 65535),
        help="Port to listen on; 0 takes any free one. Default: 4600, or the next that is free.",
    ),
    click.option(
        "--host",
        default="127.0.0.1",
        show_default=True,
        help="Address to listen on. Any other than this machine's own lets others in who have the link.",
    ),
    click.option(
        "--osc", metavar="HOST:PORT", help="Send what is heard to another program, as OSC over UDP."
    ),
    click.option(
        "--phone",
        is_flag=True,
        help="Let phones in this network in, encrypted, by the QR code that is shown.",
    ),
)
"""Of every command that opens the page."""


def page_options(command: Command) -> Command:
    """Give a command the options of the page: browser, port, host, osc, phone."""
    for option in reversed(PAGE):
        command = option(command)
    return command


@click.command()
@click.argument("piece", required=False)
@page_options
@click.option(
    "--midi-out",
    metavar="PORT",
    help="Send what is heard as MIDI to the port with this in its name, or to a new one of this name.",
)
@click.option(
    "--wekinator",
    is_flag=True,
    help="Let a patch made for Wekinator play: inputs on port 6448, outputs to port 12000.",
)
@click.option(
    "--gestures",
    type=click.Path(path_type=Path),
    help="File of recorded gestures that the patch's messages fill, or a Wekinator project with some; with "
    "--wekinator.",
)
@doors()
@as_json
def play(
    piece: str | None,
    browser: bool,
    port: int | None,
    host: str,
    osc: str | None,
    phone: bool,
    midi_out: str | None,
    wekinator: bool,
    gestures: Path | None,
    doors: Doors,
    as_json: bool,
) -> None:
    """Open the instrument in the browser.

    PIECE is the name or id of a piece or an example; without it, the one played last is opened.
    Prints one line with the link, which lets one browser in; after it is used the next link is
    printed. Ctrl-C ends it; everything is saved at all times.
    """
    how = Opening(browser, port, host, osc, as_json, doors=doors, midi_out=midi_out, wekinator=wekinator)
    open_page(piece, replace(how, phone=phone, gestures=gestures))


@dataclass(frozen=True)
class RoomOpening:
    """Others walk here too."""

    name: str
    most: int = 200
    editing: bool = False


@dataclass(frozen=True)
class Opening:
    """How the page is opened, whichever way of playing it shows."""

    browser: bool
    port: int | None
    host: str
    osc: str | None
    as_json: bool
    way: str = ""
    """The way of playing that the page shows first, such as `walk`; empty: the surface."""
    doors: Doors = field(default_factory=Doors)
    """Which controllers are listened to."""
    midi_out: str | None = None
    """Port to which what is heard goes as MIDI."""
    wekinator: bool = False
    """Listen and speak as Wekinator does."""
    gestures: Path | None = None
    """File of recorded gestures."""
    stage: "Stage | None" = None
    """Plays already, and is ended with the page."""
    phone: bool = False
    """Phones in the network are let in; only they come in by `host`."""
    room: RoomOpening | None = None
    """Others may walk in its world."""


def open_page(piece: str | None, how: Opening) -> None:
    """Serve the page until Ctrl-C, and tell where it is.

    Raises:
        PieceUnknown: no piece of that name or id.
    """
    from isobath.library.home import find_home
    from isobath.outputs.midi import open_midi
    from isobath.outputs.osc import OscOutput, read_address
    from isobath.outputs.outlet import Outlet, Outlets
    from isobath.server.phone import in_terminal
    from isobath.server.run import Doorway, Links, is_local, open_phone_door, serve
    from isobath.server.wekinator import WekinatorDoor

    controllers = how.doors.open()
    door = None
    if how.wekinator:
        door = WekinatorDoor(controllers, lambda said: click.echo(said, err=True), gestures=how.gestures)
    outlets: list[Outlet] = [] if how.osc is None else [OscOutput(*read_address(how.osc))]
    if how.midi_out is not None:
        outlets.append(open_midi(how.midi_out))
    output = Outlets(outlets) if outlets else None
    home = find_home()
    phone = open_phone_door(home, how.host) if how.phone else None
    host = how.host if phone is None else "127.0.0.1"
    if not is_local(host):
        click.echo(
            "Others in your network can reach this Isobath. The link is the key: whoever has it can play, "
            "change and delete your pieces, and the connection is not encrypted.",
            err=True,
        )

    def wanted(library: "Library") -> str:
        opened = "" if piece is None else f"&piece={find_piece(library, piece)}"
        return opened + (f"&way={how.way}" if how.way else "")

    def ready(links: Links, library: "Library") -> None:
        for note in library.notes:
            click.echo(note, err=True)
        programs = None if controllers.key is None else program_address(links.page, controllers.key)
        if how.as_json:
            told = {"url": links.page, "programs": programs, "phone": links.phone}
            print_json({name: value for name, value in told.items() if value is not None})
        else:
            click.echo(f"Isobath plays at {links.page}")
            if programs is not None:
                click.echo(f"For programs: {programs}")
            _show_phone(links.phone)
        sys.stdout.flush()
        if how.browser and _has_screen():
            threading.Thread(target=_open_browser, args=(links.page,), daemon=True).start()

    def room_in(library: "Library") -> "RoomAsked":
        from isobath.server.rooms import RoomAsked

        nonlocal piece
        assert how.room is not None
        assert piece is not None  # a walk has a world
        piece = library.own(find_piece(library, piece))
        return RoomAsked(how.room.name, piece, how.room.most, how.room.editing)

    def invited(links: Links) -> None:
        if how.as_json:
            print_json({"walkers": links.widest})
        else:
            if links.phone is not None:
                click.echo(f"\n{in_terminal(links.phone)}")
            click.echo(f"For walkers: {links.widest}")
        sys.stdout.flush()

    def renewed(links: Links) -> None:
        if not how.as_json:
            click.echo(f"For another browser: {links.page}")
            _show_phone(links.phone)
            sys.stdout.flush()

    try:
        doorway = Doorway(host, how.port)
        room = None if how.room is None else room_in
        serve(
            home,
            doorway,
            __version__,
            ready,
            renewed,
            output,
            controllers,
            how.stage,
            phone,
            wanted,
            room,
            invited,
            (sys.stdin, click.echo) if room is not None and sys.stdin.isatty() else None,
        )
    finally:
        if door is not None:
            door.close()


def _show_phone(link: str | None) -> None:
    """The code to scan, and the link it holds."""
    from isobath.server.phone import in_terminal

    if link is not None:
        click.echo(f"\n{in_terminal(link)}\nFor a phone: {link}")


def program_address(url: str, key: str) -> str:
    """Where a program comes in, beside the page at `url`."""
    return f"ws://{url.partition('://')[2].partition('/')[0]}/controllers?key={key}"


def find_piece(library: "Library", wanted: str) -> str:
    """The id of the piece with this id or name, examples included.

    Raises:
        PieceUnknown: there is none.
    """
    from isobath.errors import PieceUnknown

    found = library.list()
    for same in (
        [each.id for each in found if each.id == wanted],
        [each.id for each in found if each.name.casefold() == wanted.casefold()],
    ):
        if same:
            return same[0]
    names = ", ".join(f'"{each.name}"' for each in found) or "none yet"
    raise PieceUnknown(f'There is no piece "{wanted}" in the library. There is: {names}.')


def _has_screen() -> bool:
    """Whether a browser would have somewhere to appear; a text browser would take the terminal."""
    if sys.platform in {"darwin", "win32"}:
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))


def _open_browser(url: str) -> None:
    import webbrowser

    webbrowser.open(url)
