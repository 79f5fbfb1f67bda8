"""What Wekinator does when it is spoken to by OSC, done by a mapping of Isobath.

Inputs come, outputs go; in between examples are recorded, learned from and forgotten, all by messages
under `/wekinator/control/`, so that a patch made for Wekinator needs no change. No sound and no socket
is in here: messages are handed in, and what is to be sent is handed out.

Where Wekinator is strict it is not copied: numbers of any OSC type are numbers, and an input that is no
number is left out and counted, not taken for 0. What Isobath does not do, such as opening files that a
message names, is refused by name: in a sentence here, and as `/isobath/refused` with address and sentence
to whoever listens for outputs.

Recorded gestures are followed while it runs: each that is recognised leaves as a message of its name, and
where a project has nothing else, the distances to all of them leave as outputs.
"""

import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from isobath.errors import IsobathError
from isobath.inputs.wekinator_gestures import MOST_GESTURES, Gestures, read_gestures
from isobath.mapping import Mapping, Settings
from isobath.mapping.exchange.examples import Examples, fit_examples
from isobath.mapping.exchange.wekinator import Project, ProjectOutput
from isobath.mapping.terms import Floats

CONTROL = "/wekinator/control/"
DONE = "/wekinator/status/done-training"
REFUSED = "/isobath/refused"
MOST_EXAMPLES = 200_000
MOST_PORTS = 1024
"""Most inputs, and most outputs."""

Value = float | int | str | bytes | None
Send = Callable[[str, Sequence[float | str]], None]
Tell = Callable[[str], None]

_FILES = "Isobath opens no files that a message names. Give the project when you start it."
_REFUSALS = {
    "loadModelFromFile": _FILES,
    "saveModelToFile": _FILES,
    "runNewProject": _FILES,
}


@dataclass
class WekinatorCounts:
    """What came in so far."""

    inputs: int = 0
    sent: int = 0
    wrong_size: int = 0
    no_numbers: int = 0
    unknown: int = 0
    refused: int = 0
    full: int = 0
    recognised: int = 0


@dataclass
class _Row:
    """One example; NaN in `targets` where it was not recorded for an output."""

    point: tuple[float, ...]
    targets: list[float]
    round: int


@dataclass
class _Ports:
    """Per output: which inputs it listens to, whether it is recorded, whether it runs."""

    axes: list[tuple[int, ...] | None] = field(default_factory=list)
    records: list[bool] = field(default_factory=list)
    runs: list[bool] = field(default_factory=list)

    @staticmethod
    def of(outputs: int) -> "_Ports":
        return _Ports([None] * outputs, [True] * outputs, [True] * outputs)


class Wekinator:
    """One project that is spoken to.

    `take` may be called from any one thread; learning happens in another, and the map before it
    plays on meanwhile. `fixed` says whether the numbers of inputs and outputs were asked for;
    otherwise they follow the first messages, as long as nothing is recorded.
    """

    def __init__(
        self,
        project: Project,
        send: Send,
        tell: Tell,
        settings: Settings | None = None,
        *,
        fixed: tuple[bool, bool] = (True, True),
    ) -> None:
        self.project = project
        self.settings = settings or Settings()
        self.counts = WekinatorCounts()
        self.recording = False
        self.running = False
        self.mapping: Mapping | None = project.trained
        self.values = [0.0] * len(project.outputs)
        self.saved = threading.Event()
        """Clear while there are examples that nobody has saved."""
        self.saved.set()
        self._send, self._tell = send, tell
        self._fixed = fixed
        self._ports = _Ports.of(len(project.outputs))
        self._rows = _rows_of(project)
        recorded = None if project.gestures is None else read_gestures(project.gestures)
        self._only_gestures = all(one.kind == "gestures" for one in project.outputs)
        names = [name for one in project.outputs for name in one.gestures]
        self.gestures = Gestures(recorded, names)
        self._round = max((row.round for row in self._rows), default=0)
        self._said: set[str] = set()
        self._lock = threading.Lock()
        self._training: threading.Thread | None = None
        self._cancelled = threading.Event()

    # ---------------------------------------------------------------------- what comes in

    def take(self, address: str, values: Sequence[Value]) -> None:
        """A message."""
        if address == self.project.in_address:
            self._inputs(values)
        elif address.startswith(CONTROL):
            self._control(address, address.removeprefix(CONTROL), values)
        elif address == "/wek/inputs/bundle":
            self._refuse(address, _FILES)
        else:
            self.counts.unknown += 1
            self._once(
                f"{address[:60]} is not listened to; inputs are {self.project.in_address} with "
                f"{len(self.project.inputs)} numbers."
            )

    def _inputs(self, values: Sequence[Value]) -> None:
        count = len(self.project.inputs)
        self.counts.inputs += 1
        if len(values) != count:
            if self._fixed[0] or self._rows or self.mapping or not 0 < len(values) <= MOST_PORTS:
                self.counts.wrong_size += 1
                self._once(f"{len(values)} inputs came in, but there are {count}; they are left out.")
                return
            names = tuple(f"inputs-{i + 1}" for i in range(len(values)))
            self.project = replace(self.project, inputs=names)
            self._tell(f"{len(values)} inputs.")
        point = tuple(
            float(one) if isinstance(one, float | int) and math.isfinite(one) else math.nan for one in values
        )
        if any(one != one for one in point):
            self.counts.no_numbers += 1
            self._once("An input is no number; messages like that are left out.")
            return
        if self.recording:
            self._record(point)
        if self.running and self.mapping is not None:
            self._run(self.mapping, point)
        if self.gestures.recording is not None or self.running:
            self._follow(point)

    def _follow(self, point: tuple[float, ...]) -> None:
        """Record a gesture, or find one that was recorded."""
        gestures = self.gestures
        found = gestures.put(point)
        if gestures.recording is not None or not gestures.recorded:
            return
        if self._only_gestures or self.mapping is None:
            self.counts.sent += 1
            self._send(self.project.out_address, gestures.distances)
        if found is not None:
            self.counts.recognised += 1
            self._send(f"/{found}", ())

    def _record(self, point: tuple[float, ...]) -> None:
        if len(self._rows) >= MOST_EXAMPLES:
            self.counts.full += 1
            self._once(f"There are {MOST_EXAMPLES} examples, which is the most. Delete some.")
            return
        targets = [
            value if record else math.nan
            for value, record in zip(self.values, self._ports.records, strict=True)
        ]
        with self._lock:
            self._rows.append(_Row(point, targets, self._round))
        self.saved.clear()

    def _run(self, mapping: Mapping, point: tuple[float, ...]) -> None:
        if mapping.axes != len(point) or mapping.dims != len(self.values):
            return
        heard = mapping(np.array(point)).tolist()
        for index, (output, runs) in enumerate(zip(self.project.outputs, self._ports.runs, strict=True)):
            if runs:
                self.values[index] = _shaped(heard[index], output)
        self.counts.sent += 1
        self._send(self.project.out_address, self.values)

    # --------------------------------------------------------------------------- control

    def _control(self, address: str, word: str, values: Sequence[Value]) -> None:
        if word in _REFUSALS:
            self._refuse(address, _REFUSALS[word])
            return
        act = getattr(self, f"_do_{word}", None) if word.isidentifier() else None
        if act is None:
            self.counts.unknown += 1
            self._once(f"{address[:60]} is nothing that Wekinator knows.")
            return
        try:
            act(values)
        except _Wrong as problem:
            self._refuse(address, str(problem))

    def _do_startRecording(self, _: Sequence[Value]) -> None:
        if not self.recording:
            self._round += 1
            self.recording = True
            self._tell(f"Recording, round {self._round}.")

    def _do_stopRecording(self, _: Sequence[Value]) -> None:
        if self.recording:
            self.recording = False
            self._tell(f"{len(self._rows)} examples.")

    def _do_startDtwRecording(self, values: Sequence[Value]) -> None:
        (number,) = self._numbers(values, MOST_GESTURES, "gesture", exactly=1)
        self.gestures.start(number + 1)
        self._tell(f"Recording {self.gestures.names[number]}.")

    def _do_stopDtwRecording(self, _: Sequence[Value]) -> None:
        said = self.gestures.stop()
        if said:
            self.saved.clear()
            self._tell(said)

    def _do_train(self, _: Sequence[Value]) -> None:
        if self._training is not None and self._training.is_alive():
            self._once("Learning already; another train is left out until it is done.")
            return
        if not self._rows and self.gestures.recorded:
            self._send(DONE, ())  # gestures are learned as soon as they are recorded
            return
        if not self._rows:
            raise _Wrong("There is nothing to learn from yet. Record an example first.")
        self._cancelled.clear()
        self._training = threading.Thread(target=self._train, name="isobath-learning", daemon=True)
        self._training.start()

    def _do_cancelTrain(self, _: Sequence[Value]) -> None:
        self._cancelled.set()

    def _do_startRunning(self, _: Sequence[Value]) -> None:
        if self.mapping is None and not self.gestures.recorded:
            self._once("Nothing is learned yet; outputs begin once it is.")
        self.running = True

    def _do_stopRunning(self, _: Sequence[Value]) -> None:
        self.running = False

    def _do_deleteAllExamples(self, _: Sequence[Value]) -> None:
        with self._lock:
            self._rows = []
        self.gestures.clear()
        self.saved.clear()
        self._tell("All examples are deleted.")

    def _do_deleteExamplesForOutput(self, values: Sequence[Value]) -> None:
        if self._only_gestures:
            (number,) = self._numbers(values, len(self.gestures.names), "gesture", exactly=1)
            self.gestures.clear(number + 1)
            self.saved.clear()
            return
        (index,) = self._numbers(values, len(self.values), "output", exactly=1)
        with self._lock:
            for row in self._rows:
                row.targets[index] = math.nan
            self._rows = [row for row in self._rows if any(value == value for value in row.targets)]
        self.saved.clear()

    def _do_outputs(self, values: Sequence[Value]) -> None:
        count = len(values)
        if count != len(self.values):
            if self._fixed[1] or self._rows or self.mapping or not 0 < count <= MOST_PORTS:
                raise _Wrong(f"{count} values came for {len(self.values)} outputs.")
            outputs = tuple(ProjectOutput(f"outputs-{i + 1}") for i in range(count))
            self.project = replace(self.project, outputs=outputs)
            self.values, self._ports = [0.0] * count, _Ports.of(count)
            self._tell(f"{count} outputs.")
        for index, value in enumerate(values):
            if isinstance(value, float | int) and math.isfinite(value):
                self.values[index] = _shaped(float(value), self.project.outputs[index])

    def _do_enableModelRecording(self, values: Sequence[Value]) -> None:
        self._switch(self._ports.records, values, True)

    def _do_disableModelRecording(self, values: Sequence[Value]) -> None:
        self._switch(self._ports.records, values, False)

    def _do_enableModelRunning(self, values: Sequence[Value]) -> None:
        self._switch(self._ports.runs, values, True)

    def _do_disableModelRunning(self, values: Sequence[Value]) -> None:
        self._switch(self._ports.runs, values, False)

    def _do_enablePerformanceMode(self, _: Sequence[Value]) -> None:
        """A window of Wekinator's own; there is none here."""

    _do_disablePerformanceMode = _do_enablePerformanceMode

    def _do_selectInputsForOutput(self, values: Sequence[Value]) -> None:
        (output,) = self._numbers(values[:1], len(self.values), "output", exactly=1)
        chosen = self._numbers(values[1:], len(self.project.inputs), "input")
        self._ports.axes[output] = tuple(dict.fromkeys(chosen))

    def _do_setInputNames(self, values: Sequence[Value]) -> None:
        names = _names(values, len(self.project.inputs), "inputs")
        self.project = replace(self.project, inputs=names)

    def _do_setOutputNames(self, values: Sequence[Value]) -> None:
        names = _names(values, len(self.values), "outputs")
        outputs = tuple(
            replace(one, name=name) for one, name in zip(self.project.outputs, names, strict=True)
        )
        self.project = replace(self.project, outputs=outputs)

    def _switch(self, flags: list[bool], values: Sequence[Value], on: bool) -> None:
        for index in self._numbers(values, len(self.values), "output"):
            flags[index] = on

    def _numbers(
        self, values: Sequence[Value], most: int, what: str, exactly: int | None = None
    ) -> list[int]:
        """Indices from numbers that count from 1."""
        found = []
        for value in values:
            if not isinstance(value, float | int) or value != value or not 1 <= value <= most:
                raise _Wrong(f"There is no {what} {str(value)[:20]}; they are numbered 1 to {most}.")
            found.append(int(value) - 1)
        if not found or (exactly is not None and len(found) != exactly):
            raise _Wrong(f"Say which {what}, by a number from 1 to {most}.")
        return found

    # -------------------------------------------------------------------------- learning

    @property
    def examples(self) -> Examples:
        """All that is recorded."""
        with self._lock:
            rows = [(row.point, list(row.targets), row.round) for row in self._rows]
        axes, dims = len(self.project.inputs), len(self.values)
        return Examples(
            self.project.inputs,
            tuple(one.name for one in self.project.outputs),
            np.array([point for point, _, _ in rows], dtype=np.float64).reshape(len(rows), axes),
            np.array([targets for _, targets, _ in rows], dtype=np.float64).reshape(len(rows), dims),
            tuple(one.classes for one in self.project.outputs),
            tuple(number for _, _, number in rows),
        )

    def _train(self) -> None:
        try:
            learned = fit_examples(
                self.examples, self.settings, axes=tuple(self._ports.axes), previous=self.mapping
            )
        except IsobathError as error:
            self._refuse(CONTROL + "train", str(error))
            return
        if self._cancelled.is_set():
            self._tell("Learning was cancelled; the map before it plays on.")
            return
        self.mapping = learned
        for warning in learned.warnings:
            self._once(warning)
        self._tell(f"Learned {len(self._rows)} examples.")
        self._send(DONE, ())

    def settle(self, seconds: float = 30.0) -> None:
        """Wait until what is being learned is learned."""
        if self._training is not None:
            self._training.join(seconds)

    # --------------------------------------------------------------------------- talking

    def _refuse(self, address: str, sentence: str) -> None:
        self.counts.refused += 1
        self._once(f"{address}: {sentence}")
        self._send(REFUSED, (address, sentence))

    def _once(self, sentence: str) -> None:
        """Tell it the first time; a storm of the same is one line."""
        if sentence not in self._said and len(self._said) < 200:
            self._said.add(sentence)
            self._tell(sentence)


class _Wrong(Exception):
    """Why a control message is not done."""


def _shaped(value: float, output: ProjectOutput) -> float:
    """As the output's kind wants it."""
    if output.kind == "gestures":
        return 0.0
    if output.kind == "classes":
        return float(min(max(round(value), 0), output.classes - 1))
    if output.whole:
        value = float(math.trunc(value))
    return min(max(value, output.low), output.high) if output.hard else value


def _names(values: Sequence[Value], count: int, what: str) -> tuple[str, ...]:
    names = tuple(str(one) for one in values if isinstance(one, str) and one)
    if len(names) != count or len(set(names)) != count:
        raise _Wrong(f"Give {count} different names for {count} {what}; {len(set(names))} came.")
    return names


def _rows_of(project: Project) -> list[_Row]:
    """The examples of a project, with every output in it, whether it is learned or not."""
    examples = project.examples
    if examples is None:
        return []
    places = {name: at for at, name in enumerate(examples.outputs)}
    columns = [places.get(one.name) for one in project.outputs]
    targets: list[list[float]] = examples.targets.tolist()
    points: Floats = examples.points
    return [
        _Row(tuple(point), [math.nan if at is None else row[at] for at in columns], number)
        for point, row, number in zip(points.tolist(), targets, examples.rounds, strict=True)
        if all(map(math.isfinite, point))
    ]
