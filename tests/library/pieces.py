"""Small pieces to keep."""

from isobath.protocol.piece import Axis, Demonstration, Pad, Piece, Take, Voice


def piece(id="p1", name="Piece", about="", demonstrations=0, takes=0, fitted=None, model="guitar"):
    """A piece with so many demonstrations and takes."""
    return Piece(
        id=id,
        name=name,
        about=about,
        axes=(Axis(id="x", name="x"), Axis(id="y", name="y")),
        pads=(Pad(x="x", y="y"),),
        voices=(
            Voice(
                id="v",
                model=model,
                demonstrations=tuple(
                    Demonstration(
                        id=f"d{i}", point=(i / 10, 0.5), latent=(float(i), -1.0), label=f"sound {i}"
                    )
                    for i in range(demonstrations)
                ),
                fitted=fitted,
            ),
        ),
        takes=tuple(take(f"t{i}") for i in range(takes)),
    )


def take(id, rows=50):
    """A take of a slow circle's x."""
    return Take(
        id=id,
        name=f"Take {id}",
        hop=256,
        sample_rate=44100,
        length=rows,
        axes=("x", "y"),
        frames=tuple(range(rows)),
        points=tuple((i / rows, 0.1 + 0.7 * i / rows) for i in range(rows)),
    )
