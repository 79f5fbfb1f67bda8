"""`isobath stage`: a piece on a real sound device, made by processes that nothing else can hold up."""

import sys
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from isobath.cli.doors import Doors, doors
from isobath.cli.play import Opening, find_piece, open_page
from isobath.cli.telling import as_json, print_json, print_table
from isobath.errors import PieceUnknown

if TYPE_CHECKING:
    from isobath.outputs.outlet import Outlets
    from isobath.outputs.stage.engine import StageEngine
    from isobath.outputs.stage.recorder import Recorder
    from isobath.outputs.stage.status import Settings, Status
    from isobath.protocol.controllers import Action
    from isobath.protocol.piece import Piece
    from isobath.protocol.stage import StageSettings
    from isobath.server.broadcast import Broadcast
    from isobath.server.controllers import Controllers
    from isobath.server.stage_telling import StageTeller


@click.command()
@click.argument("piece", required=False)
@click.option("--list", "listing", is_flag=True, help="Say which sound devices there are, and end.")
@click.option(
    "--device",
    default="",
    metavar="NAME",
    help="Sound device, by its name, a part of it or its system (JACK, ALSA); null: none, only a clock; "
    "file:PATH: a sound file, as fast as it can be made. Default: JACK where it runs, else the system's.",
)
@click.option(
    "--block", type=click.IntRange(16, 4096), default=256, show_default=True, help="Samples the device takes."
)
@click.option(
    "--rate", type=click.IntRange(8000, 192000), help="Of the device, Hz. Default: the piece's, if it can."
)
@click.option(
    "--ahead",
    "--hop-ahead",
    "ahead",
    type=click.IntRange(0, 4096),
    default=128,
    show_default=True,
    help="Samples made ahead of the next block: more are safer, and later.",
)
@click.option("--spare/--no-spare", default=True, help="A second process ready to take over.")
@click.option("-t", "--take", help="Play this take, by its name or id, from the beginning.")
@click.option(
    "--page", is_flag=True, help="Open the page, too: it shows the stage, and its changes are heard."
)
@click.option(
    "--browser/--no-browser", default=True, help="With --page: open the browser, or only print the link."
)
@click.option("--port", type=click.IntRange(0, 65535), help="With --page: port to listen on.")
@click.option("--phone", is_flag=True, help="With --page: let phones in this network in, too.")
@click.option("--seconds", type=click.FloatRange(0.0, min_open=True), help="End after so long.")
@click.option(
    "--record",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Keep what goes to the device: .wav and .flac with 24 bits, or .ogg.",
)
@click.option(
    "--to",
    metavar="URL",
    envvar="ISOBATH_STAGE_TO",
    help="Send it as Ogg Vorbis to an Icecast mount: http://source:PASSWORD@HOST:8000/NAME.ogg.",
)
@click.option("--osc", metavar="HOST:PORT", help="Send what is heard to another program, as OSC over UDP.")
@click.option(
    "--midi-out",
    metavar="PORT",
    help="Send what is heard as MIDI to the port with this in its name, or to a new one of this name.",
)
@click.option(
    "--clock-out", metavar="PORT", help="Send MIDI clock in the piece's tempo, with start, stop, continue."
)
@doors(programs=False)
@as_json
def stage(
    piece: str | None,
    listing: bool,
    device: str,
    block: int,
    rate: int | None,
    ahead: int,
    spare: bool,
    take: str | None,
    page: bool,
    browser: bool,
    port: int | None,
    phone: bool,
    seconds: float | None,
    record: Path | None,
    to: str | None,
    osc: str | None,
    midi_out: str | None,
    clock_out: str | None,
    doors: Doors,
    as_json: bool,
) -> None:
    """Play PIECE (a name, an id or a .isobath file; default: the one played last) on a sound device.

    Sound is made by processes of its own, apart from everything else. Ctrl-C fades out and ends it.
    """
    from isobath.engine import find_take
    from isobath.errors import UsageError
    from isobath.outputs.stage.engine import StageEngine
    from isobath.outputs.stage.hosting import devices
    from isobath.outputs.stage.status import Settings
    from isobath.server.stage import from_options

    if listing:
        found = devices()
        if as_json:
            print_json(found)
        else:
            rows = [(d.name, d.api, d.outputs, d.inputs, d.rate or "", d.default) for d in found]
            print_table(("device", "system", "outputs", "inputs", "Hz", "default"), rows)
        return
    wanted = Wanted(record, to, osc, midi_out, clock_out)
    if wanted != Wanted() and device.startswith("file:"):
        raise UsageError("--record, --to, --osc, --midi-out and --clock-out need a device; leave file: away.")
    if page:
        opening = Opening(
            browser, port, "127.0.0.1", osc, as_json, doors=doors, midi_out=midi_out, phone=phone
        )
        _with_page(piece, opening, from_options(device, rate or 0, block, ahead, spare), take, wanted)
        return
    chosen = _piece(piece)
    settings = _settings(chosen, Settings(device, rate or 0, block, ahead, spare), take, seconds)
    kept = Kept(wanted)
    engine = StageEngine(chosen, rate_of(chosen), settings, clock=kept.clock)
    if take is not None:
        engine.play(find_take(chosen, take), chosen.takes)
    controllers = doors.open()
    engine.start()
    try:
        kept.begin(engine, tells=True)
        _let_in(controllers, engine, chosen)
        if settings.samples:
            _wait_for_file(engine, settings.samples / engine.status.rate)
        else:
            _watch(engine, seconds, kept.sent, quiet=as_json)
        if as_json:
            print_json(engine.status)
    finally:
        controllers.close()
        engine.stop()
        kept.end()


@dataclass(frozen=True)
class Wanted:
    """Where what goes to the device goes as well."""

    record: Path | None = None
    to: str | None = None
    osc: str | None = None
    midi_out: str | None = None
    clock_out: str | None = None


class Kept:
    """All of that while it is open."""

    def __init__(self, wanted: Wanted) -> None:
        """Opens the clock. Raises UsageError."""
        from isobath.outputs.midi_clock import MidiClock

        self._wanted = wanted
        self.clock = None if wanted.clock_out is None else MidiClock(wanted.clock_out)
        self.recorder: Recorder | None = None
        self.sent: Broadcast | None = None
        self._teller: StageTeller | None = None
        self._outlets: Outlets | None = None

    def begin(self, engine: "StageEngine", *, tells: bool) -> None:
        """From now on. tells: to other programs, too; else somebody else does.

        Raises UsageError, AudioError.
        """
        from isobath.outputs.midi import open_midi
        from isobath.outputs.osc import OscOutput, read_address
        from isobath.outputs.outlet import Outlets
        from isobath.outputs.stage.recorder import Recorder
        from isobath.server.broadcast import Broadcast
        from isobath.server.stage_telling import StageTeller

        wanted = self._wanted
        self.recorder = None if wanted.record is None else Recorder(wanted.record, engine.area)
        self.sent = None if wanted.to is None else Broadcast(wanted.to, engine.area)
        outlets = [] if wanted.osc is None or not tells else [OscOutput(*read_address(wanted.osc))]
        midi = [] if wanted.midi_out is None or not tells else [open_midi(wanted.midi_out)]
        if outlets or midi:
            self._outlets = Outlets([*outlets, *midi])
            self._teller = StageTeller(self._outlets)
            self._teller.follow(engine)

    def follow(self, engine: "StageEngine") -> None:
        """Another stage plays."""
        if self.recorder is not None:
            self.recorder.follow(engine.area)
        if self.sent is not None:
            self.sent.follow(engine.area)

    def end(self) -> None:
        """Close all of it, and say what was written."""
        if self._teller is not None and self._outlets is not None:
            self._teller.end()
            self._outlets.close()
        if self.clock is not None:
            self.clock.close()
        if self.sent is not None:
            self.sent.end()
        if self.recorder is not None:
            self.recorder.end()
            names = ", ".join(str(path) for path in self.recorder.paths)
            click.echo(self.recorder.sentence or f"Recorded: {names}", err=True)


def _with_page(
    piece: str | None,
    opening: Opening,
    settings: "StageSettings",
    take: str | None,
    wanted: Wanted,
) -> None:
    """The stage plays, and the page opens beside it; until Ctrl-C."""
    from isobath.engine import find_take
    from isobath.library.home import find_home
    from isobath.library.library import Library
    from isobath.protocol.messages import DoOnStage
    from isobath.server.stage import Stage

    with Library.open(find_home()) as library:
        found = library.pieces.last_played() if piece is None else find_piece(library, piece)
        if found is None:
            raise PieceUnknown("Nothing has been played here yet. Name a piece or an example: Drifting.")
        chosen = library.read(library.own(found))
    stage, kept = Stage(_rate), Kept(wanted)
    stage.clock = kept.clock
    try:
        stage.open(chosen, settings)
        if stage.engine is not None:
            kept.begin(stage.engine, tells=False)
        stage.followers.append(kept.follow)
        if take is not None:
            stage.do(DoOnStage(request=0, action="play", take=find_take(chosen, take).id))
        open_page(chosen.id, replace(opening, stage=stage))
    finally:
        stage.close()
        kept.end()


def _let_in(controllers: "Controllers", engine: "StageEngine", piece: "Piece") -> None:
    """Controllers move the axes from now on, go through scenes, freeze, fade and silence everything."""
    from isobath.engine.scenes import neighbour, recalled
    from isobath.server.stage import FADE_SECONDS

    now = piece
    hub = controllers.hub
    for door in controllers.doors():
        click.echo(f"Listening to {door}", err=True)
    hub.show(piece)

    def acted(_: str, action: "Action", begins: bool) -> None:
        nonlocal now
        if begins and action in ("next", "previous"):
            scene = neighbour(now, 1 if action == "next" else -1)
            if scene is not None:
                now = recalled(now, scene)
                engine.set_piece(now)
        elif begins and action == "panic":
            engine.panic_or_begin()
        elif begins and action == "freeze":
            engine.freeze(not engine.status.frozen)
        elif begins and action == "fade":
            engine.fade(1.0 if engine.status.faded else 0.0, FADE_SECONDS)

    hub.tell(lambda *_: engine.gesture(hub.values(piece.id)), acted)
    hub.start()


def _settings(piece: "Piece", settings: "Settings", take: str | None, seconds: float | None) -> "Settings":
    """With the length of a file, which is that of the take where none is given."""
    from isobath.engine import find_take
    from isobath.engine.takes import TakeReader
    from isobath.errors import UsageError
    from isobath.outputs.stage.devices import FILE

    if not settings.device.startswith(FILE):
        return settings
    rate = rate_of(piece)
    if seconds is not None:
        return replace(settings, samples=max(1, round(seconds * rate)))
    if take is None:
        raise UsageError("A file needs a length: give --seconds, or a --take.")
    reader = TakeReader(find_take(piece, take), piece.axes, rate, piece.takes)
    return replace(settings, samples=reader.samples)


def _wait_for_file(engine: "StageEngine", seconds: float) -> None:
    """Until the file is whole. Raises AudioError where it will not be."""
    from isobath.errors import AudioError

    while not engine.wait(0.2):
        if engine.status.sentence:
            raise AudioError(engine.status.sentence)
    if engine.status.sentence:
        raise AudioError(engine.status.sentence)
    click.echo(f"{seconds:.2f} s: {engine.settings.device.removeprefix('file:')}", err=True)


def _watch(
    engine: "StageEngine", seconds: float | None, sent: "Broadcast | None" = None, *, quiet: bool
) -> None:
    """One line that keeps up, where someone is looking, until it is enough."""
    end = None if seconds is None else time.monotonic() + seconds
    shown = not quiet and sys.stderr.isatty()
    if not quiet:
        click.echo(f"Plays on {engine.status.device}. Ctrl-C ends it.", err=True)
    told = line = ""
    with suppress(KeyboardInterrupt):
        while end is None or time.monotonic() < end:
            time.sleep(0.1)
            status = engine.status
            if sent is not None and sent.sentence != line and not quiet:
                line = sent.sentence
                click.echo(f"\n{line or f'Heard at {sent.place}.'}", err=True)
            if status.sentence != told and not quiet:
                told = status.sentence
                click.echo(f"\n{told or 'It plays again.'}", err=True)
            if shown:
                click.echo(f"\r{line_of(status)}   ", nl=False, err=True)


def line_of(status: "Status") -> str:
    """The stage in one line."""
    return (
        f"{status.state}, {status.rate} Hz, block {status.block}, {status.latency_ms:.0f} ms, "
        f"load {status.load:.0%}, dropouts {status.underruns} ({status.missing_ms:.0f} ms), "
        f"{'spare ready' if status.spare else 'no spare'}"
    )


def _piece(wanted: str | None) -> "Piece":
    """The piece named or filed so, or the one played last."""
    from isobath.cli.render import open_piece
    from isobath.library.home import find_home
    from isobath.library.library import Library

    if wanted is None:
        with Library.open(find_home()) as library:
            wanted = library.pieces.last_played()
        if wanted is None:
            raise PieceUnknown("Nothing has been played here yet. Name a piece or an example: Drifting.")
    return open_piece(wanted)[0]


def rate_of(piece: "Piece") -> int:
    """Hz of a piece's sound. Raises PieceError without voices, ModelUnknown where a model is missing."""
    from isobath.errors import PieceError

    if not piece.voices:
        raise PieceError("This piece has no voices, so there is nothing to hear. Add one.")
    return max(_rate(name) for name in {voice.model for voice in piece.voices})


def _rate(name: str) -> int:
    from contextlib import closing

    from isobath.library.load import Loader

    with closing(Loader()) as load:
        return int(load(name).sample_rate)
