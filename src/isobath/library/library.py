"""The library as one thing: opened once, closed once."""

import sqlite3
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO, Self

import msgspec

from isobath.errors import PieceDamaged, SaveError
from isobath.library import exchange, history
from isobath.library.backup import back_up, open_or_recover
from isobath.library.bars import bars_listed
from isobath.library.examples import copy_of, examples, is_example, read_example
from isobath.library.foreign import ForeignModels, is_voice, summary_of
from isobath.library.home import Home
from isobath.library.models import Models
from isobath.library.pieces import Pieces, fresh_id
from isobath.library.sounds import Sounds
from isobath.protocol.messages import ModelSummary, PieceSummary
from isobath.protocol.piece import Axis, Pad, Piece, Voice


def blank(name: str, model: str, id: str | None = None) -> Piece:
    """A piece to begin with: two axes on one pad, and one voice."""
    return Piece(
        id=id or fresh_id(),
        name=name,
        axes=(Axis(id="x", name="x"), Axis(id="y", name="y")),
        pads=(Pad(x="x", y="y"),),
        voices=(Voice(id="v1", model=model),),
    )


@dataclass(frozen=True)
class Library:
    """Pieces, models and sounds of one person on one machine."""

    home: Home
    pieces: Pieces
    models: Models
    sounds: Sounds
    notes: tuple[str, ...]
    """Sentences about what happened on opening, such as a backup taking the place of a damaged file."""
    connection: sqlite3.Connection = field(repr=False)

    @classmethod
    def open(cls, home: Home) -> Self:
        """Open the library, recovering it if need be, and copy it to the backups.

        Raises:
            SaveError: the folder cannot be made or the database not opened.
            PieceNewer: the library was written by a newer Isobath.
        """
        home.make()
        for left in (*home.incoming.glob("*.part"), *home.incoming.glob("stage-*")):
            left.unlink(missing_ok=True)
        connection, notes = open_or_recover(home)
        library = cls(home, Pieces(connection), Models(home), Sounds(home), notes, connection)
        with suppress(SaveError):  # no room for a copy is no reason not to play
            library.back_up()
        return library

    def back_up(self) -> None:
        """Copy the database to the backups if anything has changed.

        Raises:
            SaveError: the disk refuses.
        """
        self.pieces.alone(lambda connection: back_up(connection, self.home))

    def close(self) -> None:
        """Put the log into the database and let go of it."""
        self.pieces.alone(lambda connection: connection.close())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def list(self, *, trash: bool = False) -> tuple[PieceSummary, ...]:
        """The person's pieces, the newest first, then the examples."""
        return (*self.pieces.list(trash=trash), *examples())

    def own(self, id: str) -> str:
        """The id under which a piece is opened: an example becomes a fresh copy.

        Raises:
            SaveError: the disk refuses the copy.
        """
        if is_example(id) and not self.pieces.holds(id):
            return self.pieces.add(copy_of(id), "Open example").id
        return id

    def read(self, id: str) -> Piece:
        """A piece or an example, as it stands.

        Raises:
            PieceUnknown: no such piece.
        """
        return read_example(id) if is_example(id) and not self.pieces.holds(id) else self.pieces.read(id)

    def new(self, name: str, model: str | None = None) -> Piece:
        """A fresh piece in the library; without a model named, on the first there is.

        Raises:
            ModelUnknown: no model of that name.
            SaveError: the disk refuses.
        """
        if model is None:
            model = next((each.name for each in self.models.all()), "")
        elif all(each.name != model for each in self.playable()):
            model = self.models.get(model).summary.name
        return self.pieces.add(blank(name, model))

    def playable(self) -> tuple[ModelSummary, ...]:
        """Every model that can be a voice: ours, those of other programs, then models of bars. Who was here
        first has the name."""
        foreign = ForeignModels(self.home, self.models).all()
        sounding = (
            *self.models.all(),
            *(summary_of(f.description) for f in foreign if is_voice(f.description)),
        )
        taken = {each.name for each in sounding}
        return (*sounding, *(each for each in bars_listed() if each.name not in taken))

    def duplicate(self, id: str, name: str | None = None) -> Piece:
        """A copy of a piece or example.

        Raises:
            PieceUnknown: no such piece.
            SaveError: the disk refuses.
        """
        original = self.read(id)
        named = msgspec.structs.replace(original, id=fresh_id(), name=name or f"{original.name} copy")
        return self.pieces.add(named, "Duplicate")

    def empty_trash(self) -> int:
        """Take every piece in the trash out for good, and the sounds that nothing names any more; how many
        pieces.

        Raises:
            SaveError: the disk refuses.
        """
        count = self.pieces.empty_trash()
        with suppress(PieceDamaged):  # rather keep a sound too many
            self.sounds.keep_only(self.pieces.alone(history.sounds_named))
        return count

    def export(self, id: str, version: str, *, whole: bool = False) -> bytes:
        """A piece as one file; `whole`: with the models that come with Isobath, too.

        Raises:
            PieceUnknown: no such piece.
        """
        return exchange.export(self.read(id), self.models, version, self.sounds, whole=whole)

    def import_(self, source: IO[bytes]) -> tuple[Piece, tuple[str, ...]]:
        """Take in a piece from a file; sentences say what it lacks.

        Raises:
            PieceDamaged, PieceNewer: not a piece this Isobath can open.
            SaveError: the disk refuses.
        """
        piece, notes = exchange.import_(source, self.models, self.sounds)
        return self.pieces.add(piece, "Import"), notes
