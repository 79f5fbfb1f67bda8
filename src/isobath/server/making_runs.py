"""Trainings: begun one after another, each a process of its own, stopped, resumed, and made models of."""

import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from isobath.errors import SaveError, UsageError
from isobath.library.home import Home
from isobath.library.orders import FOLDER, RunOrder, names_in, new_id, read_order, write_order
from isobath.library.runs import Follower, Progress, clip, is_saved, model_of, read_progress
from isobath.protocol.making import RunState, RunSummary, StartRun
from isobath.server.processes import Processes, ask_to_stop, beside, last_words, start

EXPORT_SECONDS = 900.0

HEARD_TIMES = 8
"""A shortened training is listened to so many times on its way, at least."""

USUAL_EVERY = 500
"""Steps between checkpoints where nothing else is asked for."""


class RunBench:
    """All trainings of one library. Methods may only be called from one thread."""

    def __init__(self, home: Home, processes: Processes, command: Sequence[str]) -> None:
        self._home = home
        self._processes = processes
        self._command = command
        self.paces: dict[str, float] = {}
        """Seconds a step took here, by configuration."""

    def _order(self, folder: Path) -> RunOrder:
        return read_order(beside(folder, ".json"), RunOrder)

    def _keep(self, folder: Path, order: RunOrder) -> None:
        write_order(beside(folder, ".json"), order)

    def _folders(self) -> list[Path]:
        return [self._home.runs / name for name in names_in(self._home.runs)]

    def folder(self, id: str) -> Path:
        """The folder of a training. Raises UsageError if there is none."""
        folder = self._home.runs / id
        if not FOLDER.fullmatch(id) or folder not in self._folders():
            raise UsageError(f"There is no training {id!r} here any more. Reload the page.")
        return folder

    def _pid(self, folder: Path, order: RunOrder, told: Progress) -> int:
        """The process that trains in a folder, whoever began it; 0 if none does."""
        return next((pid for pid in (order.pid, told.pid) if pid and self._processes.work(folder, pid)), 0)

    # ----------------------------------------------------------------------------- looking

    @property
    def busy(self) -> bool:
        """A training is under way or waits, or its end has not been noted."""
        orders = ((folder, self._order(folder)) for folder in self._folders())
        return any(order.pid or order.wanted for _, order in orders)

    def all(self) -> tuple[RunSummary, ...]:
        """One line per training, the newest first."""
        found = tuple(self._summary(folder) for folder in reversed(self._folders()))
        for run in found:
            if run.seconds_a_step > 0.0:
                self.paces.setdefault(run.config, run.seconds_a_step)
        return found

    def _summary(self, folder: Path) -> RunSummary:
        order = self._order(folder)
        told = read_progress(folder) or Progress()
        state, message = self._state(folder, order, told)
        return RunSummary(
            id=folder.name,
            name=order.name or told.name or folder.name,
            state=state,
            config=order.config or told.config,
            set=order.set or Path(told.set).name,
            base=order.base or told.base,
            phase=told.phase,
            step=told.step,
            phase1_steps=told.phase1_steps or order.phase1_steps,
            phase2_steps=told.phase2_steps or order.phase2_steps,
            seconds_a_step=told.seconds_a_step,
            seconds_left=told.seconds_left if state in {"training", "stopping"} else 0.0,
            device=told.device,
            started=told.started or order.asked,
            message=message,
            saved=is_saved(folder),
            model=order.model,
        )

    def _state(self, folder: Path, order: RunOrder, told: Progress) -> tuple[RunState, str]:
        pid = self._pid(folder, order, told)
        if pid:
            if order.stopping:
                return "stopping", "It finishes its step and saves."
            if told.pid == pid and told.state == "training":
                return "training", told.message
            return "starting", "It reads the sounds and warms up."
        if order.wanted:
            return "waiting", "It begins when the training before it has ended."
        if told.state == "finished":
            return "finished", told.message
        if order.halted or order.stopping:
            return "stopped", ""
        if order.failure or told.state == "failed":
            return "failed", order.failure or told.message
        if told.state == "training":
            way = "Resume goes on from its last checkpoint." if is_saved(folder) else "Resume begins again."
            return "stopped", f"It broke off at step {told.step}: the machine, or its memory. {way}"
        return "stopped", told.message

    def follow(self, id: str) -> Follower:
        """Read a training's figures from now on."""
        return Follower(id, self.folder(id))

    def clip(self, id: str, step: str, name: str) -> Path:
        """A file to listen to."""
        found = clip(self.folder(id), step, name)
        if found is None:
            raise UsageError(f"There is nothing to listen to at step {step[:12]} any more.")
        return found

    # ----------------------------------------------------------------------------- tending

    def tend(self) -> None:
        """Note what has ended, and begin the next training if none is under way."""
        waiting: list[tuple[float, Path]] = []
        under_way = False
        for folder in self._folders():
            order = self._order(folder)
            told = read_progress(folder) or Progress()
            if self._pid(folder, order, told):
                under_way = True
            elif order.pid:
                self._note_end(folder, order, told)
            elif order.wanted:
                waiting.append((order.asked, folder))
        if waiting and not under_way:
            self._begin(min(waiting)[1])

    def _note_end(self, folder: Path, order: RunOrder, told: Progress) -> None:
        code = self._processes.code(folder, order.pid)
        wrong = bool(code) and not order.stopping
        failure = ""
        if (wrong or told.state == "failed") and told.state != "finished":
            failure = last_words(beside(folder, ".log")) or told.message or _died(code)
        if order.stopping:
            failure = ""
        ended = msgspec.structs.replace(
            order, pid=0, wanted=False, stopping=False, halted=order.stopping, failure=failure
        )
        self._keep(folder, ended)

    def _begin(self, folder: Path) -> None:
        order = self._order(folder)
        try:
            pid = self._processes.start(folder, self._training(folder, order), beside(folder, ".log"))
            begun = msgspec.structs.replace(
                order, wanted=False, pid=pid, stopping=False, halted=False, failure=""
            )
        except SaveError as error:
            begun = msgspec.structs.replace(order, wanted=False, failure=str(error))
        self._keep(folder, begun)

    def _training(self, folder: Path, order: RunOrder) -> list[str]:
        """The command that begins or resumes a training."""
        told = read_progress(folder) or Progress()
        source = self._home.sets / order.set if order.set else Path(told.set)
        command = [*self._command, "train", str(source), "-o", str(folder)]
        config = order.config or told.config
        command += [f"--config={config}"] if config else []
        command += [f"--name={order.name or told.name or folder.name}"]
        if order.phase1_steps:
            command += [f"--steps={order.phase1_steps}", f"--phase2-steps={order.phase2_steps}"]
            every = (order.phase1_steps + order.phase2_steps) // HEARD_TIMES
            command += [f"--checkpoint-every={max(2, every)}"] if every < USUAL_EVERY else []
        command += [f"--from={order.base_file}"] if order.base_file and not is_saved(folder) else []
        return command

    # ------------------------------------------------------------------------------ asking

    def begin(self, asked: StartRun, steps: tuple[int, int], base_file: str) -> str:
        """A new training; it begins at once, or when those before it have ended. Its id."""
        name = asked.name.strip()
        id = new_id(name, self._home.runs)
        order = RunOrder(
            name=name,
            set=asked.set,
            config=asked.config,
            base=asked.base,
            base_file=base_file,
            phase1_steps=steps[0] if asked.share < 1.0 else 0,
            phase2_steps=steps[1] if asked.share < 1.0 else 0,
            asked=time.time(),
            wanted=True,
        )
        self._keep(self._home.runs / id, order)
        self.tend()
        return id

    def stop(self, id: str) -> None:
        """Have a training save and end; asked again, less patiently. One that waits is taken off the line."""
        folder = self.folder(id)
        order = self._order(folder)
        pid = self._pid(folder, order, read_progress(folder) or Progress())
        if pid:
            ask_to_stop(pid, insist=order.stopping)
        self._keep(folder, msgspec.structs.replace(order, pid=pid, stopping=pid > 0, wanted=False))

    def resume(self, id: str) -> None:
        """Go on with a training."""
        folder = self.folder(id)
        order = self._order(folder)
        if self._pid(folder, order, read_progress(folder) or Progress()):
            raise UsageError("This training is under way already.")
        self._keep(folder, msgspec.structs.replace(order, wanted=True, asked=time.time(), failure=""))
        self.tend()

    def remove(self, id: str) -> None:
        """Delete a training with its checkpoints. Models taken into the library stay."""
        folder = self.folder(id)
        if self._pid(folder, self._order(folder), read_progress(folder) or Progress()):
            raise UsageError("This training is under way. Stop it first.")
        shutil.rmtree(folder, ignore_errors=True)
        for ending in (".log", ".json"):
            beside(folder, ending).unlink(missing_ok=True)

    # ------------------------------------------------------------------------------ models

    def exporting(self, id: str) -> tuple[Path, list[str] | None]:
        """A training's folder, and the command that makes a model of its best checkpoint; None where the
        model that lies there is as new as that."""
        folder = self.folder(id)
        made = model_of(folder)
        saved = [each for each in (folder / "best.pt", folder / "checkpoint.pt") if each.is_file()]
        if made is not None and (not saved or made.stat().st_mtime >= saved[0].stat().st_mtime):
            return folder, None
        if not saved:
            raise UsageError("Nothing has been saved of this training yet. Wait for its first checkpoint.")
        return folder, [*self._training(folder, self._order(folder)), "--export", "--quick"]

    def note_model(self, id: str, model: str) -> None:
        """Remember which model of the library was made of a training."""
        folder = self.folder(id)
        self._keep(folder, msgspec.structs.replace(self._order(folder), model=model))


def export(command: list[str], folder: Path) -> Path:
    """Make a model of a training's best checkpoint and wait for it. May run in any thread.

    Raises:
        UsageError: no model came of it; the sentence says why.
    """
    log = beside(folder, ".export.log")
    process = start(command, log, niceness=0)  # somebody waits for it
    try:
        code = process.wait(EXPORT_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        code = process.wait()
    told = last_words(log)
    log.unlink(missing_ok=True)
    made = model_of(folder)
    if code != 0 or made is None:
        raise UsageError(told or "No model could be made of this training yet. Try again after more steps.")
    return made


def _died(code: int | None) -> str:
    if code == -9:
        return "The system ended it, most likely for want of memory. Close other programs, and resume."
    return f"It ended in a way that was not foreseen (code {code}). Resume tries again."
