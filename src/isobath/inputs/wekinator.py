"""What Wekinator does when it is spoken to by OSC, done by a mapping of Isobath.

Inputs come, outputs go; in between examples are recorded, learned from and forgotten, all by messages
under `/wekinator/control/`, so that a patch made for Wekinator needs no change. No sound and no socket
is in here: messages are handed in, and what is to be sent is handed out.

Where Wekinator is strict it is not copied: numbers of any OSC type are numbers, and an input that is no
number is left out and counted, not taken for 0. What Isobath does not do, such as opening files that a
message names where no folder was given for them, is refused by name: in a sentence here, and as
`/isobath/refused` with address and sentence to whoever listens for outputs.

Recorded gestures are followed while it runs: each that is recognised leaves as a message of its name, and
where a project has nothing else, the distances to all of them leave as outputs.
"""

import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from isobath.errors import IsobathError, MappingError
from isobath.inputs.wekinator_files import Folder, KeptModel, map_of, texts
from isobath.inputs.wekinator_gestures import MOST_GESTURES, Gestures, read_gestures
from isobath.mapping import Mapping, Settings
from isobath.mapping.exchange.examples import Examples, fit_examples
from isobath.mapping.exchange.wekinator import Project, ProjectOutput
from isobath.mapping.terms import Floats

CONTROL = "/wekinator/control/"
DONE = "/wekinator/status/done-training"
REFUSED = "/isobath/refused"
BUNDLE, BUNDLE_OUT = "/wek/inputs/bundle", "/wek/outputs/bundle"
BUNDLE_PORT = 12001
MOST_EXAMPLES = 200_000
MOST_PORTS = 1024
"""Most inputs, and most outputs."""

Value = float | int | str | bytes | None
Send = Callable[[str, Sequence[float | str]], None]
Tell = Callable[[str], None]

_NO_FILES = (
    "Isobath opens files that a message names only where it is started with --files FOLDER, and in it."
)
_ROWS_AT_ONCE = 1024
"""Of a bundle, so that a map of many examples needs little memory for it."""


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
        files: Folder | None = None,
        send_bundle: Send | None = None,
        leave: Callable[[], None] = lambda: None,
    ) -> None:
        """files: the folder of files that messages may name; None: they name none.
        send_bundle: says where the outputs of a bundle are. leave: called before another project is opened.

        Raises MappingError where the project's gestures cannot be read.
        """
        self.settings = settings or Settings()
        self.counts = WekinatorCounts()
        self.saved = threading.Event()
        """Clear while there are examples that nobody has saved."""
        self._send, self._tell = send, tell
        self._fixed = fixed
        self._files, self._send_bundle, self._leave = files, send_bundle or send, leave
        self._said: set[str] = set()
        self._lock = threading.Lock()
        self._bundle: threading.Thread | None = None
        self._open(project, _gestures_of(project))

    def _open(self, project: Project, gestures: Gestures) -> None:
        """Begin with a project."""
        self.project = project
        self.gestures = gestures
        self.recording = False
        self.running = False
        self.mapping: Mapping | None = project.trained
        self.values = [0.0] * len(project.outputs)
        self.saved.set()
        self._ports = _Ports.of(len(project.outputs))
        self._rows = _rows_of(project)
        self._loaded: dict[int, tuple[Mapping, int]] = {}
        """Outputs that play what was loaded from a file: its map, and which output of it."""
        self._only_gestures = all(one.kind == "gestures" for one in project.outputs)
        self._round = max((row.round for row in self._rows), default=0)
        self._training: threading.Thread | None = None
        self._cancelled = threading.Event()

    # ---------------------------------------------------------------------- what comes in

    def take(self, address: str, values: Sequence[Value]) -> None:
        """A message."""
        if address == self.project.in_address:
            self._inputs(values)
        elif address.startswith(CONTROL):
            self._control(address, address.removeprefix(CONTROL), values)
        elif address == BUNDLE:
            try:
                self._take_bundle(values)
            except _Wrong as problem:
                self._refuse(address, str(problem))
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
            if self._settled(0) or not 0 < len(values) <= MOST_PORTS:
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
        if self.running and (self.mapping is not None or self._loaded):
            self._run(point)
        if self.gestures.recording is not None or self.running:
            self._follow(point)

    def _settled(self, side: int) -> bool:
        """Whether the number of inputs (side 0) or of outputs (1) can no longer change."""
        return bool(self._fixed[side] or self._rows or self.mapping or self._loaded)

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

    def _run(self, point: tuple[float, ...]) -> None:
        heard = self._heard(np.array(point), self.mapping, self._loaded)
        if heard is None:
            return
        for index, (output, runs) in enumerate(zip(self.project.outputs, self._ports.runs, strict=True)):
            if runs:
                self.values[index] = _shaped(heard[index], output)
        self.counts.sent += 1
        self._send(self.project.out_address, self.values)

    def _heard(
        self, points: Floats, mapping: Mapping | None, loaded: dict[int, tuple[Mapping, int]]
    ) -> list[Any] | None:
        """Outputs at a point (inputs,) or at points (n, inputs); None: the map is one of other inputs."""
        if mapping is None:
            heard = np.broadcast_to(self.values, (*points.shape[:-1], len(self.values))).copy()
        elif mapping.axes != points.shape[-1] or mapping.dims != len(self.values):
            return None
        else:
            heard = mapping(points)
        for index, (other, place) in loaded.items():
            heard[..., index] = other(points)[..., place]
        found: list[Any] = heard.tolist()
        return found

    # --------------------------------------------------------------------------- control

    def _control(self, address: str, word: str, values: Sequence[Value]) -> None:
        act = getattr(self, f"_do_{word}", None) if word.isidentifier() else None
        if act is None:
            self.counts.unknown += 1
            self._once(f"{address[:60]} is nothing that Wekinator knows.")
            return
        try:
            act(values)
        except (_Wrong, IsobathError) as problem:
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
        self._cancelled = threading.Event()
        self._training = threading.Thread(
            target=self._train, args=(self._cancelled,), name="isobath-learning", daemon=True
        )
        self._training.start()

    def _do_cancelTrain(self, _: Sequence[Value]) -> None:
        self._cancelled.set()

    def _do_startRunning(self, _: Sequence[Value]) -> None:
        if self.mapping is None and not self._loaded and not self.gestures.recorded:
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
            if self._settled(1) or not 0 < count <= MOST_PORTS:
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

    # ----------------------------------------------------------------------------- files

    def _folder(self) -> Folder:
        if self._files is None:
            raise _Wrong(_NO_FILES)
        return self._files

    def _do_runNewProject(self, values: Sequence[Value]) -> None:
        folder, words = self._folder(), texts(values)
        name, how = (*words, "CLOSECURRENT", "")[:2] if len(words) == len(values) > 0 else ("", "")
        if how == "KEEPCURRENTRUNNING":
            raise _Wrong("Isobath runs one project. Start it once more, with other ports, for another.")
        if how not in {"CLOSECURRENT", "STOPCURRENTLISTENING"}:
            raise _Wrong("Say which project, and then CLOSECURRENT or STOPCURRENTLISTENING, or nothing.")
        project = folder.project(name)
        count = 0 if project.examples is None else len(project.examples.points)
        if max(len(project.inputs), len(project.outputs)) > MOST_PORTS or count > MOST_EXAMPLES:
            raise _Wrong(f"{name[:80]} has more than {MOST_PORTS} ports or {MOST_EXAMPLES} examples.")
        gestures = _gestures_of(project)
        self._leave()
        with self._lock:
            self._cancelled.set()
            self._open(project, gestures)
        self._fixed = (True, True)
        for note in project.notes:
            self._once(note)
        self._tell(f"{project.name[:80]}: {len(self._rows)} examples.")
        if self.mapping is None and self._rows:
            self._do_train(())
        self.running = True

    def _do_saveModelToFile(self, values: Sequence[Value]) -> None:
        folder = self._folder()
        index, name, with_data = self._model_named(values, with_data=True)
        output = self.project.outputs[index]
        if output.kind == "gestures":
            raise _Wrong("Recorded gestures are kept by --save, not as a model.")
        mapping, place = self._loaded.get(index, (self.mapping, index))
        with self._lock:
            rows = [row for row in self._rows if with_data and row.targets[index] == row.targets[index]]
        if mapping is None and not rows:
            raise _Wrong(f"Nothing is learned or recorded for output {index + 1} yet.")
        model = KeptModel(
            inputs=self.project.inputs,
            output=output.name,
            kind=output.kind,
            classes=output.classes,
            axes=self._ports.axes[index],
            map=None if mapping is None else map_of(mapping, place),
            index=place,
            points=tuple(row.point for row in rows),
            targets=tuple(row.targets[index] for row in rows),
            rounds=tuple(row.round for row in rows),
        )
        kept = folder.keep_model(name, model)
        self._tell(f"Output {index + 1} is kept in {kept.name}, with {len(rows)} examples.")

    def _do_loadModelFromFile(self, values: Sequence[Value]) -> None:
        folder = self._folder()
        index, name, with_data = self._model_named(values, with_data=False)
        model = folder.model(name)
        output, learned = self.project.outputs[index], model.learned
        if (model.kind, model.classes) != (output.kind, output.classes):
            raise _Wrong(f"{name[:80]} is not a model of the kind that output {index + 1} has.")
        if learned is None and not with_data:
            raise _Wrong(f"{name[:80]} has examples, but nothing learned. Load it WITHDATA, and train.")
        if len(model.inputs) != len(self.project.inputs):
            if self._settled(0):
                raise _Wrong(
                    f"{name[:80]} has {len(model.inputs)} inputs, but there are {len(self.project.inputs)}."
                )
            self.project = replace(self.project, inputs=model.inputs)
        if with_data:
            self._take_examples(index, model)
        self._ports.axes[index] = model.axes
        with self._lock:
            self._loaded = {at: kept for at, kept in self._loaded.items() if at != index}
            if learned is not None:
                self._loaded = {**self._loaded, index: (learned, model.index)}
        more = f", with {len(model.points)} examples" if with_data else ""
        self._tell(f"Output {index + 1} is loaded from {name[:80]}{more}.")

    def _model_named(self, values: Sequence[Value], *, with_data: bool) -> tuple[int, str, bool]:
        """An output from 0, the name of a file, and whether its examples are meant, too."""
        (index,) = self._numbers(values[:1], len(self.values), "output", exactly=1)
        words = texts(values[1:])
        if len(words) != len(values) - 1 or not 1 <= len(words) <= 2:
            raise _Wrong("Say which output, which file, and then WITHDATA, WITHOUTDATA or nothing.")
        if len(words) == 2 and words[1] not in {"WITHDATA", "WITHOUTDATA"}:
            raise _Wrong(f"A model is taken WITHDATA or WITHOUTDATA, not {words[1][:20]}.")
        return index, words[0], with_data if len(words) == 1 else words[1] == "WITHDATA"

    def _take_examples(self, index: int, model: KeptModel) -> None:
        """Put a model's examples in the place of those that the output has."""
        with self._lock:
            rows = [replace(row, targets=list(row.targets)) for row in self._rows]
            for row in rows:
                row.targets[index] = math.nan
            free: dict[tuple[tuple[float, ...], int], list[_Row]] = {}
            for row in reversed(rows):
                free.setdefault((row.point, row.round), []).append(row)
            for point, target, number in zip(model.points, model.targets, model.rounds, strict=True):
                same = free.get((point, number))
                if same:
                    same.pop().targets[index] = target
                    continue
                rows.append(_Row(point, [math.nan] * len(self.values), number))
                rows[-1].targets[index] = target
            rows = [row for row in rows if any(value == value for value in row.targets)]
            if len(rows) > MOST_EXAMPLES:
                raise _Wrong(f"There would be more than {MOST_EXAMPLES} examples, which is the most.")
            self._rows = rows
            self._round = max((self._round, *model.rounds))
        self.saved.clear()

    def _take_bundle(self, values: Sequence[Value]) -> None:
        """Answer a file of inputs by a file of outputs, in a thread of its own: playing goes on."""
        folder = self._folder()
        if len(values) != 1 or not isinstance(values[0], str):
            raise _Wrong("Say which file of inputs.")
        if self.mapping is None and not self._loaded:
            raise _Wrong("Nothing is learned yet that could answer inputs.")
        if self._bundle is not None and self._bundle.is_alive():
            raise _Wrong("The bundle before it is not answered yet. Send this one again then.")
        self._bundle = threading.Thread(
            target=self._answer, args=(folder, values[0]), name="isobath-bundle", daemon=True
        )
        self._bundle.start()

    def _answer(self, folder: Folder, name: str) -> None:
        with self._lock:
            outputs, mapping, loaded = self.project.outputs, self.mapping, self._loaded
            inputs = len(self.project.inputs)
        try:
            points = folder.rows(name, inputs)
            answers: list[list[float]] = []
            for at in range(0, len(points), _ROWS_AT_ONCE):
                heard = self._heard(points[at : at + _ROWS_AT_ONCE], mapping, loaded)
                if heard is None or len(heard[0]) != len(outputs):
                    raise MappingError("What was learned is for other inputs or outputs. Train again.")
                answers += [
                    [_shaped(one, output) for one, output in zip(row, outputs, strict=True)] for row in heard
                ]
            path = folder.answer(name, np.array(answers))
        except IsobathError as problem:
            self._refuse(BUNDLE, str(problem))
            return
        self._send_bundle(BUNDLE_OUT, (str(path),))

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

    def _train(self, cancelled: threading.Event) -> None:
        try:
            learned = fit_examples(
                self.examples, self.settings, axes=tuple(self._ports.axes), previous=self.mapping
            )
        except IsobathError as error:
            self._refuse(CONTROL + "train", str(error))
            return
        with self._lock:
            stopped = cancelled.is_set()
            if not stopped:
                self.mapping = learned
                again = {index for row in self._rows for index, one in enumerate(row.targets) if one == one}
                self._loaded = {at: kept for at, kept in self._loaded.items() if at not in again}
        if stopped:
            self._tell("Learning was cancelled; the map before it plays on.")
            return
        for warning in learned.warnings:
            self._once(warning)
        self._tell(f"Learned {len(self._rows)} examples.")
        self._send(DONE, ())

    def settle(self, seconds: float = 30.0) -> None:
        """Wait until what is being learned is learned, and what was asked in a bundle is answered."""
        for thread in (self._training, self._bundle):
            if thread is not None:
                thread.join(seconds)

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


def _gestures_of(project: Project) -> Gestures:
    recorded = None if project.gestures is None else read_gestures(project.gestures)
    return Gestures(recorded, [name for one in project.outputs for name in one.gestures])


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
