"""`isobath jam`: play with a model of bars, live or rehearsed."""

from __future__ import annotations

import os
import secrets
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from isobath.cli.telling import Progress, as_json, print_json
from isobath.errors import ScoreError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from isobath.outputs.osc import OscOutput
    from isobath.server.jam import LiveJam, LiveOptions
    from isobath.symbolic import SymbolicModel
    from isobath.symbolic.jam import Jam, JamSettings
    from isobath.symbolic.jam.keeping import KeptJam
    from isobath.symbolic.jam.settings import Event, Who

LONGEST_MINUTES = 180.0
RATE = 48000
WITH = ("own", "latent")
_File = click.Path(dir_okay=False, path_type=Path)
_Folder = click.Path(file_okay=False, path_type=Path)


@click.command()
@click.option("--model", help="Model of bars: a name, or a file.  [default: drums-2, or -4 for 4 bars]")
@click.option(
    "--mode",
    type=click.Choice(["trade", "follow", "lead", "machines", "loop", "morph"]),
    default="trade",
    show_default=True,
    help="Who plays when.",
)
@click.option(
    "--bars", type=click.Choice(["1", "2", "4"]), default="2", show_default=True, help="Of a phrase."
)
@click.option("--bpm", type=click.FloatRange(40, 300), default=110.0, show_default=True, help="Tempo.")
@click.option(
    "--count-in", type=click.IntRange(0, 4), default=1, show_default=True, help="Bars before it begins."
)
@click.option("--metronome/--no-metronome", default=True, help="Click on every beat.")
@click.option(
    "--changed-hits", type=click.FloatRange(0, 64), default=6.0, show_default=True,
    help="Hits that an answer differs in.",
)  # fmt: skip
@click.option(
    "--lead", type=click.FloatRange(0, 1), default=0.0, show_default=True,
    help="0: the machine follows you; 1: it goes its own way.",
)  # fmt: skip
@click.option("--density", type=float, default=0.0, help="Hits more (or fewer) than you play.")
@click.option("--velocity", type=click.FloatRange(-1, 1), default=0.0, help="Louder or softer than you play.")
@click.option("--offset", type=click.FloatRange(-1, 1), default=0.0, help="Earlier or later than you play.")
@click.option("--pitch", type=float, default=0.0, help="Semitones higher (or lower) than you play a melody.")
@click.option("--seed", type=click.IntRange(0), help="Of everything that is drawn.")
@click.option("-o", "--out", type=_Folder, help="Keep the session in this folder, as MIDI and all else.")
@click.option(
    "--go-on",
    metavar="SESSION",
    help="Go on with a session that was kept: its folder, or its name in the page.",
)
@click.option("--sessions", is_flag=True, help="List the sessions that the page kept, and end.")
@click.option("--human", type=_File, help="A MIDI file plays you, and nothing waits: a rehearsal.")
@click.option(
    "--minutes", type=click.FloatRange(0, LONGEST_MINUTES, min_open=True),
    help="End after so long.  [default: Ctrl-C ends it; a rehearsal has 2 minutes]",
)  # fmt: skip
@click.option(
    "--device", default="", metavar="NAME", help="Sound device to play on; null: none, only a clock."
)
@click.option("--midi/--no-midi", default=True, help="Let MIDI ports play you.")
@click.option("--midi-in", default="", metavar="PORT", help="Only ports with this in their names.")
@click.option(
    "--midi-out", metavar="PORT",
    help="Send the machine's notes to the port with this in its name, or to a new one of this name.",
)  # fmt: skip
@click.option("--osc-in", metavar="[HOST:]PORT", help="Let other programs play you by OSC, on this port.")
@click.option("--osc-out", metavar="HOST:PORT", help="Send the machine's notes there by OSC.")
@click.option("--follow-clock", is_flag=True, help="Go with the MIDI clock that comes in.")
@click.option("--send-clock", is_flag=True, help="With --midi-out: send MIDI clock, too.")
@click.option(
    "--late", "late_ms", type=click.FloatRange(0, 200), default=0.0, show_default=True,
    help="Milliseconds by which your notes come in late.",
)  # fmt: skip
@click.option("--monitor/--no-monitor", default=True, help="Let your own notes sound here.")
@click.option(
    "--human-with", type=click.Choice(WITH), default="own", show_default=True,
    help="What your notes are played by: our own kit and string, or the models of sound drums and guitar.",
)  # fmt: skip
@click.option(
    "--machine-with", type=click.Choice(WITH), default="own", show_default=True,
    help="The machine's, likewise.",
)  # fmt: skip
@click.option(
    "--page", is_flag=True, help="Play on pads in the browser instead; its own controls set the rest."
)
@click.option(
    "--browser/--no-browser", default=True, help="With --page: open the browser, or only print the link."
)
@click.option("--port", type=click.IntRange(0, 65535), help="With --page: port to listen on.")
@click.option("--wav", type=_File, help="Write what was played as sound, WAV or FLAC.")
@as_json
def jam(
    model: str | None, mode: str, bars: str, bpm: float, count_in: int, metronome: bool, changed_hits: float,
    lead: float, density: float, velocity: float, offset: float, pitch: float, seed: int | None,
    out: Path | None, go_on: str | None, sessions: bool, human: Path | None, minutes: float | None,
    device: str, midi: bool, midi_in: str, midi_out: str | None, osc_in: str | None, osc_out: str | None,
    follow_clock: bool, send_clock: bool, late_ms: float, monitor: bool, human_with: str, machine_with: str,
    page: bool, browser: bool, port: int | None, wav: Path | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Trade bars with a machine: what you play is answered exactly on the next bar line."""
    if page:
        from isobath.cli.play import Opening, open_page

        open_page(None, Opening(browser, port, "127.0.0.1", None, as_json, way="jam"))
        return
    if sessions:
        _list_sessions(as_json=as_json)
        return
    from msgspec import structs

    from isobath.server.jam import LiveOptions
    from isobath.symbolic import load
    from isobath.symbolic.jam import JamSettings
    from isobath.symbolic.jam.keeping import kept, read_session, write_session

    settings = JamSettings(
        mode=mode, bars=int(bars), bpm=bpm, count_in=count_in, metronome=metronome,  # type: ignore[arg-type]
        changed_hits=changed_hits, lead=lead, density=density, velocity=velocity, offset=offset,
        pitch=pitch,
    )  # fmt: skip
    kept_in = None if go_on is None else kept_folder(go_on)
    folder = out or kept_in
    before = None if kept_in is None else read_session(kept_in)
    if before is not None:  # it goes on as it was, but for what is asked for now
        settings = as_before(settings, before.settings, click.get_current_context())
        bars = str(settings.bars)
    latent = latent_players(human_with, machine_with, before, click.get_current_context())
    usual = "drums-4" if bars == "4" else "drums-2"
    loaded = load(model or (before.model if before is not None else usual))
    if before is not None and before.kind != loaded.kind:
        raise UsageError(
            f"{go_on} is of {before.kind}, {loaded.name} of {loaded.kind}. Give another --model."
        )
    if human is not None:
        played = _rehearse(loaded, settings, _line(human, loaded.kind), minutes or 2.0, seed, before)
        session = structs.replace(kept(played, loaded.name, before), latent=sorted(latent))
        if folder is not None:
            write_session(folder, session)
    else:
        ports = Ports(device, midi, midi_in, midi_out, osc_in, osc_out)
        options = LiveOptions(late_ms / 1000, monitor, follow_clock, send_clock, folder, latent)
        session = _live(loaded, settings, ports, options, minutes, seed, before, quiet=as_json)
    _tell(session, folder, wav, as_json=as_json)


def latent_players(
    human: str, machine: str, before: KeptJam | None, context: click.Context
) -> frozenset[Who]:
    """Whose instruments are models of sound: as is asked, and where nothing is, as before."""
    kept = frozenset[str]() if before is None else frozenset(before.latent)
    found: set[Who] = set()
    for name, with_, players in (
        ("human_with", human, ("human",)), ("machine_with", machine, ("machine", "second")),
    ):  # fmt: skip
        usual = context.get_parameter_source(name) in (None, click.core.ParameterSource.DEFAULT)
        if (usual and kept.intersection(players)) or (with_ == "latent" and not usual):
            found.update(players)  # type: ignore[arg-type]
    return frozenset(found)


def as_before(asked: JamSettings, before: JamSettings, context: click.Context) -> JamSettings:
    """A session's settings with those that the command line names."""
    import msgspec

    named = {
        name: getattr(asked, name)
        for name in asked.__struct_fields__
        if context.get_parameter_source(name) not in (None, click.core.ParameterSource.DEFAULT)
    }
    return msgspec.structs.replace(before, **named)


def kept_folder(named: str) -> Path:
    """Where a session is kept: a folder, or a session of the library by its name or id. Raises
    SessionUnknown."""
    from isobath.library.home import find_home
    from isobath.library.jams import Jams

    path = Path(named)
    if path.exists() or os.sep in named:
        return path
    jams = Jams(find_home())
    return jams.folder(jams.find(named).id)


def _list_sessions(*, as_json: bool) -> None:
    from isobath.library.home import find_home
    from isobath.library.jams import Jams

    found = Jams(find_home()).all()
    if as_json:
        print_json([
            {"id": each.id, "name": each.session.name, "model": each.session.model, "at": each.at,
             "phrases": len(each.session.turns), "bpm": each.session.settings.bpm}
            for each in found
        ])  # fmt: skip
        return
    for each in found:
        kept_at = time.strftime("%Y-%m-%d %H:%M", time.localtime(each.at))
        session = each.session
        told = f"{len(session.turns)} phrases, {session.model}, {session.settings.bpm:g} beats a minute"
        click.echo(f"{session.name or each.id}: {told}, kept {kept_at}")
    if not found:
        click.echo("No session is kept yet. The page keeps them; with isobath jam, give -o DIR.")


def _line(path: Path, kind: str) -> list[tuple[float, float, int, float]]:
    """What a MIDI file plays, in sixteenths. Raises ScoreError where it plays nothing of this kind."""
    from isobath.symbolic import read_midi
    from isobath.symbolic.bars import CLASS_OF
    from isobath.symbolic.midi import DRUM_CHANNEL

    score = read_midi(path)
    if not score.in_metre(4, 4):
        _, beats, unit = score.metres[0]
        click.echo(
            f"{path.name} begins in {beats}/{unit}. A jam counts 4/4: it answers all the same, but its bar "
            "lines are not the file's.",
            err=True,
        )
    share = 4.0 / score.ticks
    drums = [n for n in score.notes if n.channel == DRUM_CHANNEL] or [*score.notes]
    chosen = drums if kind == "drums" else [n for n in score.notes if n.channel != DRUM_CHANNEL]
    if kind == "drums" and not any(n.pitch in CLASS_OF for n in chosen):
        raise ScoreError(f"{path.name} has no drums in it. Give one with notes on channel 10.")
    if not chosen:
        raise ScoreError(f"{path.name} has no melody in it. Give another file, or a model of drums.")
    return [(n.start * share, n.length * share, n.pitch, n.velocity / 127) for n in chosen]


def _rehearse(
    model: SymbolicModel, settings: JamSettings, line: Sequence[tuple[float, float, int, float]],
    minutes: float, seed: int | None, before: KeptJam | None,
) -> Jam:  # fmt: skip
    from isobath.symbolic.jam import Answerer, Jam
    from isobath.symbolic.jam.keeping import gone_on, last_place
    from isobath.symbolic.jam.simulating import Simulation

    answerers = {who: Answerer(model, (seed or 0) + i) for i, who in enumerate(("machine", "second"))}
    jam = Jam(model.kind, settings) if before is None else gone_on(before, 0.0, settings)
    if before is not None:
        answerers["machine"].recall(last_place(before))
    begin = jam.clock.position(0.0) + 16 * settings.count_in
    whole = begin + max(1, round(minutes * settings.bpm * 4 / settings.steps)) * settings.steps
    Simulation(jam, answerers, line).run(whole - 0.25)  # type: ignore[arg-type]
    return jam


@dataclass(frozen=True)
class Ports:
    """Where a live jam is heard, and who comes in."""

    device: str
    midi: bool
    midi_in: str
    midi_out: str | None
    osc_in: str | None = None
    osc_out: str | None = None


def _live(
    model: SymbolicModel, settings: JamSettings, ports: Ports, options: LiveOptions, minutes: float | None,
    seed: int | None, before: KeptJam | None, *, quiet: bool,
) -> KeptJam:  # fmt: skip
    """Play until Ctrl-C, or so long."""
    from isobath.inputs.midi.playing import MidiPlaying
    from isobath.inputs.osc.playing import OscPlaying
    from isobath.inputs.osc.receiver import read_doorway
    from isobath.outputs.band import Band
    from isobath.outputs.midi import open_port
    from isobath.outputs.osc import OscOutput, read_address
    from isobath.server.jam import LiveJam

    band = Band(ports.device)
    closing = [band.close]
    try:
        send = None
        if ports.midi_out is not None:
            send, close = open_port(ports.midi_out)
            closing.append(close)
        notes = None
        if ports.osc_out is not None:
            outlet = OscOutput(*read_address(ports.osc_out))
            closing.append(outlet.close)
            notes = partial(_say_note, outlet)
        drawn = secrets.randbits(32) if seed is None else seed
        live = LiveJam(model, settings, band, options, seed=drawn, before=before, send=send, notes=notes)
        heard = MidiPlaying(live.hear, ports.midi_in) if ports.midi else None
        if heard is not None:
            closing.append(heard.close)
        if ports.osc_in is not None:
            closing.append(OscPlaying(live.hear, *read_doorway(ports.osc_in)).close)
        if not quiet:
            click.echo(f"Plays on {band.name}, {settings.bpm:g} beats a minute. Ctrl-C ends it.", err=True)
        live.start()
        _watch(live, minutes, quiet=quiet)
        session = live.close()
        if live.sentence and not quiet:
            click.echo(live.sentence, err=True)
        return session
    finally:
        for close in reversed(closing):
            close()


def _say_note(outlet: OscOutput, event: Event) -> None:
    """One of the machine's notes, as it sounds."""
    from isobath.symbolic.bars import CLASSES

    if event.kind == "drum":
        name = CLASSES[event.pitch].replace(" ", "-")
        outlet.say(f"/isobath/{event.who}/drum", (float(event.pitch), event.velocity, name))
    else:
        outlet.say(f"/isobath/{event.who}/note", (float(event.pitch), event.velocity, event.length))


def _watch(live: LiveJam, minutes: float | None, *, quiet: bool) -> None:
    """A line with where the bars are, where someone is looking."""
    end = None if minutes is None else time.monotonic() + 60 * minutes
    shown = not quiet and sys.stderr.isatty()
    with suppress(KeyboardInterrupt):
        while end is None or time.monotonic() < end:
            time.sleep(0.1)
            if shown:
                click.echo(f"\r{line_of(live)}   ", nl=False, err=True)
    if shown:
        click.echo("", err=True)


def line_of(live: LiveJam) -> str:
    """The jam in one line."""
    position = live.jam.clock.position(live.band.now())
    playing = live.jam.playing
    who = "count-in" if playing is None else " and ".join(
        "you" if each == "human" else f"the {each} machine" if each == "second" else "the machine"
        for each in playing[2]
    )  # fmt: skip
    return (
        f"bar {int(position // 16) + 1}, beat {int(position // 4) % 4 + 1}: {who}; {live.jam.missed} repeated"
    )


def _tell(session: KeptJam, out: Path | None, wav: Path | None, *, as_json: bool) -> None:
    if wav is not None:
        _write_sound(session, wav, quiet=as_json)
    phrases = sum(turn.who != "human" for turn in session.turns)
    answer = {
        "phrases": phrases, "human_phrases": len(session.turns) - phrases, "repeated": session.missed,
        "session": None if out is None else str(out), "wav": None if wav is None else str(wav),
    }  # fmt: skip
    if as_json:
        print_json(answer)
        return
    yours = answer["human_phrases"]
    click.echo(f"{phrases} phrases of the machine, {yours} of yours; {session.missed} answers were repeated.")
    if out is not None:
        click.echo(f"Kept in {out}")


def _write_sound(session: KeptJam, path: Path, *, quiet: bool) -> None:
    from isobath.sound.files import write_blocks
    from isobath.symbolic.jam.keeping import session_events
    from isobath.symbolic.jam.sounding import blocks

    events = session_events(session)
    whole = events[-1].seconds if events else 1.0

    def told() -> Iterator[NDArray[np.float32]]:
        done = 0
        with Progress(f"{path.name} is made", whole, quiet=quiet) as progress:
            for block in blocks(events, RATE, session.latent):
                done += block.shape[1]
                progress.at(done / RATE)
                yield block

    write_blocks(path, told(), RATE, 2)
