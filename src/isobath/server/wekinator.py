"""A patch made for Wekinator plays the piece on the page.

Its inputs move the axes, its record button places the sound that is heard where the hand is, and what
the piece's first voice has learned leaves as Wekinator's outputs. Recorded gestures are messages of their
names, to the patch and to the piece, whose triggers may ask for them. What the page does itself, such as
deleting demonstrations, is refused by name.
"""

import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec
import numpy as np

from isobath.errors import MappingError, SaveError, UsageError
from isobath.inputs.osc.packets import AT_ONCE, Message, Value
from isobath.inputs.osc.receiver import OscReceiver
from isobath.inputs.wekinator import CONTROL, DONE, REFUSED
from isobath.inputs.wekinator_gestures import MOST_GESTURES, Gestures, read_gestures
from isobath.library.files import write_whole
from isobath.mapping import Mapping
from isobath.mapping.exchange.wekinator import IN_ADDRESS, IN_PORT, OUT_ADDRESS, OUT_PORT, open_project
from isobath.outputs.osc import OscOutput
from isobath.protocol.piece import Piece
from isobath.server.controllers import Controllers

Tell = Callable[[str], None]

_DONE_ON_THE_PAGE = "While Isobath plays, this is done on the page."
_NO_FILES = "While Isobath plays, no message opens a file; isobath wekinator --files FOLDER does so."
_FILES = frozenset({"loadModelFromFile", "saveModelToFile", "runNewProject"})
_QUIET = frozenset(
    {"stopRecording", "cancelTrain", "enablePerformanceMode", "disablePerformanceMode", "setInputNames"}
)


class Wide:
    """Inputs of any range onto 0..1: as they are while they stay between 0 and 1, and otherwise between the
    lowest and the highest that each has had."""

    def __init__(self) -> None:
        self._low: list[float] = []
        self._high: list[float] = []

    def scaled(self, values: Sequence[float]) -> list[float]:
        """The values, 0..1; what is no number is NaN."""
        while len(self._low) < len(values):
            self._low.append(0.0)
            self._high.append(1.0)
        for i, value in enumerate(values):
            if math.isfinite(value):
                self._low[i] = min(self._low[i], value)
                self._high[i] = max(self._high[i], value)
        return [
            (value - low) / (high - low) if math.isfinite(value) else math.nan
            for value, low, high in zip(values, self._low, self._high, strict=False)
        ]


class WekinatorDoor:
    """Listens on Wekinator's port for as long as the page is served."""

    def __init__(
        self,
        controllers: Controllers,
        tell: Tell,
        listens: tuple[str, int] = ("127.0.0.1", IN_PORT),
        sends: tuple[str, int] = ("127.0.0.1", OUT_PORT),
        gestures: Path | None = None,
    ) -> None:
        """gestures: the file that recorded ones are read from and kept in, or a Wekinator project with some;
        None: they end with it.

        Raises UsageError where it cannot listen or there is no such host, MappingError for a wrong file.
        """
        self.gestures, self._file = (Gestures(), None) if gestures is None else _kept(gestures)
        self.running = True
        self.refused = 0
        self._hub = controllers.hub
        self._tell = tell
        self._said: set[str] = set()
        self._wide = Wide()
        self._piece: Piece | None = None
        self._mapping: Mapping | None = None
        self._output = OscOutput(*sends)
        controllers.watchers.append(self.show)
        try:
            self.receiver = OscReceiver(*listens, self.take)
        except UsageError as error:
            self._output.close()
            raise UsageError(
                f"Port {listens[1]}, on which Wekinator is spoken to, is taken. Is Wekinator running, "
                "or another Isobath? End it first."
            ) from error

    def close(self) -> None:
        """Listen no more."""
        self.receiver.close()
        self._output.close()

    def show(self, piece: Piece) -> None:
        """The piece that is played, as it is now."""
        before, self._piece = self._piece, piece
        voice = next(iter(piece.voices), None)
        fitted = None if voice is None else voice.fitted_other if voice.side == "b" else voice.fitted
        old = None if before is None or not before.voices else before.voices[0]
        if old is not None and (old.fitted_other if old.side == "b" else old.fitted) is fitted:
            return
        self._mapping = None
        if fitted is not None:
            with suppress(MappingError):
                self._mapping = Mapping.from_plain(fitted)

    def take(self, message: Message) -> None:
        """A message came in, in the receiver's thread."""
        if message.address == IN_ADDRESS:
            self._inputs(message.values)
        elif message.address.startswith(CONTROL):
            self._control(message.address, message.address.removeprefix(CONTROL), message.values)
        else:
            self._hub.osc(message)

    def _inputs(self, values: Sequence[Value]) -> None:
        numbers = [float(one) if isinstance(one, float | int) else math.nan for one in values]
        if self._hub.hears(IN_ADDRESS):
            self._hub.osc(Message(IN_ADDRESS, tuple(numbers), AT_ONCE))
        else:
            numbers = self._wide.scaled(numbers)
            self._hub.osc(Message("/isobath/axes", tuple(numbers), AT_ONCE))
        mapping = self._mapping
        self._follow(numbers)
        if self.running and mapping is not None and all(map(math.isfinite, numbers)):
            place = self._place(numbers, mapping.axes)
            self._output.say(OUT_ADDRESS, mapping(np.array(place)).tolist())

    def _follow(self, numbers: Sequence[float]) -> None:
        """Record a gesture, or let one that was recognised happen."""
        found = self.gestures.put(numbers)
        if found is None or not self.running:
            return
        self._output.say(f"/{found}", ())
        for value in (1.0, 0.0):
            self._hub.osc(Message(f"/{found}", (value,), AT_ONCE))

    def _record(self, word: str, values: Sequence[Value]) -> None:
        """Begin or end a recording."""
        if word == "startDtwRecording":
            number = values[0] if values else None
            if isinstance(number, int | float) and 1 <= number <= MOST_GESTURES:
                self.gestures.start(int(number))
                self._tell(f"Recording {self.gestures.names[int(number) - 1]}.")
            return
        said = self.gestures.stop()
        if said:
            self._tell(said)
        if self._file is not None and self.gestures.recorded:
            try:
                write_whole(self._file, [msgspec.json.encode(self.gestures.file)])
            except SaveError as error:
                self._tell(str(error))

    def _place(self, numbers: Sequence[float], axes: int) -> Sequence[float]:
        """Where the axes are: what came in where each has one, otherwise where the piece says they are."""
        piece = self._piece
        if len(numbers) == axes and not self._hub.hears(IN_ADDRESS):
            return numbers
        surface = None if piece is None else self._hub.surface(piece.id)
        at = [0.5] * axes if surface is None else surface.board.values
        return [at[i] if i < len(at) else 0.5 for i in range(axes)]

    def _control(self, address: str, word: str, values: Sequence[Value]) -> None:
        if word in {"startDtwRecording", "stopDtwRecording"}:
            self._record(word, values)
        elif word == "startRecording":
            self._hub.osc(Message("/isobath/demonstrate", (1.0,), AT_ONCE))
        elif word == "train":
            self._output.say(DONE, ())
        elif word in {"startRunning", "stopRunning"}:
            self.running = word == "startRunning"
        elif word not in _QUIET:
            self.refused += 1
            sentence = _NO_FILES if word in _FILES else _DONE_ON_THE_PAGE
            if address not in self._said and len(self._said) < 100:
                self._said.add(address)
                self._tell(f"{address[:60]}: {sentence}")
            self._output.say(REFUSED, (address[:200], sentence))


def _kept(path: Path) -> tuple[Gestures, Path | None]:
    """What was recorded, and the file for more; a zip is left as it is."""
    if path.is_dir() or path.suffix.lower() in {".wekproj", ".zip"}:
        project = open_project(path)
        names = [name for one in project.outputs for name in one.gestures]
        known = None if project.gestures is None else read_gestures(project.gestures)
        root = path if path.is_dir() else path.parent
        inside = root / "current" / "gestures.json"
        return Gestures(known, names), inside if inside.parent.is_dir() else None
    try:
        return Gestures(read_gestures(path.read_bytes()) if path.exists() else None), path
    except OSError as error:
        raise MappingError(f"{path} cannot be read ({error.strerror}).") from error
