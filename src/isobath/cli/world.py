"""`isobath export-world`: a piece as a folder that needs no server."""

from pathlib import Path

import click

from isobath import __version__
from isobath.cli.play import find_piece
from isobath.cli.telling import as_json, print_json, size


@click.command("export-world")
@click.argument("piece")
@click.option(
    "-o",
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    help="Folder to write, or a file that ends in .zip.",
)
@as_json
def export_world(piece: str, out: Path, as_json: bool) -> None:
    """Write PIECE (a name or an id) as a folder that any web host serves.

    Page, kernel, models and piece: visitors walk and play it in their browsers, with no Isobath behind
    it. What they change stays in their browsers.
    """
    from isobath.library.files import write_whole
    from isobath.library.home import find_home
    from isobath.library.library import Library
    from isobath.server.alone import as_zip, export_alone, write_folder

    with Library.open(find_home()) as library:
        contents = export_alone(library, library.read(find_piece(library, piece)), __version__)
        if out.suffix == ".zip":
            data = as_zip(contents)
            write_whole(out, [data])
            written = len(data)
        else:
            written = write_folder(contents, out)
    if as_json:
        print_json({"path": str(out), "bytes": written})
    else:
        click.echo(f"{out} ({size(written)}). Look at it here: python -m http.server -d {out}")
