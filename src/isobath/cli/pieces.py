"""`isobath pieces`: what a person has made, from the terminal."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from isobath import __version__
from isobath.cli.play import find_piece
from isobath.cli.telling import as_json, print_json, print_table, size

if TYPE_CHECKING:
    from isobath.library.library import Library


def _open_library() -> "Library":
    from isobath.library.home import find_home
    from isobath.library.library import Library

    return Library.open(find_home())


@click.group()
def pieces() -> None:
    """List, export, import and throw away pieces."""


@pieces.command("list")
@click.option("--trash", is_flag=True, help="Show those in the trash as well.")
@as_json
def list_pieces(trash: bool, as_json: bool) -> None:
    """List your pieces and the examples."""
    with _open_library() as library:
        found = library.list(trash=trash)
    if as_json:
        print_json(found)
        return
    print_table(
        ("id", "name", "models", "demonstrations", "takes", "changed", ""),
        [
            (
                p.id,
                p.name,
                " ".join(p.models),
                p.demonstrations,
                p.takes,
                _when(p.changed),
                _mark(p.example, p.trashed),
            )
            for p in found
        ],
    )


def _when(moment: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(moment)) if moment else "-"


def _mark(example: bool, trashed: bool) -> str:
    return "example" if example else "in the trash" if trashed else ""


@pieces.command("export")
@click.argument("piece")
@click.option(
    "-o",
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write. Default: NAME.isobath.",
)
@click.option("--whole", is_flag=True, help="With the models that come with Isobath, too.")
def export_piece(piece: str, out: Path | None, whole: bool) -> None:
    """Write PIECE (a name or an id) to one file, with the models that did not come with Isobath."""
    from isobath.library.files import write_whole

    with _open_library() as library:
        id = find_piece(library, piece)
        data = library.export(id, __version__, whole=whole)
        name = library.read(id).name
    target = out or Path("".join(c if c.isalnum() or c in " -_" else "-" for c in name).strip() + ".isobath")
    write_whole(target, [data])
    click.echo(f"{target} ({size(len(data))})")


@pieces.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@as_json
def import_piece(file: Path, as_json: bool) -> None:
    """Take a piece FILE (.isobath) into the library."""
    with _open_library() as library, file.open("rb") as source:
        piece, notes = library.import_(source)
    if as_json:
        print_json({"id": piece.id, "name": piece.name, "notes": notes})
        return
    click.echo(f'"{piece.name}" is now in the library; play it with: isobath play {piece.id}')
    for note in notes:
        click.echo(note, err=True)


@pieces.command("trash")
@click.argument("piece")
def trash_piece(piece: str) -> None:
    """Put PIECE (a name or an id) in the trash; `isobath pieces restore` takes it out again."""
    with _open_library() as library:
        id = find_piece(library, piece)
        library.pieces.trash(id)
    click.echo(f"In the trash. Take it out again with: isobath pieces restore {id}")


@pieces.command("restore")
@click.argument("piece_id")
def restore_piece(piece_id: str) -> None:
    """Take the piece with PIECE_ID out of the trash."""
    with _open_library() as library:
        library.pieces.restore(piece_id)
    click.echo("Restored.")


@pieces.command("empty-trash")
@click.option("--yes", is_flag=True, help="Do not ask first.")
def empty_trash(yes: bool) -> None:
    """Delete the pieces in the trash for good."""
    with _open_library() as library:
        names = [each.name for each in library.pieces.list(trash=True) if each.trashed]
        if not names:
            click.echo("The trash is empty.")
            return
        if not yes:
            shown = ", ".join(f'"{name}"' for name in names)
            click.confirm(f"Delete {shown} for good?", abort=True)
        count = library.empty_trash()
    click.echo(f"{count} deleted.")
