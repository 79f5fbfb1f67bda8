"""Every message between the page and the server.

The page is local-first: it keeps its own undo and redo stacks of whole pieces and plays on
without a server. What the person does is sent in order as `Change`, `Undo` and `Redo`, each
with the next `number` of that page; while the connection is away they wait in the page and are
sent when it returns. The server writes each one down before it answers `Saved`, remembers the
last number of every page, and answers a number it has already seen without applying it twice.
`Undo` and `Redo` carry the piece as it is afterwards, so page and server cannot drift apart:
the last writer wins, and every other page on the same piece gets `PieceChanged`.

On the wire each message is one binary WebSocket frame of MessagePack: a map whose `type` is the
message's name in snake case. `web/src/protocol/messages.ts` is generated from this file by
`python -m isobath.protocol.typescript`.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from isobath.protocol.controllers import Action, InputSource
from isobath.protocol.making import Checkpoint, Configuration, Curve, MakingId, RunSummary, SetSummary
from isobath.protocol.performers import HandSeen, PerformerHere
from isobath.protocol.piece import (
    Demonstration,
    Id,
    MappingData,
    MappingSettings,
    Piece,
    SafetyMap,
    SoundId,
    Take,
    Voice,
)
from isobath.protocol.rehearsal import Rehearsal
from isobath.protocol.room import RoomHere
from isobath.protocol.stage import StageAction, StageDevice, StageEar, StageSettings, StageState
from isobath.protocol.world import LandSurvey, World

PROTOCOL = 1
"""Counts changes of meaning. A page of another number is asked to reload."""

MESSAGE_BYTES = 64 * 1024 * 1024
"""Largest message either side accepts."""

MESSAGES_PER_SECOND = 240
"""Sustained rate a page may send at; short bursts of four times as many pass."""

HISTORY_STEPS = 100
"""Most undo (and redo) steps sent along with an opened piece."""

HISTORY_BYTES = 3 * 1024 * 1024
"""The steps sent along stay below this many bytes together; older ones are undone by the server."""

Seconds = float
"""A moment, as seconds since 1970, or a duration."""

PageId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,64}\Z")]
"""Made by the page when it is loaded; kept for as long as it has unsaved work."""

PieceId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,64}\Z")]
"""A piece's `id`, as it travels in messages: letters, digits, `_` and `-`."""

ShortText = Annotated[str, Meta(max_length=200)]
"""Names and labels."""

Number = Annotated[int, Meta(ge=1)]
"""A page numbers its operations 1, 2, 3, ..."""

Axes = Annotated[int, Meta(ge=1, le=64)]
"""Axes of a performance space."""

Dims = Annotated[int, Meta(ge=1, le=1024)]
"""Latent dimensions of a model."""


Unit = Annotated[float, Meta(ge=0, le=1)]
"""A share of the range that something moves in."""


SetListIds = Annotated[tuple[PieceId, ...], Meta(max_length=1000)]
"""Pieces in the order of the evening."""


class Message(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag=None):
    """What all messages share: a `type`."""


# ---------------------------------------------------------------------------- parts of messages


class ModelSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What the page needs to list a model. The whole description is at GET /models/NAME."""

    name: str
    title: str
    about: str
    sample_rate: int
    channels: int
    hop: int
    """Samples per latent frame."""
    dims: int
    """Latent dimensions."""
    delay: int
    """Samples by which decode(encode(x)) lags x."""
    encodes: bool
    """Has an encoder: dropped sounds can become latents."""
    bundled: bool
    """Came with Isobath; otherwise the person's own."""
    bytes: int
    sha256: str
    licence: str = ""
    credit: str = ""
    foreign: bool = False
    """Of another program, run in PyTorch: it has no blob that the page could play."""
    dreams: bool = False
    """Has a prior: its voice can dream."""
    bars: Literal["", "drums", "melody"] = ""
    """What its phrases are, where it is a model of bars: notes, which the server plays."""


class PieceSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the list of pieces."""

    id: PieceId
    name: str
    about: str = ""
    models: tuple[str, ...] = ()
    demonstrations: int = 0
    takes: int = 0
    created: Seconds = 0.0
    changed: Seconds = 0.0
    example: bool = False
    """Read-only: opening it opens a fresh copy."""
    trashed: bool = False
    world: bool = False
    """It can be walked in."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step of the history. `label` names the change that is taken back or made again."""

    label: str
    piece: Piece
    """The piece as it is once the step is taken."""
    at: Seconds = 0.0
    """When the change was made."""


class History(msgspec.Struct, frozen=True, kw_only=True):
    """The undo and redo stacks of a piece. The last of each list is the next to be taken."""

    undo: tuple[Step, ...] = ()
    redo: tuple[Step, ...] = ()
    earlier: int = 0
    """Undo steps older than the first of `undo`, kept by the server: send `Undo` without a piece."""


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """A piece as it lies in the library, with the way it came to be so."""

    piece: Piece
    revision: int
    """Grows with every saved operation of this piece, by whichever page."""
    history: History
    serial: int = 0
    """Which telling this is; a page that shows it says so with its next changes."""


class Heeded(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a controller says."""

    kind: Literal["osc", "midi", "gamepad", "hid", "sound", "program"]
    name: str
    """An OSC address, or what and where in words: `control 7, channel 1, Keys`."""
    values: tuple[float, ...] = ()
    """What it said last."""
    count: int = 0
    """How often it has said something."""
    moves: bool = False
    """It moves something in a piece that is open."""


class InputHeard(msgspec.Struct, frozen=True, kw_only=True):
    """Which input moves an axis right now."""

    axis: str
    input: str
    """Its id; empty: an address that needs none."""


class InputRange(msgspec.Struct, frozen=True, kw_only=True):
    """What a controller said at least and at most while it was wiggled."""

    input: str
    lo: float
    hi: float


class Troubles(msgspec.Struct, frozen=True, kw_only=True):
    """What came in and was ignored, counted since Isobath was started."""

    malformed: int = 0
    """Packets and bytes that were nothing."""
    ignored: int = 0
    """Values that were no numbers, or absurd."""
    outside: int = 0
    """Values beyond their range, taken as its end."""
    dropped: int = 0
    """Messages dated ahead for which there was no room."""
    unheard: int = 0
    """Messages that move nothing."""
    pulls: int = 0
    """Times that two controllers pulled at one axis."""


# ------------------------------------------------------------------------------ page to server


class Hello(Message, frozen=True, kw_only=True, tag="hello"):
    """The first message of every connection."""

    page: PageId
    piece: PieceId | None = None
    """The piece this page has open; None: whichever was played last."""
    revision: int | None = None
    """The revision of it that the page has; if it is still the newest, the piece is not sent again."""
    protocol: int = PROTOCOL


class Change(Message, frozen=True, kw_only=True, tag="change"):
    """The piece after something was done to it. Answered by `Saved`, or by `Problem` of kind save."""

    number: Number
    piece: Piece
    label: ShortText
    """What was done, as the undo button will say it: `Move "bright and loud"`."""
    seen: int = 0
    """`serial` of the newest `Opened` that the page shows: what others did since is kept too."""
    joins: bool = False
    """Continues the change before it (one drag, one undo): takes its place in the history."""


class Undo(Message, frozen=True, kw_only=True, tag="undo"):
    """Take the newest change back. Answered by `Saved`; without a piece, by `PieceOpened`."""

    number: Number
    id: PieceId
    piece: Piece | None = None
    """As it is afterwards; None if the page has no step left and asks the server for an earlier one."""


class Redo(Message, frozen=True, kw_only=True, tag="redo"):
    """Make the change again that was taken back last. Answered like `Undo`."""

    number: Number
    id: PieceId
    piece: Piece | None = None


class OpenPiece(Message, frozen=True, kw_only=True, tag="open_piece"):
    """Open this piece. Answered by `PieceOpened`; an example is opened as a new copy."""

    request: int
    id: PieceId


class NewPiece(Message, frozen=True, kw_only=True, tag="new_piece"):
    """Make a piece with two axes, one pad and one voice, and open it. Answered by `PieceOpened`."""

    request: int
    name: ShortText
    model: str | None = None
    """The voice's model; None: the first bundled one."""


class DuplicatePiece(Message, frozen=True, kw_only=True, tag="duplicate_piece"):
    """Make a copy, history left behind, and open it. Answered by `PieceOpened`."""

    request: int
    id: PieceId
    name: ShortText | None = None
    """None: the old name with `copy` behind it."""


class RenamePiece(Message, frozen=True, kw_only=True, tag="rename_piece"):
    """Give a piece from the list another name: a change like any other. Answered by `Pieces`."""

    request: int
    id: PieceId
    name: ShortText


class DeletePiece(Message, frozen=True, kw_only=True, tag="delete_piece"):
    """Move a piece to the trash. Answered by `Pieces`."""

    request: int
    id: PieceId


class RestorePiece(Message, frozen=True, kw_only=True, tag="restore_piece"):
    """Take a piece out of the trash. Answered by `Pieces`."""

    request: int
    id: PieceId


class ListPieces(Message, frozen=True, kw_only=True, tag="list_pieces"):
    """Answered by `Pieces`."""

    request: int
    trash: bool = False
    """The pieces in the trash along with the others."""


class Fit(Message, frozen=True, kw_only=True, tag="fit"):
    """Learn a mapping. Answered by `Fitted` or `FitFailed`; a newer Fit with the same `slot` drops older ones
    that have not been started."""

    request: int
    settings: MappingSettings
    axes: Axes
    dims: Dims
    demonstrations: tuple[Demonstration, ...]
    """Muted ones may be left in; they are not learned from, and their error is still told."""
    slot: str = ""
    """What is being fitted, such as a voice's id and side: `f3a:a`."""
    kept: MappingData | None = None
    """The mapping as last fitted: its hyper-parameters are kept, so it is quick and moves less elsewhere."""


class Survey(Message, frozen=True, kw_only=True, tag="survey"):
    """Measure how loud and rough a voice is over the performance space, when there is time. Answered by
    `Surveyed`; a newer Survey of the same voice ends an older one, which then has no answer."""

    request: int
    axes: Axes
    voice: Id
    """Which of `voices`."""
    voices: tuple[Voice, ...]
    """The voice with its mapping, and whom it follows."""


class SurveyLand(Message, frozen=True, kw_only=True, tag="survey_land"):
    """Measure what the ground of a world sounds like, when there is time. Answered by `LandSurveyed`; a newer
    one of the same voice ends an older one, which then has no answer."""

    request: int
    axes: Axes
    voice: Id
    """Which of `voices`."""
    voices: tuple[Voice, ...]
    """The voice with its mapping, and whom it follows."""
    world: World
    """Its axes and its size count."""
    rest: tuple[Unit, ...]
    """Where the axes lie that the ground does not move, one value per axis of the piece."""
    ids: tuple[Id, ...]
    """The axes of the piece."""


class WatchMaking(Message, frozen=True, kw_only=True, tag="watch_making"):
    """The page looks at what is being made, or no longer does. Answered by `Making`, and by `RunFollowed`
    if it looks at a training; both are sent again whenever something has changed."""

    watching: bool
    run: MakingId | None = None
    """The training whose curves are looked at."""


class Heard(Message, frozen=True, kw_only=True, tag="heard"):
    """What sounds now, 30 times a second, from each page that sounds, if `Welcome` says `osc`. Has no answer:
    the server sends it on to other programs."""

    loudness: Unit
    """A-weighted."""
    brightness: Unit
    """The centroid, between 100 Hz and 10 kHz."""
    onset: Unit
    """Strength of what begins now; 0 where nothing does."""
    bands: Annotated[tuple[Unit, ...], Meta(min_length=32, max_length=32)]
    """Level of each band of the spectrum, low to high."""
    latent: Annotated[tuple[Annotated[float, Meta(ge=-1e9, le=1e9)], ...], Meta(max_length=1024)]
    """Of the voice that is edited."""
    axes: Annotated[tuple[Annotated[float, Meta(ge=-1e9, le=1e9)], ...], Meta(max_length=64)] = ()
    """Where the performer is, one value per axis of the piece."""
    pose: Annotated[tuple[Annotated[float, Meta(ge=-1e6, le=1e6)], ...], Meta(max_length=5)] = ()
    """Of who walks: x, y, z in metres, azimuth and elevation in turns; empty: nobody does."""


class WatchControllers(Message, frozen=True, kw_only=True, tag="watch_controllers"):
    """The page looks at what controllers say, or no longer does. Answered by `ControllersNow`, which is sent
    again as long as something changes."""

    watching: bool


class NoticeController(Message, frozen=True, kw_only=True, tag="notice_controller"):
    """ "Move a knob": the next controller that is moved is told by `ControllerNoticed`."""

    request: int
    on: bool = True
    """False: no longer."""


class CalibrateInputs(Message, frozen=True, kw_only=True, tag="calibrate_inputs"):
    """Learn the ranges of these inputs while they are wiggled. Told by `InputsCalibrated` as they grow and,
    once `on` is false, for the last time."""

    request: int
    inputs: Annotated[tuple[str, ...], Meta(max_length=256)] = ()
    on: bool = True


class FreezeAxes(Message, frozen=True, kw_only=True, tag="freeze_axes"):
    """Let axes stay where they are, whatever their controllers say, or follow them again."""

    axes: Annotated[tuple[str, ...], Meta(max_length=64)]
    on: bool


class Mime(Message, frozen=True, kw_only=True, tag="mime"):
    """A take was played and mimed to: make demonstrations of it. Answered by `Mimed`."""

    request: int
    voice: str
    """Whose latents were heard."""
    take: str = ""
    """The take that sounded; empty: `latents` say what was heard."""
    latents: bytes | None = None
    """float32, little-endian, frame after frame of the voice's model, from the first sample heard."""
    hop: Annotated[int, Meta(ge=1)] = 1
    sample_rate: Annotated[int, Meta(ge=1)] = 44100
    """Of `latents`."""
    seconds: Annotated[tuple[float, ...], Meta(max_length=100_000)]
    """When the performer moved, since the take began."""
    points: Annotated[tuple[tuple[float, ...], ...], Meta(max_length=100_000)]
    """Where to: one value per axis of the piece each."""
    most: Annotated[int, Meta(ge=1, le=200)] = 24
    """Demonstrations at most."""


class Rehearse(Message, frozen=True, kw_only=True, tag="rehearse"):
    """Find the loudest and roughest places of the piece that is open, when there is time. Answered by
    `Rehearsing` as it goes on, and by `Rehearsed`; a newer one ends an older one of this page."""

    request: int
    on: bool = True
    """False: end it, without an answer."""
    takes: bool = True
    """Play the takes, too."""


class WatchStage(Message, frozen=True, kw_only=True, tag="watch_stage"):
    """The page looks at the stage, or no longer does. Answered by `StageNow`, which is sent again whenever
    something has changed, and by `StageHeard` 30 times a second while it plays."""

    watching: bool


class StartStage(Message, frozen=True, kw_only=True, tag="start_stage"):
    """Play the piece this page has open on a sound device of the server's machine, or on another one than
    before. Answered by `StageNow`, or by `Problem`."""

    request: int
    settings: StageSettings = msgspec.field(default_factory=StageSettings)


class StopStage(Message, frozen=True, kw_only=True, tag="stop_stage"):
    """Fade out and close the device. Answered by `StageNow`."""

    request: int


class DoOnStage(Message, frozen=True, kw_only=True, tag="do_on_stage"):
    """Something happens on the stage. Answered by `Problem` where it cannot; `finish` by `StageTook`."""

    request: int
    action: StageAction
    take: Id | None = None
    """play: which one; record: the one that plays meanwhile, if any; finish: the id it gets."""
    name: ShortText = ""
    """finish: what it is called; record: what it is called if it ends by itself."""
    seed: int = 1
    """record, begin: of the fresh past."""
    to: Unit = 1.0
    """fade: 0 out, 1 in."""
    seconds: Annotated[float, Meta(ge=0, le=600)] = 0.0
    """fade: how long it takes; play: how far into the take it begins; finish: how long a round of the take
    lasts, as a loop, 0: as it was recorded."""
    hands: bool = True
    """play: axes that a hand is on are the performer's; false: somebody mimes the take, unheard."""
    on_bar: bool = False
    """play, record: with the next bar line of the stage's own clock; finish: with the bar that is played, as
    a loop of whole bars, where it began on one."""
    bars: Annotated[int, Meta(ge=0, le=1024)] = 0
    """record, on the bar: after so many it ends by itself; 0: it does not."""
    makes: Id | None = None
    """record: the id that the take gets if it ends by itself; null: a new one."""
    onward: bool = False
    """play: the loop of whole bars that was recorded last goes on as if it had never paused."""
    bpm: Annotated[float, Meta(ge=20, le=300)] = 120.0
    """beat: the tempo."""
    beat: Annotated[float, Meta(ge=-1e9, le=1e9)] | None = None
    """beat: beats since the first bar, at this moment; null: it goes on as it is."""


class MoveOnStage(Message, frozen=True, kw_only=True, tag="move_on_stage"):
    """Where the performer's hand put axes of the piece that is open, 60 times a second at most. No answer."""

    axes: Annotated[tuple[Id, ...], Meta(max_length=128)]
    values: Annotated[tuple[Unit, ...], Meta(max_length=128)]
    hands: Annotated[tuple[Id, ...], Meta(max_length=128)] = ()
    """All axes that a hand of this page is on: while a take plays, these are the performer's."""


class ExploreOnStage(Message, frozen=True, kw_only=True, tag="explore_on_stage"):
    """A voice of the piece that is open plays a latent that is looked at, 60 times a second at most, until
    its mapping is asked for again or this page goes. No answer."""

    slot: Annotated[int, Meta(ge=0, le=63)]
    """Of the voice."""
    latent: Annotated[tuple[Annotated[float, Meta(ge=-1e9, le=1e9)], ...], Meta(max_length=1024)] | None
    """None: its mapping."""


class CallMe(Message, frozen=True, kw_only=True, tag="call_me"):
    """What this page's performer is called; empty: by its number. Told by `PerformersHere`."""

    name: ShortText


class ShowHand(Message, frozen=True, kw_only=True, tag="show_hand"):
    """Where this page's performer is, for others who have the piece open: when it has moved, 30 times a
    second at most, and once it has let go. No answer."""

    axes: Annotated[tuple[Id, ...], Meta(max_length=64)] = ()
    """Those that the hand moves now."""
    point: Annotated[tuple[Unit, ...], Meta(max_length=64)] = ()
    """One value per axis of the piece."""


class ShowMovement(Message, frozen=True, kw_only=True, tag="show_movement"):
    """Where hands on this page put axes of the piece that is open, 30 times a second at most, while the piece
    has recorded movements or one is being recorded. No answer."""

    axes: Annotated[tuple[Id, ...], Meta(max_length=128)] = ()
    values: Annotated[tuple[Unit, ...], Meta(max_length=128)] = ()
    recording: bool = False
    """One is being recorded here: none is looked for meanwhile."""


class ChangeSetList(Message, frozen=True, kw_only=True, tag="change_set_list"):
    """Another set list. Answered by `SetListNow`: what others put on it or took off it meanwhile is kept."""

    before: SetListIds
    """As the page had it."""
    pieces: SetListIds


class Ping(Message, frozen=True, kw_only=True, tag="ping"):
    """Answered by `Pong` with the same `sent`. Each page sends one every 5 seconds."""

    sent: float


# ------------------------------------------------------------------------------ server to page


class Welcome(Message, frozen=True, kw_only=True, tag="welcome"):
    """Answers `Hello`."""

    version: str
    """Of Isobath."""
    protocol: int
    acknowledged: int
    """The highest number the library has for this page: what lies above is still to be sent."""
    models: tuple[ModelSummary, ...]
    pieces: tuple[PieceSummary, ...]
    opened: Opened | None = None
    """None: the page already has the newest revision."""
    first_run: bool = False
    """Nothing has been played here before: offer the guided start."""
    notes: tuple[str, ...] = ()
    """Sentences to show once, such as which backup was opened and why."""
    osc: bool = False
    """Other programs listen: send `Heard`."""
    reads: tuple[Literal["midi", "gamepad"], ...] = ()
    """Controllers that the server reads; the page leaves them alone."""
    room: RoomHere | None = None
    """Others can walk here too."""
    set_list: SetListIds | None = None
    """Pieces in the order of the evening; None: there is no library that could keep it."""


class Saved(Message, frozen=True, kw_only=True, tag="saved"):
    """The operation is on disk."""

    number: int
    revision: int


class PieceChanged(Message, frozen=True, kw_only=True, tag="piece_changed"):
    """Another page changed the piece this page has open, or what this page sent met such a change: of what
    both changed the newest writer's is kept, everything else from both."""

    opened: Opened
    label: str
    page: str
    """Whose change it was."""
    at: Seconds


class PieceOpened(Message, frozen=True, kw_only=True, tag="piece_opened"):
    """Answers OpenPiece, NewPiece, DuplicatePiece, and Undo or Redo without a piece."""

    opened: Opened
    request: int | None = None
    number: int | None = None


class Pieces(Message, frozen=True, kw_only=True, tag="pieces"):
    """The list of pieces; `request` is None when it is told to all pages because it changed."""

    pieces: tuple[PieceSummary, ...]
    request: int | None = None


class Models(Message, frozen=True, kw_only=True, tag="models"):
    """The list of models, told to all pages because it changed."""

    models: tuple[ModelSummary, ...]


class Fitted(Message, frozen=True, kw_only=True, tag="fitted"):
    """A mapping was learned."""

    request: int
    slot: str
    mapping: MappingData
    """See docs/mapping-format.md."""
    errors: tuple[float, ...]
    """Per demonstration, muted ones included: how far the mapping misses it, RMS over dimensions, in
    standard deviations of the model's latents."""
    warnings: tuple[str, ...]
    """Sentences, such as two different sounds at the same spot."""
    milliseconds: float


class FitFailed(Message, frozen=True, kw_only=True, tag="fit_failed"):
    """Nothing could be learned; the mapping before it still plays."""

    request: int
    slot: str
    sentence: str


class Surveyed(Message, frozen=True, kw_only=True, tag="surveyed"):
    """Answers `Survey`."""

    request: int
    voice: Id
    safety: SafetyMap | None = None
    """None: there is nothing that a gesture changes, or nothing that could be measured."""
    sentence: str = ""
    """Why not, where it failed."""


class LandSurveyed(Message, frozen=True, kw_only=True, tag="land_surveyed"):
    """Answers `SurveyLand`."""

    request: int
    land: LandSurvey | None = None
    """None: nothing changes over the ground, or it could not be measured."""
    sentence: str = ""
    """Why not, where it failed."""


class Making(Message, frozen=True, kw_only=True, tag="making"):
    """All sets and trainings, for pages that look at them."""

    sets: tuple[SetSummary, ...]
    runs: tuple[RunSummary, ...]
    configurations: tuple[Configuration, ...]
    missing: str = ""
    """A sentence, where nothing can be trained here: what is missing and how to get it."""
    here: bool = False
    """The server is on the page's own machine only: a folder may be named by its path."""


class RunFollowed(Message, frozen=True, kw_only=True, tag="run_followed"):
    """Figures of the training that is looked at: all of them first, then what has been added."""

    run: MakingId
    anew: bool
    """What was sent before is void."""
    curves: tuple[Curve, ...] = ()
    validation: tuple[Curve, ...] = ()
    checkpoints: tuple[Checkpoint, ...] | None = None
    """None: as before."""


class Moved(Message, frozen=True, kw_only=True, tag="moved"):
    """Controllers moved axes of the piece that is open: where these are now, at most 200 times a second."""

    axes: tuple[str, ...]
    values: tuple[float, ...]
    """0..1 each."""


class PerformersHere(Message, frozen=True, kw_only=True, tag="performers_here"):
    """Who has the piece open that this page has open, whenever that changes; not told to one alone."""

    performers: tuple[PerformerHere, ...]
    me: int
    """This page's number."""


class HandsSeen(Message, frozen=True, kw_only=True, tag="hands_seen"):
    """Where others' hands are, of those that moved: at most 30 times a second."""

    hands: tuple[HandSeen, ...]


class SetListNow(Message, frozen=True, kw_only=True, tag="set_list_now"):
    """The set list, told to all pages because it changed."""

    pieces: SetListIds


class BeatHeard(Message, frozen=True, kw_only=True, tag="beat_heard"):
    """A beat of the MIDI clock that comes in."""

    bpm: float
    beat: int
    """Beats since the clock was started."""
    starts: bool
    """The first one after a start."""


class Acted(Message, frozen=True, kw_only=True, tag="acted"):
    """A button, a key or another program wants something to happen."""

    action: Action
    begins: bool
    """False: the button is let go."""


class ControllersNow(Message, frozen=True, kw_only=True, tag="controllers_now"):
    """What controllers say, for pages that look; once for all pages when something begins to be ignored."""

    doors: tuple[str, ...] = ()
    """What is listened to: `OSC on 127.0.0.1:9001`, the names of MIDI ports and gamepads."""
    heeded: tuple[Heeded, ...] = ()
    """What was said, the latest first."""
    heard: tuple[InputHeard, ...] = ()
    """Of the piece that is open."""
    troubles: Troubles = msgspec.field(default_factory=Troubles)
    sentence: str = ""
    """What is ignored and why, and whether controllers pull at one axis, in one line; empty: all is well."""


class ControllerNoticed(Message, frozen=True, kw_only=True, tag="controller_noticed"):
    """This controller was moved."""

    request: int
    source: InputSource
    lo: float
    """Of what it has said so far, which need not be its range."""
    hi: float
    name: str = ""
    """In words."""


class InputsCalibrated(Message, frozen=True, kw_only=True, tag="inputs_calibrated"):
    """How far the inputs were moved; one that was not moved enough is left out."""

    request: int
    ranges: tuple[InputRange, ...]
    done: bool


class Mimed(Message, frozen=True, kw_only=True, tag="mimed"):
    """Demonstrations of a take that was mimed to, to be placed."""

    request: int
    demonstrations: tuple[Demonstration, ...]
    lag_seconds: float
    """How far the hands were behind what was heard; already taken off."""
    conflicts: int = 0
    """Places where one gesture met different sounds; there is their mean."""


class Rehearsing(Message, frozen=True, kw_only=True, tag="rehearsing"):
    """How far a rehearsal is."""

    request: int
    share: Unit


class Rehearsed(Message, frozen=True, kw_only=True, tag="rehearsed"):
    """Answers `Rehearse`."""

    request: int
    rehearsal: Rehearsal | None = None
    text: str = ""
    """The same as Markdown, to be kept."""
    sentence: str = ""
    """Why not, where it failed."""


class StageNow(Message, frozen=True, kw_only=True, tag="stage_now"):
    """How the stage stands."""

    state: StageState
    devices: tuple[StageDevice, ...] = ()
    """That can be chosen, as they were when the page began to look."""


class StageHeard(Message, frozen=True, kw_only=True, tag="stage_heard"):
    """What sounds on the stage, for meters and the chart."""

    peak: tuple[float, float]
    """Of what went to the device since last told, linear."""
    rms: tuple[float, float]
    limiter_db: float
    guard_db: float
    clamped: float
    scrubbed: int
    input_peak: tuple[float, float]
    latents: tuple[tuple[float, ...], ...]
    """What the decoder of each voice was last given."""
    position: int
    """Samples since it began, or since the take did."""
    gesture: tuple[float, ...] = ()
    """Where the axes are that are heard: the performer's, or a take's."""
    meant: tuple[tuple[float, ...], ...] = ()
    """What mapping and sliders of each voice said last, before source and shaping."""
    said: tuple[tuple[float, ...] | None, ...] = ()
    """What the source of each voice said last, before the performer; None where it has none."""
    ears: tuple[StageEar | None, ...] = ()
    """What each voice hears; None: it does not listen."""
    spectrum: bytes | None = None
    """Of the mix: 1024 bins from 0 Hz to half its rate, 1 byte each: half decibels above -127.5 dB.
    None: silence."""
    beat: float = 0.0
    """Beats since the first bar, by the stage's own clock."""


class StageTook(Message, frozen=True, kw_only=True, tag="stage_took"):
    """A take was recorded on the stage. It is not in the piece until a page puts it there."""

    take: Take
    left: bool = False
    """No page has put it there yet: whoever hears this does. False: the page that asked for it does."""


ProblemKind = Literal["save", "piece", "model", "mapping", "audio", "protocol", "rate", "server"]
"""save: not written, keep it and send it again; protocol: reload the page; server: our own mistake."""


class Problem(Message, frozen=True, kw_only=True, tag="problem"):
    """Something went wrong, told as it should be shown."""

    sentence: str
    kind: ProblemKind
    request: int | None = None
    number: int | None = None
    """The operation that was not applied."""


class Pong(Message, frozen=True, kw_only=True, tag="pong"):
    """Answers `Ping`."""

    sent: float


class SoundKept(msgspec.Struct, frozen=True, kw_only=True):
    """A sound of the library: the answer of POST /sounds, as JSON."""

    id: SoundId
    seconds: float
    sample_rate: int
    channels: int
    samples: int
    loudness: float
    """LUFS, gated, the mean over channels."""


class SoundData(msgspec.Struct, frozen=True, kw_only=True):
    """A sound at a rate: the answer of GET /sounds/ID/RATE, in MessagePack."""

    id: SoundId
    sample_rate: int
    channels: int
    samples: int
    audio: bytes
    """32-bit floats, little-endian, channel after channel."""


FromPage = (
    Hello
    | Change
    | Undo
    | Redo
    | OpenPiece
    | NewPiece
    | DuplicatePiece
    | RenamePiece
    | DeletePiece
    | RestorePiece
    | ListPieces
    | Fit
    | Survey
    | SurveyLand
    | WatchMaking
    | Heard
    | WatchControllers
    | NoticeController
    | CalibrateInputs
    | FreezeAxes
    | Mime
    | Rehearse
    | WatchStage
    | StartStage
    | StopStage
    | DoOnStage
    | MoveOnStage
    | ExploreOnStage
    | CallMe
    | ShowHand
    | ShowMovement
    | ChangeSetList
    | Ping
)
"""What a page may say."""

FromServer = (
    Welcome
    | Saved
    | PieceChanged
    | PieceOpened
    | Pieces
    | Models
    | Fitted
    | FitFailed
    | Surveyed
    | LandSurveyed
    | Making
    | RunFollowed
    | Moved
    | BeatHeard
    | Acted
    | ControllersNow
    | ControllerNoticed
    | InputsCalibrated
    | Mimed
    | Rehearsing
    | Rehearsed
    | StageNow
    | StageHeard
    | StageTook
    | PerformersHere
    | HandsSeen
    | SetListNow
    | Problem
    | Pong
)
"""What the server may say."""

# ------------------------------------------------------------------- beside the socket, over HTTP


class Encoded(msgspec.Struct, frozen=True, kw_only=True):
    """A sound as a path through a latent space: the answer of POST /models/NAME/encode, in MessagePack."""

    name: str
    """The file's name as the page sent it, for showing."""
    dims: int
    frames: int
    hop: int
    sample_rate: int
    seconds: float
    """Of sound encoded."""
    truncated: bool
    """The sound was longer than what is encoded at once; this is its beginning."""
    latents: bytes
    """float32, little-endian, frame after frame (frames x dims)."""


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """The JSON body of every HTTP answer that is not what was asked for."""

    sentence: str
    kind: ProblemKind
