"""How a piece lies in the database: a light body for each revision, heavy parts once.

Takes and fitted mappings make up nearly all of a piece's bytes and hardly ever change, while
every touched slider is a revision. So they are cut out and kept under the hash of their content.
"""

import hashlib
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

import msgspec

from isobath.errors import PieceDamaged, PieceNewer
from isobath.protocol.messages import PieceSummary
from isobath.protocol.piece import PIECE_FORMAT, MappingData, Piece, Scene, Take, Voice

VALID_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")

VALID_SOUND = re.compile(r"[0-9a-f]{64}")

Hash = bytes
"""SHA-256 of a part, 32 bytes."""


class Body(msgspec.Struct, frozen=True, kw_only=True):
    """A revision: the piece without takes, scenes and fitted mappings, and the hashes of those."""

    piece: Piece
    takes: tuple[Hash, ...]
    fitted: tuple[tuple[Hash | None, Hash | None], ...]
    """Per voice: `fitted` and `fitted_other`."""
    scenes: tuple[Hash, ...] = ()


@dataclass(frozen=True)
class Packed:
    """A piece as rows."""

    body: bytes
    """Compressed."""
    parts: Mapping[Hash, bytes]
    """Not compressed: most of them are in the database already."""


MOST_AXES = 64
MOST_VOICES = 64
MOST_CONTROLLERS = 1024
"""Inputs and triggers."""
MOST_SCENES = 256
MOST_LETTERS = 1000
"""Of a piece's name."""


def _finite(values: object) -> bool:
    """Whether all numbers inside are finite. JSON has none that are not: they would not come back."""
    if isinstance(values, tuple | list):
        return all(map(_finite, values))
    if isinstance(values, dict):
        return all(map(_finite, values.values()))
    if isinstance(values, msgspec.Struct):
        return all(_finite(getattr(values, name)) for name in values.__struct_fields__)
    return not isinstance(values, float) or abs(values) < float("inf")


def check(piece: Piece) -> None:
    """Refuse what could not be opened again.

    Raises:
        PieceNewer: a format this Isobath does not know.
        PieceDamaged: an unusable id, a number that is none, or far more than can be played.
    """
    if piece.format > PIECE_FORMAT:
        raise PieceNewer(
            f'"{piece.name}" was made by a newer Isobath (format {piece.format}, this one knows '
            f"{PIECE_FORMAT}). Update Isobath to open it."
        )
    if not VALID_ID.fullmatch(piece.id):
        raise PieceDamaged(
            f'"{_short(piece.name)}" has no usable id. Export it from the page and import it again.'
        )
    for voice in piece.voices:
        for demonstration in voice.demonstrations:
            if not (_finite(demonstration.point) and _finite(demonstration.latent)):
                raise PieceDamaged(
                    f'The demonstration "{demonstration.label or demonstration.id}" holds a value that is '
                    "not a number, so it was not saved. Undo it, or place it again."
                )
        if not _finite(voice.shaping):
            raise PieceDamaged(
                f"The sliders of the voice on {voice.model} hold a value that is not a number, so the change "
                "was not saved. Reset the slider."
            )
        _check_sound(f"The voice on {voice.model}", voice.source.sound)
    for take in piece.takes:
        _check_take(take)
    for landmark in () if piece.world is None else piece.world.landmarks:
        if landmark.carries is not None:
            _check_sound(f'The landmark "{landmark.label or landmark.id}"', landmark.carries.sound)
    if not _finite(msgspec.structs.replace(piece, takes=())):
        raise PieceDamaged(
            f'Something in "{_short(piece.name)}" holds a value that is not a number, so the change was not '
            "saved. Undo it."
        )
    for what, found, most in (
        ("axes", len(piece.axes), MOST_AXES),
        ("voices", len(piece.voices), MOST_VOICES),
        ("controllers", len(piece.inputs) + len(piece.triggers), MOST_CONTROLLERS),
        ("scenes", len(piece.scenes), MOST_SCENES),
        ("letters in its name", len(piece.name), MOST_LETTERS),
    ):
        if found > most:
            raise PieceDamaged(
                f'"{_short(piece.name)}" has {found} {what}; {most} is the most. The change was not saved.'
            )


def _check_sound(owner: str, sound: str | None) -> None:
    """The id becomes the name of a file, so it must be nothing else."""
    if sound is not None and not VALID_SOUND.fullmatch(sound):
        raise PieceDamaged(
            f'{owner} names a sound "{_short(sound)}", which is no id of a sound. Choose the sound again.'
        )


def _check_take(take: Take) -> None:
    _check_sound(f'The take "{take.name}"', take.input)
    if not _finite(take.points):
        raise PieceDamaged(f'The take "{take.name}" holds a value that is not a number. Record it again.')
    forward = all(a <= b for a, b in pairwise((0, *take.frames)))
    if take.hop < 1 or take.sample_rate < 1 or take.length < 0 or not forward:
        raise PieceDamaged(f'The take "{take.name}" has a time that runs backwards. Record it again.')
    if len(take.frames) != len(take.points) or any(len(row) != len(take.axes) for row in take.points):
        raise PieceDamaged(f'The take "{take.name}" has times without places. Record it again.')


def _short(name: str) -> str:
    return name if len(name) <= 60 else name[:57] + "..."


def pack(piece: Piece) -> Packed:
    """Cut a piece into its body and parts."""
    parts: dict[Hash, bytes] = {}

    def cut(value: Take | Scene | MappingData | None) -> Hash | None:
        if value is None:
            return None
        raw = msgspec.msgpack.encode(value)
        name = hashlib.sha256(raw).digest()
        parts[name] = raw
        return name

    takes = tuple(name for take in piece.takes if (name := cut(take)) is not None)
    fitted = tuple((cut(voice.fitted), cut(voice.fitted_other)) for voice in piece.voices)
    voices = tuple(msgspec.structs.replace(voice, fitted=None, fitted_other=None) for voice in piece.voices)
    scenes = tuple(name for scene in piece.scenes if (name := cut(scene)) is not None)
    bare = msgspec.structs.replace(piece, takes=(), scenes=(), voices=voices)
    body = Body(piece=bare, takes=takes, fitted=fitted, scenes=scenes)
    return Packed(zlib.compress(msgspec.msgpack.encode(body), 1), parts)


def unpack_body(body: bytes) -> tuple[Body, int]:
    """Read a body; and how many bytes it has unpacked.

    Raises:
        PieceDamaged: it is not one.
    """
    try:
        raw = zlib.decompress(body)
        return msgspec.msgpack.decode(raw, type=Body), len(raw)
    except (zlib.error, msgspec.DecodeError) as error:
        raise PieceDamaged(f"This revision of the piece cannot be read ({error}).") from error


def parts_of(body: Body) -> Iterator[Hash]:
    """The hashes of all parts a body needs."""
    yield from body.takes
    yield from body.scenes
    for pair in body.fitted:
        yield from (name for name in pair if name is not None)


class Parts:
    """Parts as the objects they were cut out of, each made once: the steps of a history share them."""

    def __init__(self, fetch: Callable[[Hash], bytes | None]) -> None:
        self._fetch = fetch
        self._made: dict[Hash, Take | Scene | MappingData] = {}
        self._sizes: dict[Hash, int] = {}

    def take(self, name: Hash) -> Take:
        """Raises KeyError, ValueError, zlib.error or msgspec.DecodeError."""
        if name not in self._made:
            self._made[name] = msgspec.msgpack.decode(self._raw(name), type=Take)
        made = self._made[name]
        assert isinstance(made, Take)
        return made

    def scene(self, name: Hash) -> Scene:
        """Raises KeyError, ValueError, zlib.error or msgspec.DecodeError."""
        if name not in self._made:
            self._made[name] = msgspec.msgpack.decode(self._raw(name), type=Scene)
        made = self._made[name]
        assert isinstance(made, Scene)
        return made

    def mapping(self, name: Hash | None) -> MappingData | None:
        """Raises KeyError, ValueError, zlib.error or msgspec.DecodeError."""
        if name is None:
            return None
        if name not in self._made:
            self._made[name] = msgspec.msgpack.decode(self._raw(name), type=MappingData)
        made = self._made[name]
        assert isinstance(made, dict)
        return made

    def _raw(self, name: Hash) -> bytes:
        found = self._fetch(name)
        if found is None:
            raise KeyError(name)
        raw = zlib.decompress(found)
        self._sizes[name] = len(raw)
        return raw

    def size(self, body: Body) -> int:
        """Bytes that the parts of a body take when they travel; only after they were made."""
        return sum(self._sizes.get(name, 0) for name in parts_of(body))


def assemble(body: Body, parts: Parts) -> Piece:
    """Put a piece together again.

    Raises:
        PieceDamaged: a part is missing or broken.
    """
    try:
        takes = tuple(parts.take(name) for name in body.takes)
        scenes = tuple(parts.scene(name) for name in body.scenes)
        voices: list[Voice] = []
        for voice, (first, other) in zip(body.piece.voices, body.fitted, strict=True):
            fitted, second = parts.mapping(first), parts.mapping(other)
            voices.append(msgspec.structs.replace(voice, fitted=fitted, fitted_other=second))
    except (KeyError, ValueError, zlib.error, msgspec.DecodeError) as error:
        raise PieceDamaged(f'A part of "{body.piece.name}" is missing or broken.') from error
    return msgspec.structs.replace(body.piece, takes=takes, scenes=scenes, voices=tuple(voices))


def summarise(piece: Piece, *, created: float, changed: float) -> PieceSummary:
    """The piece's line in the list."""
    return PieceSummary(
        id=piece.id,
        name=piece.name,
        about=piece.about,
        models=tuple(dict.fromkeys(voice.model for voice in piece.voices if voice.model)),
        demonstrations=sum(len(voice.demonstrations) for voice in piece.voices),
        takes=len(piece.takes),
        world=piece.world is not None,
        created=created,
        changed=changed,
    )
