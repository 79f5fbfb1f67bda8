"""A piece while it is played: the one loop (loop.py), with what changes under the performer's hands.

    live = Live(piece, load_model, ...)
    live.begin()                    # from a fresh past
    block = live.step()             # (2, samples), to the next frame that is due

What a voice plays through can be changed between two steps: a new mapping is blended in over 50 ms, levels
move over 5 ms, the rest with the kernel's smoothing; a scene that is recalled takes its own time. Voices,
models, sources and axes are of the piece as it was given; for others a new Live is made, elsewhere, and the
sound goes over to it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import msgspec
import numpy as np
from numpy.typing import NDArray

from isobath.engine.controls import Controls
from isobath.engine.loop import player_of, sound
from isobath.engine.morphing import go_over, morphings
from isobath.engine.player import Meters
from isobath.engine.scenes import find_scene, morph_seconds, recalled, stations
from isobath.engine.sources import (
    DreamOf,
    Heard,
    LoadSound,
    heard_by,
    quantised,
    recorded_input,
    silence,
    sources_of,
)
from isobath.engine.space import is_placed, settings_of, sounding
from isobath.engine.takes import TakeReader, finished
from isobath.engine.voices import LoadModel, Played, leaders, played, rate_of, voices_of
from isobath.mapping import Mapping
from isobath.protocol.piece import Axis, Id, Piece, Scene, Take, Voice
from isobath.protocol.world import World
from isobath.types import Audio, Gesture

GestureNow = Callable[[], NDArray[np.float64]]
"""The performer's axes at this moment; as many as there are, those that are missing are at rest."""

TouchedNow = Callable[[], NDArray[np.bool_]]
"""Whether a hand is on each axis; as many as there are, the others are left alone."""


def same_structure(one: Piece, other: Piece) -> bool:
    """Whether one Live can play both: the same axes, voices, models and sources."""
    return _structure(one) == _structure(other)


def _structure(piece: Piece) -> object:
    return (
        tuple((axis.id, axis.rest) for axis in piece.axes),
        tuple(_voice_structure(voice) for voice in piece.voices),
        _world_structure(piece.world),
    )


def _world_structure(world: World | None) -> object:
    """Whether there is a space, and which sounds stand in it."""
    if world is None or not is_placed(world):
        return None
    return tuple(None if each.carries is None else each.carries.sound for each in sounding(world))


def _voice_structure(voice: Voice) -> object:
    source = voice.source
    heard = (source.kind, source.sound, source.voice)
    dream = (source.temperature, source.seed) if source.kind == "prior" else ()
    return (voice.id, voice.model, voice.follows, voice.seed, heard, dream)


def passed_over(piece: Piece, take: Take) -> tuple[Scene, ...]:
    """Scenes of a take that one Live of this piece cannot go to: they bring another structure."""
    scenes = {each.scene: find_scene(piece, each.scene) for each in take.scenes}
    return tuple(
        scene
        for scene in scenes.values()
        if scene is not None and not same_structure(recalled(piece, scene), piece)
    )


@dataclass(eq=False)
class _Switched:
    """What comes in live, or the recorded input of the take that is played."""

    live: Heard
    now: Heard = field(init=False)

    def __post_init__(self) -> None:
        self.now = self.live

    def __call__(self, start: int, samples: int) -> Audio:
        return self.now(start, samples)


_NO_TAKE = Take(id="", name="", hop=1, sample_rate=1, length=0, axes=(), frames=(), points=())


def _untouched() -> NDArray[np.bool_]:
    return np.zeros(0, dtype=np.bool_)


@dataclass
class _Recording:
    """Rows of a take that is being recorded."""

    frames: list[int] = field(default_factory=list)
    points: list[tuple[float, ...]] = field(default_factory=list)


@dataclass(eq=False)
class Way:
    """A take's way through scenes, ready to be gone."""

    frames: tuple[int, ...]
    """The first is 0."""
    pieces: tuple[Prepared, ...]
    seconds: tuple[float, ...]
    home: Prepared
    """What the voices go back to."""
    at: int = -1


class Live:
    """One piece. Not for several threads at once."""

    def __init__(
        self,
        piece: Piece,
        load_model: LoadModel,
        now: GestureNow,
        *,
        touched: TouchedNow = _untouched,
        comes_in: Heard = silence,
        load_sound: LoadSound | None = None,
        dream_of: DreamOf | None = None,
        sample_rate: int | None = None,
    ) -> None:
        """now: the performer; touched: which axes are theirs while a take plays. comes_in: live input, asked
        for in samples since the last beginning.
        sample_rate: Hz, at which it comes and is played; None: the piece's own.

        Raises PieceError, ModelError, AudioError or MappingError where the piece's parts do not fit together.
        """
        self.piece = piece
        self._now, self._touched, self._load_sound = now, touched, load_sound
        found = voices_of(piece, load_model)
        self.voices = morphings(found)
        self.taken = (piece, tuple(each.mapping for each in found))
        """The piece that was taken over last, and the mapping of each of its voices: one value, replaced
        whole, so that another thread never reads the piece of one change with the mappings of another."""
        self.rate = sample_rate or rate_of(found)
        self.sources = sources_of(piece, _NO_TAKE, found, load_sound, dream_of, self.rate)
        self._inputs: list[_Switched] = []
        for slot, voice in enumerate(piece.voices):
            if voice.source.kind == "input":
                switched = _Switched(lambda start, samples: quantised(comes_in(start, samples)))
                self._inputs.append(switched)
                self.sources.heard[slot] = heard_by(found[slot].model, switched, self.rate)
        self.player = player_of(found, Controls.of(piece), 2, self.sources, self.rate)
        self.position = 0
        """Samples since the last beginning."""
        self.take: Take | None = None
        """The one that is played."""
        self._reader: TakeReader | None = None
        self._hands = True
        """Axes that a hand is on are the performer's while a take plays."""
        self._idle: NDArray[np.bool_] = np.zeros(0, dtype=np.bool_)
        """Axes that a hand lay on when the take began: they count once it moves, or comes anew."""
        self._idle_at: Gesture = np.zeros(0)
        self._own: NDArray[np.bool_] = np.zeros(0, dtype=np.bool_)
        """Axes of the performer at the last frame of the take."""
        self._mixed: Gesture = np.zeros(0)
        self._over: Take | None = None
        """The take over which one is recorded."""
        self._way: Way | None = None
        self._skip = 0
        self._recording: _Recording | None = None
        self._recorded_seed = 1
        self.noted: Callable[[int, tuple[float, ...]], None] = lambda *_: None
        """Is told each row of a recording as it is made: its frame, the axes."""
        self._gesture: Gesture = np.zeros(0)
        self.heard: Gesture = np.zeros(0)
        """(axes,) the gesture of the last frame."""
        self._stretches: Iterator[Audio] = iter(())
        self._most: int | None = None
        """Samples that the step may have that is made just now."""
        self.begin()

    @property
    def listens(self) -> bool:
        """Something here hears what comes in live."""
        return bool(self._inputs)

    # ------------------------------------------------------------------------------ playing

    def begin(self, seed: int = 1, at: int = 0) -> None:
        """From a fresh past, fading in over 10 ms, over what sounds; `at`: samples into the take."""
        self.position, self._skip = 0, at
        self._begin_rows()
        self._stretches = sound(self.player, self.voices, self._at, seed, self.sources, lambda: self._most)

    def step(self, most: int | None = None) -> Audio:
        """The sound up to the next frame that is due, (2, samples), or no more than so many."""
        self._most = most
        block = next(self._stretches)
        self.position += block.shape[1]
        return block

    @property
    def place(self) -> int:
        """Samples into the take, or since the last beginning."""
        return self.position + self._skip

    @property
    def joins(self) -> bool:
        """It can go on anywhere: nothing here is heard in step with its own beginning."""
        return not self.sources.heard and not self.sources.aparts and not self.sources.dreams

    @property
    def on_way(self) -> bool:
        """A take goes through scenes."""
        return self._way is not None

    def frame_at(self, place: int) -> int:
        """Of the take that is played or recorded, by the first voice's model."""
        model = self.voices[0].model
        return int(place * model.sample_rate // (model.hop * self.rate))

    def join(self, at: int) -> None:
        """Go on as it is, with the take's gestures, or a recording, from its sample `at` on."""
        self._skip = at - self.position
        self._begin_rows()

    def rest(self) -> None:
        """Nobody hears it: the next beginning is from silence, and quick."""
        self.player.reset(1)
        self.begin()

    def _at(self, sample: int) -> Gesture:
        """What holds: the take's row, or where the performer is. The same array while nothing changes."""
        gesture = self._of_take(sample) if self.take is not None else self._of_performer()
        self.heard = gesture
        if self._recording is not None:
            self._note(self._recording, sample, gesture)
        if any(voice.moves for voice in self.voices):
            gesture = gesture.copy()  # so that it is asked again what it means
        return gesture

    def _of_take(self, sample: int) -> Gesture:
        assert self._reader is not None
        assert self.take is not None
        self._go_on_way(self._reader.frame(sample + self._skip))
        ends = not self.take.loop and self._over is None
        if ends and sample + self._skip >= self._reader.samples + self.player.delay:
            self.stop()
            return self._of_performer()
        return self._under_hands(self._reader(sample + self._skip))

    def _go_on_way(self, frame: int) -> None:
        """To the scene that the take is in; one that begins again is in the first at once."""
        way = self._way
        if way is None or (found := max(0, bisect_right(way.frames, frame) - 1)) == way.at:
            return
        seconds = way.seconds[found] if found > way.at >= 0 else 0.0
        way.at = found
        self._go_over(way.pieces[found], seconds)

    def _go_over(self, prepared: Prepared, seconds: float | None) -> None:
        go_over(self.voices, prepared.voices, self.player, prepared.controls, seconds, master=False)
        for slot, apart in self.sources.aparts.items():
            apart.set(prepared.controls.voices[slot])

    def way_of(self, take: Take) -> Way | None:
        """A take's way through scenes, as far as these have the voices that play; None where it has none.
        Takes time, and may run in another thread. Raises ModelMismatch or MappingError where a mapping does
        not fit.
        """
        gone = {each.id for each in passed_over(self.piece, take)}
        changes = tuple(each for each in take.scenes if each.scene not in gone)
        found = stations(self.piece, msgspec.structs.replace(take, scenes=changes))
        if not found:
            return None
        return Way(
            frames=tuple(each.frame for each in found),
            pieces=tuple(prepare(each.piece, self, anew=True) for each in found),
            seconds=tuple(each.seconds for each in found),
            home=prepare(self.piece, self, anew=True),
        )

    def input_of(self, take: Take, takes: Sequence[Take]) -> Heard | None:
        """What came in while a take was recorded, where something here hears it; None elsewhere, and where
        it was recorded without: then what comes in live is heard. Takes time, and may run in another thread.
        Raises PieceError, AudioError.
        """
        if not self._inputs:
            return None
        return recorded_input(take, takes, self.rate, self._load_sound, take.loop)

    def _under_hands(self, row: Gesture) -> Gesture:
        """The take's row, but for the axes that a hand is on."""
        if not self._hands:
            return row
        touched, hands = self._touching(), self._of_performer()
        self._idle &= touched & (hands == self._idle_at)
        self._own = touched & ~self._idle
        if not self._own.any():
            return row
        mixed = np.where(self._own, hands, row)
        if not np.array_equal(mixed, self._mixed):
            self._mixed = mixed
        return self._mixed

    def _touching(self) -> NDArray[np.bool_]:
        """(axes,)"""
        given = self._touched()[: len(self.piece.axes)]
        return np.concatenate([given, np.zeros(len(self.piece.axes) - len(given), dtype=np.bool_)])

    def _of_performer(self) -> Gesture:
        given = self._now()
        rests = np.array([axis.rest for axis in self.piece.axes], dtype=np.float64)
        both = min(len(given), len(rests))
        found = rests.copy()
        found[:both] = np.where(np.isfinite(given[:both]), np.clip(given[:both], 0.0, 1.0), rests[:both])
        if len(found) != len(self._gesture) or not np.array_equal(found, self._gesture):
            self._gesture = found
        return self._gesture

    # -------------------------------------------------------------------------------- takes

    def play(
        self,
        take: Take,
        takes: Sequence[Take] = (),
        at: int = 0,
        *,
        hands: bool = True,
        way: Way | None = None,
        recorded: Heard | None = None,
        reader: TakeReader | None = None,
    ) -> None:
        """Play a take from its sample `at` on, from a fresh past, on its `way` through scenes, with its
        `recorded` input and its `reader` (both got here where they are not given); with `hands`, axes that
        are touched are the performer's meanwhile. Raises PieceError, AudioError."""
        self._follow(take, takes, hands, way, recorded, reader)
        self.begin(take.seed, at)

    def reader_of(self, take: Take, takes: Sequence[Take]) -> TakeReader:
        """A take, looked through and ready to be read; takes time with long ones. Raises PieceError."""
        return TakeReader(take, self.piece.axes, self.rate, takes, loop=take.loop)

    def _follow(
        self,
        take: Take,
        takes: Sequence[Take],
        hands: bool,
        way: Way | None,
        recorded: Heard | None,
        reader: TakeReader | None,
    ) -> None:
        reader = reader if reader is not None else self.reader_of(take, takes)
        heard = recorded if recorded is not None else self.input_of(take, takes)
        for each in self._inputs:  # it is counted from where the take begins, not from where we do
            each.now = (
                each.live if heard is None else lambda start, samples: heard(start + self._skip, samples)
            )
        self.take, self._reader, self._hands = take, reader, hands
        self._leave_way()
        self._way = way
        if way is not None:
            self._go_on_way(0)
            for voice in self.voices:
                voice.settle()
        self._idle, self._idle_at = self._touching(), self._of_performer()
        self._own = np.zeros(len(self.piece.axes), dtype=np.bool_)

    def stop(self) -> None:
        """The performer's gestures are heard again; the sound goes on."""
        self.take = self._reader = None
        self._leave_way()
        for each in self._inputs:
            each.now = each.live

    def _leave_way(self) -> None:
        way, self._way = self._way, None
        if way is not None:
            self._go_over(way.home, None)
            self.taken = _taken(way.home)

    def record(
        self,
        seed: int,
        at: int = 0,
        over: Take | None = None,
        takes: Sequence[Take] = (),
        way: Way | None = None,
        recorded: Heard | None = None,
        reader: TakeReader | None = None,
    ) -> None:
        """Keep what the performer does from now on, from a fresh past; `at`: samples that were recorded
        elsewhere before. over: plays meanwhile, but for the axes that a hand is on, and holds its last row
        once it has ended; `takes`: those below it; `way`, `recorded`, `reader`: as in `play`.

        Raises PieceError, AudioError.
        """
        self.stop()
        self._recording, self._recorded_seed, self._over = _Recording(), seed, over
        if over is not None:
            self._follow(over, takes, True, way, recorded, reader)
        self.begin(seed, at)

    def _begin_rows(self) -> None:
        """What is recorded goes on from elsewhere: its first row is told whatever the one before was."""
        if self._recording is not None:
            self._recording = _Recording()

    def recorded(self, id: Id, name: str) -> Take | None:
        """The take recorded so far, and no more of it; None where none is being recorded."""
        found, over = self.as_recorded(id, name)
        return None if found is None else finished(found, over)

    def as_recorded(self, id: Id, name: str) -> tuple[Take | None, Take | None]:
        """The same before it is `finished`, and the take it was recorded over, which plays no more."""
        kept, self._recording = self._recording, None
        over, self._over = self._over, None
        if kept is None:
            return None, None
        if over is not None:
            self.stop()
        return self._raw(kept, id, name), over

    def _raw(self, kept: _Recording, id: Id, name: str) -> Take:
        model = self.voices[0].model
        return Take(
            id=id,
            name=name,
            hop=model.hop,
            sample_rate=model.sample_rate,
            length=max(1, -(-self.place * model.sample_rate // (model.hop * self.rate))),
            axes=tuple(axis.id for axis in self.piece.axes),
            frames=tuple(kept.frames),
            points=tuple(kept.points),
            seed=self._recorded_seed,
        )

    def _note(self, kept: _Recording, sample: int, gesture: Gesture) -> None:
        model = self.voices[0].model
        frame = int((sample + self._skip) * model.sample_rate // (model.hop * self.rate))
        row = tuple(gesture.tolist())
        if self._over is not None:
            row += tuple(self._own.astype(float).tolist())
        if kept.points and kept.points[-1] == row:
            return
        if kept.frames and kept.frames[-1] == frame:
            kept.points[-1] = row
        else:
            kept.frames.append(frame)
            kept.points.append(row)
        self.noted(frame, row)

    # ------------------------------------------------------------------------------ changes

    def change(self, prepared: Prepared) -> None:
        """Take over what `prepare` got ready."""
        seconds = morph_seconds(self.piece, prepared.piece)
        self.piece = prepared.piece
        if self._way is not None:
            self._way.home = prepared
        if (
            self.player.space is not None
            and self.sources.placing is not None
            and self.piece.world is not None
        ):
            self.player.space.set(settings_of(self.piece, self.sources.placing.frame_seconds))
            self.player.space.walk(self.piece.world, self.piece.axes)
        go_over(self.voices, prepared.voices, self.player, prepared.controls, seconds)
        for slot, apart in self.sources.aparts.items():
            apart.set(prepared.controls.voices[slot])
        self.taken = _taken(prepared)

    def direct(self, voice: Id, latent: Sequence[float] | None) -> None:
        """Let a voice play a latent (dims,) instead of its mapping, or no longer."""
        for slot, each in enumerate(self.piece.voices):
            if each.id == voice:
                self.voices[slot].direct(latent)

    def freeze(self, on: bool) -> None:
        """Hold the latents where they are, or glide from there to where the performer is."""
        for voice in self.voices:
            voice.freeze(on)

    def panic(self) -> None:
        """Silence within 64 samples, until it begins again."""
        self.player.panic()

    def meters(self) -> Meters:
        """What was heard since they were last read."""
        return self.player.meters()

    def latents(self) -> list[NDArray[np.float32]]:
        """What the decoder of each voice was last given, (dims,) each."""
        return [self.player.latent(slot)[: each.model.dims] for slot, each in enumerate(self.voices)]

    def meant(self) -> list[NDArray[np.float64] | None]:
        """What mapping and sliders of each voice said last, (dims,) each; None before the first frame."""
        return [each.said for each in self.voices]

    def said(self) -> list[NDArray[np.float32] | None]:
        """What the source of each voice said last, (dims,) each, before the performer; None: it has none, or
        another process hears it."""
        return [self.player.said(slot) for slot in range(len(self.voices))]

    def ears(self) -> list[tuple[float, float, float] | None]:
        """Of each voice that listens here: peak of what came in since this was last read, its LUFS (0: not
        known yet), and the decibels by which it is brought to the model's own."""
        found: list[tuple[float, float, float] | None] = []
        for slot, voice in enumerate(self.piece.voices):
            if voice.source.kind not in ("input", "sound", "voice") or slot in self.sources.aparts:
                found.append(None)
                continue
            heard = self.player.heard(slot)
            found.append((heard.peak, heard.lufs or 0.0, heard.match_db))
        return found


@dataclass(frozen=True, eq=False)
class Prepared:
    """A piece of the same structure, ready to be taken over in one step."""

    piece: Piece
    controls: Controls
    voices: list[Played]


def prepare(piece: Piece, live: Live, anew: bool = False) -> Prepared:
    """Everything of a change that takes time; may run in another thread. `piece` has `live`'s structure.
    anew: make the mappings that did not change, too, as on a way through scenes others are played.

    Raises ModelMismatch or MappingError where a mapping does not fit.
    """
    taken, mappings = live.taken
    anew = anew or live.on_way
    own: list[Played] = []
    for voice, each, before, mapping in zip(piece.voices, live.voices, taken.voices, mappings, strict=True):
        if not anew and _same_mapping(voice, before):  # most changes: the mapping stays as it is
            made = played(_without_mapping(voice), each.model, len(piece.axes))
            own.append(replace(made, mapping=mapping))
        else:
            own.append(played(voice, each.model, len(piece.axes)))
    known = {voice.id: each for voice, each in zip(piece.voices, own, strict=True)}
    follow = leaders(piece.voices)
    return Prepared(
        piece,
        Controls.of(piece),
        [
            replace(each, leader=known[follow[voice.id]]) if voice.id in follow else each
            for voice, each in zip(piece.voices, own, strict=True)
        ],
    )


def _taken(prepared: Prepared) -> tuple[Piece, tuple[Mapping | None, ...]]:
    return prepared.piece, tuple(each.mapping for each in prepared.voices)


def _same_mapping(one: Voice, other: Voice) -> bool:
    def of(voice: Voice) -> object:
        kept = voice.fitted if voice.side == "a" else voice.fitted_other
        return (
            (voice.side, kept)
            if kept is not None
            else (voice.side, voice.mapping, voice.other, voice.demonstrations)
        )

    return of(one) == of(other)


def _without_mapping(voice: Voice) -> Voice:
    return msgspec.structs.replace(voice, fitted=None, fitted_other=None, demonstrations=())


def axes_at(axes: Sequence[Axis], values: dict[Id, float]) -> NDArray[np.float64]:
    """Values by axis id, in the order of the axes; those that are not given are at rest."""
    return np.array([values.get(axis.id, axis.rest) for axis in axes], dtype=np.float64)
