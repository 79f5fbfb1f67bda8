"""A piece as one file, to keep or to give away: `NAME.isobath`.

A zip archive with `piece.json` (the piece as it stands, takes included, history left out),
`manifest.json` (what it was made with) and, for models that did not come with Isobath,
`models/SHA256.safetensors`; and the sounds its voices and takes
play with, `sounds/SHA256.flac`. Reading one writes nothing outside the library: entries are looked up
by name, never unpacked to a path, and every read is bounded.
"""

import hashlib
import io
import struct
import zipfile
import zlib
from collections.abc import Mapping
from typing import IO

import msgspec

from isobath.errors import AudioError, ModelError, PieceDamaged
from isobath.library.foreign import ForeignModels
from isobath.library.models import Models
from isobath.library.sounds import Sounds
from isobath.library.stored import check
from isobath.protocol.piece import Piece, SoundId

PIECE_BYTES = 256 * 1024 * 1024
"""Largest piece.json read."""

MODEL_BYTES = 256 * 1024 * 1024
"""Largest embedded model read."""

SOUND_BYTES = 256 * 1024 * 1024
"""Largest embedded sound read."""

TOTAL_BYTES = 1024 * 1024 * 1024
"""All that is read from one file."""

ENTRIES = 256
"""Most entries in a file."""


BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    KeyError,
    ValueError,
    RuntimeError,
    NotImplementedError,
    OverflowError,
    EOFError,
    OSError,
)
"""What Python's zipfile raises on archives that are damaged or made to do harm."""


class ModelNeeded(msgspec.Struct, frozen=True, kw_only=True):
    """A model that the piece plays."""

    name: str
    sha256: str
    """Empty if the model was not there when the piece was exported."""
    embedded: bool = False


class SoundNeeded(msgspec.Struct, frozen=True, kw_only=True):
    """A sound that the piece plays with."""

    id: SoundId
    embedded: bool = False


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a file holds and needs."""

    format: int = 1
    isobath: str = ""
    """Version that wrote it."""
    models: tuple[ModelNeeded, ...] = ()
    sounds: tuple[SoundNeeded, ...] = ()


def sounds_of(piece: Piece) -> tuple[SoundId, ...]:
    """The sounds that a piece's voices, takes and landmarks play with, each once."""
    sources = (voice.source.sound for voice in piece.voices)
    inputs = (take.input for take in piece.takes)
    landmarks = () if piece.world is None else piece.world.landmarks
    carried = (each.carries.sound for each in landmarks if each.carries is not None)
    return tuple(dict.fromkeys(each for each in (*sources, *inputs, *carried) if each is not None))


def export(piece: Piece, models: Models, version: str, sounds: Sounds, *, whole: bool = False) -> bytes:
    """The whole file as bytes; `whole`: with the models that come with Isobath, too.

    Raises:
        PieceDamaged: the piece holds a value that is not a number.
    """
    check(piece)
    needed: list[ModelNeeded] = []
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in dict.fromkeys(voice.model for voice in piece.voices):
            found = models.find(name)
            embed = found is not None and (whole or not found.summary.bundled)
            needed.append(
                ModelNeeded(name=name, sha256="" if found is None else found.summary.sha256, embedded=embed)
            )
            if found is not None and embed:
                archive.writestr(f"models/{found.summary.sha256}.safetensors", found.path.read_bytes())
        heard = tuple(SoundNeeded(id=id, embedded=sounds.holds(id)) for id in sounds_of(piece))
        for each in heard:
            if each.embedded:
                archive.write(sounds.path(each.id), f"sounds/{each.id}.flac", zipfile.ZIP_STORED)
        manifest = Manifest(isobath=version, models=tuple(needed), sounds=heard)
        archive.writestr("manifest.json", msgspec.json.encode(manifest))
        archive.writestr("piece.json", msgspec.json.encode(piece))
    return target.getvalue()


class _Bounded:
    """Reads entries of an archive and counts what it has read; a small file may unpack to terabytes."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._left = TOTAL_BYTES
        self._names = frozenset(archive.namelist())

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def read(self, name: str, limit: int) -> bytes:
        limit = min(limit, self._left)
        try:
            if self._archive.getinfo(name).compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
                raise NotImplementedError("compressed in an unusual way")
            with self._archive.open(name) as entry:
                data = entry.read(limit + 1)
        except BROKEN as error:
            raise PieceDamaged(
                f"The file is not a whole Isobath piece: {name} cannot be read ({error})."
            ) from error
        if len(data) > limit:
            raise PieceDamaged(f"{name} unpacks to more than {limit // 2**20} MB, so the file was refused.")
        self._left -= len(data)
        return data


def import_(source: IO[bytes], models: Models, sounds: Sounds) -> tuple[Piece, tuple[str, ...]]:
    """Read a piece from a file, and take in the models and sounds it brings along.

    Returns:
        The piece, and sentences about what is missing.

    Raises:
        PieceDamaged: not an Isobath piece, or more than the limits above.
        PieceNewer: written by a newer Isobath.
        SaveError: the disk refuses an embedded model or sound.
    """
    try:
        with zipfile.ZipFile(source) as archive:
            if len(archive.infolist()) > ENTRIES:
                raise PieceDamaged(f"The file has {len(archive.infolist())} entries; a piece has a few.")
            entries = _Bounded(archive)
            if "piece.json" not in entries:
                raise PieceDamaged("The file is an archive, but no Isobath piece: it has no piece.json.")
            piece = _decode(entries.read("piece.json", PIECE_BYTES))
            manifest = Manifest()
            if "manifest.json" in entries:
                manifest = msgspec.json.decode(entries.read("manifest.json", 2**20), type=Manifest)
            names, notes = _take_in(manifest, entries, models)
            notes += _take_in_sounds(piece, entries, sounds)
    except msgspec.DecodeError as error:
        raise PieceDamaged(f"The file's manifest cannot be read ({error}).") from error
    except BROKEN as error:
        raise PieceDamaged(
            "The file is not an Isobath piece, or a damaged one. Choose one that ends in .isobath."
        ) from error
    voices = tuple(msgspec.structs.replace(v, model=names.get(v.model, v.model)) for v in piece.voices)
    return msgspec.structs.replace(piece, voices=voices), notes


def _decode(text: bytes) -> Piece:
    """Raises PieceDamaged or PieceNewer."""
    try:
        found = msgspec.json.decode(text)
        if isinstance(found, dict) and isinstance(found.get("format"), int):
            # A newer piece may not even decode, so its format is looked at first.
            check(Piece(id="newer", name=str(found.get("name", "This piece")), format=found["format"]))
        piece = msgspec.convert(found, type=Piece)
    except msgspec.DecodeError as error:
        raise PieceDamaged(f"The piece cannot be read ({error}).") from error
    check(piece)
    return piece


def _take_in(
    manifest: Manifest, entries: _Bounded, models: Models
) -> tuple[Mapping[str, str], tuple[str, ...]]:
    """Install the models a file brings; which name each one has here, and what is missing."""
    names: dict[str, str] = {}
    notes: list[str] = []
    for needed in manifest.models:
        here = models.find(needed.name)
        same = models.with_content(needed.sha256)
        if same is not None:
            names[needed.name] = same.summary.name
        elif needed.embedded:
            data = entries.read(f"models/{needed.sha256}.safetensors", MODEL_BYTES)
            if hashlib.sha256(data).hexdigest() != needed.sha256:
                raise PieceDamaged(f"The model {needed.name} inside the file is damaged.")
            try:
                names[needed.name] = models.add(data).name
            except ModelError as error:
                notes.append(f"The model {needed.name} inside the file was left out: {error}")
        elif here is None and ForeignModels(models.home, models).find(needed.name) is None:
            notes.append(
                f"This piece plays the model {needed.name}, which is not here. "
                "Import the model, or choose another."
            )
        elif here is not None and needed.sha256 and here.summary.sha256 != needed.sha256:
            notes.append(
                f"The model {needed.name} here is another version than the piece was made with; "
                "it may sound different."
            )
    return names, tuple(notes)


def _take_in_sounds(piece: Piece, entries: _Bounded, sounds: Sounds) -> tuple[str, ...]:
    """Keep the sounds a file brings; sentences about those that are missing."""
    notes: list[str] = []
    for id in sounds_of(piece):
        name = f"sounds/{id}.flac"
        if sounds.holds(id):
            continue
        if name not in entries:
            notes.append("A sound that this piece plays with is not here. Choose another one as the source.")
            continue
        data = entries.read(name, SOUND_BYTES)
        if hashlib.sha256(data).hexdigest() != id:
            raise PieceDamaged("A sound inside the file is damaged.")
        try:
            sounds.adopt_bytes(data)
        except AudioError as error:
            notes.append(f"A sound inside the file was left out: {error}")
    return tuple(notes)
