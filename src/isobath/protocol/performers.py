"""Several performers on one piece: who they are, and where their hands are.

Each page that has a piece open is a performer of it. The server gives each a number and a colour, and passes
hands on, 30 times a second at most. An axis is whose hand came first: until that one has let go, the others'
moves on it are not the piece's (`isobath.server.performers`).
"""

from typing import Annotated

import msgspec
from msgspec import Meta

HANDS_PER_SECOND = 30
"""At which hands are passed on, and the most that a page tells of its own."""

PERFORMER_NAME = 40
"""Characters of a performer's name; what is longer is cut."""

Place = Annotated[float, Meta(ge=0, le=1)]
"""Where an axis is."""


class PerformerHere(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who has the piece open."""

    number: int
    """From 1; whoever leaves makes room for it."""
    name: str
    colour: str
    """`#rrggbb`."""


class HandSeen(msgspec.Struct, frozen=True, kw_only=True):
    """Where somebody's hand is."""

    number: int
    axes: tuple[str, ...] = ()
    """Those it moves now and has for itself."""
    point: tuple[Place, ...] = ()
    """One value per axis of the piece, in its order."""
