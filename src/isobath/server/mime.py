"""Play-along over the socket: what a page mimed, and what was heard, become demonstrations."""

import secrets
from collections.abc import Callable

import numpy as np

from isobath.engine.apart import statistics_of
from isobath.engine.takes import TakeReader
from isobath.engine.voices import voices_of
from isobath.errors import PieceError
from isobath.gesture.miming import Floats, LatentAt, mimed
from isobath.models.coder import Model
from isobath.protocol.messages import Mime, Mimed
from isobath.protocol.piece import Demonstration, Piece

COLOUR = "#9ad4b0"


def mime(piece: Piece, asked: Mime, load: Callable[[str], Model]) -> Mimed:
    """Demonstrations of what was mimed.

    Raises:
        PieceError: the voice or the take is not there, or points and axes do not belong together.
    """
    voice = next((each for each in piece.voices if each.id == asked.voice), None)
    if voice is None:
        raise PieceError("This voice is no longer in the piece, so nothing can be shown to it.")
    axes = len(piece.axes)
    if len(asked.seconds) != len(asked.points) or any(len(row) != axes for row in asked.points):
        raise PieceError(f"What was mimed does not fit the {axes} axes of the piece. Mime it again.")
    points = np.nan_to_num(np.array(asked.points, dtype=np.float64).reshape(-1, axes), nan=0.5)
    seconds = np.nan_to_num(np.array(asked.seconds, dtype=np.float64))
    if np.any(np.diff(seconds) < 0.0):
        raise PieceError("The times of what was mimed run backwards. Mime it again.")
    latent_at, duration, model = _take(piece, asked, load) if asked.take else _sound(asked, load(voice.model))
    spread = statistics_of(model)[1].astype(np.float64)
    found = mimed(seconds, points, duration, latent_at, spread, asked.most)
    demonstrations = tuple(
        Demonstration(
            id=secrets.token_urlsafe(9),
            point=tuple(map(float, point)),
            latent=tuple(map(float, latent)),
            label=f"{when:.1f} s",
            colour=COLOUR,
        )
        for point, latent, when in zip(found.points, found.latents, found.seconds, strict=True)
    )
    return Mimed(
        request=asked.request,
        demonstrations=demonstrations,
        lag_seconds=found.lag,
        conflicts=found.conflicts,
    )


def _take(piece: Piece, asked: Mime, load: Callable[[str], Model]) -> tuple[LatentAt, float, Model]:
    """What a voice played during a take."""
    take = next((each for each in piece.takes if each.id == asked.take), None)
    if take is None:
        raise PieceError("This take is no longer in the piece. Choose another one to play along with.")
    slot = next(i for i, each in enumerate(piece.voices) if each.id == asked.voice)
    if piece.voices[slot].source.kind != "gesture":
        raise PieceError(
            "This voice listens to a sound, so a take does not say what it plays. Set its source to gesture."
        )
    played = voices_of(piece, load)[slot]
    rate = played.model.sample_rate
    reader = TakeReader(take, piece.axes, rate, piece.takes)

    def latent_at(seconds: Floats) -> Floats:
        return np.array([played.latent(reader(max(0, int(each * rate)))) for each in seconds])

    return latent_at, reader.samples / rate, played.model


def _sound(asked: Mime, model: Model) -> tuple[LatentAt, float, Model]:
    """What was heard of a sound that the page has as latents."""
    given = asked.latents or b""
    rows = np.frombuffer(given[: len(given) // 4 * 4], dtype="<f4")
    frames = len(rows) // model.dims
    if frames == 0 or len(rows) != frames * model.dims or not np.isfinite(rows).all():
        raise PieceError(f"What was heard is no path through the {model.dims} dimensions of {model.name}.")
    path = rows.reshape(frames, model.dims).astype(np.float64)
    rate = asked.sample_rate / asked.hop

    def latent_at(seconds: Floats) -> Floats:
        at: Floats = path[np.clip((seconds * rate).astype(np.int64), 0, frames - 1)]
        return at

    return latent_at, frames / rate, model
