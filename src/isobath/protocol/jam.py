"""A jam in the page: the page keeps the clock that is heard, and asks for each answer.

The page asks half a sixteenth before the bar line, with what was played; the answer says what to play, in
sixteenths from the bar line. What is not there by then, the page does not wait for.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

JamMode = Literal["trade", "follow", "lead", "machines", "loop", "morph"]
Step = Annotated[int, Meta(ge=0, le=63)]
Place = Annotated[tuple[Annotated[tuple[float, ...], Meta(max_length=1024)], ...], Meta(max_length=16)]


class JamHit(msgspec.Struct, frozen=True, kw_only=True):
    """A hit of drums."""

    step: Step
    piece: Annotated[int, Meta(ge=0, le=8)]
    """kick, snare, closed and open hi-hat, low, mid and high tom, crash, ride."""
    velocity: Annotated[float, Meta(ge=0, le=1)]
    offset: Annotated[float, Meta(ge=-1, le=1)] = 0.0
    """Half steps early: it sounds at `step - offset / 2`."""


class JamPhrase(msgspec.Struct, frozen=True, kw_only=True):
    """Bars: of drums by their hits, of a melody by a token for each step."""

    steps: Annotated[int, Meta(ge=16, le=64)]
    hits: Annotated[tuple[JamHit, ...], Meta(max_length=576)] = ()
    tokens: Annotated[tuple[Annotated[int, Meta(ge=0, le=89)], ...], Meta(max_length=64)] = ()
    """0 goes on, 1 note-off, 2 to 89 an onset of MIDI pitch 21 to 108; empty: drums."""


class JamSetting(msgspec.Struct, frozen=True, kw_only=True):
    """How a jam answers; ranges as in `isobath.symbolic.jam.JamSettings`."""

    mode: JamMode = "trade"
    bars: Literal[1, 2, 4] = 2
    bpm: Annotated[float, Meta(ge=40, le=300)] = 110.0
    changed_hits: Annotated[float, Meta(ge=0, le=64)] = 6.0
    lead: Annotated[float, Meta(ge=0, le=1)] = 0.0
    density: Annotated[float, Meta(ge=-64, le=64)] = 0.0
    velocity: Annotated[float, Meta(ge=-1, le=1)] = 0.0
    offset: Annotated[float, Meta(ge=-1, le=1)] = 0.0
    pitch: Annotated[float, Meta(ge=-48, le=48)] = 0.0
    morph_phrases: Annotated[int, Meta(ge=2, le=64)] = 4


class JamAsk(msgspec.Struct, frozen=True, kw_only=True):
    """Body of POST /jam/answer."""

    session: Annotated[str, Meta(min_length=1, max_length=64)]
    """Of the page, any word: answers of a session know the ones before."""
    model: Annotated[str, Meta(max_length=100)] = "drums-2"
    who: Literal["machine", "second"] = "machine"
    settings: JamSetting
    phrase: JamPhrase | None = None
    """What is answered; none: from the last answer on, or from nothing."""
    other: JamPhrase | None = None
    """The other end of a morph,"""
    share: Annotated[float, Meta(ge=0, le=1)] = 0.0
    """and how far on the way there."""
    ahead: bool = False
    """Asked before the phrase is whole, to see what comes: answered as it would be, and forgotten."""


class JamAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Answer of POST /jam/answer and of /jam/phrase."""

    phrase: JamPhrase
    place: Place = ()
    """Latents that it was made of, one for each part that the model hears at once."""
    seen: tuple[tuple[float, float, float], ...] = ()
    """Where these are in the view."""
    heard: Place = ()
    """Latents of what was answered,"""
    heard_seen: tuple[tuple[float, float, float], ...] = ()
    """and where they are in the view."""
    milliseconds: float = 0.0
    """That thinking took."""


class JamPlace(msgspec.Struct, frozen=True, kw_only=True):
    """Body of POST /jam/phrase: a place to hear."""

    model: Annotated[str, Meta(max_length=100)] = "drums-2"
    place: Place


class JamModel(msgspec.Struct, frozen=True, kw_only=True):
    """A model of bars, in GET /jam/models."""

    name: str
    kind: Literal["drums", "melody"]
    bars: int
    dims: int
    attributes: tuple[str, ...]


class JamSpace(msgspec.Struct, frozen=True, kw_only=True):
    """Answer of GET /jam/space?model=NAME: training phrases in the view, whose distances are the latent's."""

    model: str
    phrases: tuple[tuple[float, float, float], ...]
    places: tuple[tuple[float, ...], ...]
    """The latents of the same phrases."""
    shares: tuple[float, float, float]
    """Of the variance that each direction of the view shows."""
    reach: tuple[tuple[float, float], ...] = ()
    """Pairs: so many hits differ on average at such a distance."""
