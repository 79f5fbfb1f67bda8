"""A jam in the page: the page keeps the clock that is heard, and asks for each answer.

The page asks half a sixteenth before the bar line, with what was played; the answer says what to play, in
sixteenths from the bar line. What is not there by then, the page does not wait for.

Sessions are kept by the server: GET /jam/sessions lists them, GET and POST /jam/sessions/ID read and write
one, POST /jam/sessions/ID/delete forgets it, and GET /jam/sessions/ID/human.mid, machine.mid, both.mid and
sound.wav are files to take away.
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
    last: Place = ()
    """Where this player was last, in a session that goes on; heeded where the server does not know better."""


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
    mean: tuple[float, ...] = ()
    """Latent in the middle of the view,"""
    view: tuple[tuple[float, ...], ...] = ()
    """and its three directions: what is seen of a latent is `view @ (latent - mean)`."""
    reach: tuple[tuple[float, float], ...] = ()
    """Pairs: so many hits differ on average at such a distance."""


class JamStretch(msgspec.Struct, frozen=True, kw_only=True):
    """From this position (sixteenths) on, at this time, a session's clock goes at this tempo. Second 0 is the
    beginning of its count-in, position 0 the bar line after it."""

    position: float
    seconds: float
    bpm: float


class JamPlayed(msgspec.Struct, frozen=True, kw_only=True):
    """A note as the human played it."""

    position: float
    """Sixteenths, whole or not."""
    pitch: Annotated[int, Meta(ge=0, le=127)]
    """Of MIDI; a piece of the kit is by the first pitch that General MIDI has for it."""
    velocity: Annotated[float, Meta(ge=0, le=1)]
    length: float = -1.0
    """Sixteenths; under 0: not known."""


class JamTurn(msgspec.Struct, frozen=True, kw_only=True):
    """A phrase of a session."""

    who: Literal["human", "machine", "second"]
    position: float
    phrase: JamPhrase
    place: Place = ()
    """Its latents; empty: not known."""
    repeated: bool = False
    """The answer was late, so the one before was played again."""


class JamSession(msgspec.Struct, frozen=True, kw_only=True):
    """Body of POST /jam/sessions/ID, and answer of GET: a whole session. Whoever goes on with one begins the
    clock at the bar line after its last turn, and writes all of it again."""

    name: Annotated[str, Meta(max_length=200)] = ""
    """Empty: told by when it was kept."""
    model: Annotated[str, Meta(max_length=100)] = "drums-2"
    settings: JamSetting
    clock: Annotated[tuple[JamStretch, ...], Meta(min_length=1, max_length=20000)]
    played: Annotated[tuple[JamPlayed, ...], Meta(max_length=100000)] = ()
    turns: Annotated[tuple[JamTurn, ...], Meta(max_length=20000)] = ()
    missed: Annotated[int, Meta(ge=0)] = 0
    latent: Annotated[tuple[Literal["human", "machine", "second"], ...], Meta(max_length=3)] = ()
    """Players whose instruments are the models `drums` and `guitar`, not our own kit and string."""


class JamSessionKept(msgspec.Struct, frozen=True, kw_only=True):
    """A line of GET /jam/sessions, the newest first, and answer of POST /jam/sessions/ID."""

    id: str
    name: str
    model: str
    kind: Literal["drums", "melody"]
    bpm: float
    phrases: int
    """Of both."""
    seconds: float
    """How long it lasts, count-in included."""
    at: float
    """When it was kept, seconds since 1970."""
