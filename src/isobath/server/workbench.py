"""Sets and trainings of one library: what there is, what is under way, what comes next.

Plain and synchronous: one thread works here, `making.py` asks it. Everything that must not be forgotten
lies on the disk (`library/orders.py`, and what the commands write themselves), so a server that is
started again reads it and goes on.
"""

import sys
from collections.abc import Sequence
from importlib.util import find_spec

from isobath.errors import UsageError
from isobath.library import sets
from isobath.library.home import Home
from isobath.protocol.making import StartRun
from isobath.protocol.messages import Making
from isobath.server.configurations import configurations
from isobath.server.making_runs import RunBench
from isobath.server.making_sets import SetBench
from isobath.server.processes import Processes

COMMAND = (sys.executable, "-m", "isobath.cli")

MISSING = (
    "Nothing can be trained here yet: PyTorch is missing. In a terminal: pip install 'isobath[train]', "
    "then start Isobath again."
)


class Workbench:
    """One per server. Methods may only be called from one thread."""

    def __init__(self, home: Home, *, here: bool, command: Sequence[str] = COMMAND) -> None:
        processes = Processes()
        self._here = here
        self._trains = command != COMMAND or find_spec("torch") is not None
        self.sets = SetBench(home, processes, command, here=here)
        self.runs = RunBench(home, processes, command)

    def is_busy(self) -> bool:
        """Something is under way or waits."""
        return self.sets.busy or self.runs.busy

    def look(self) -> Making:
        """Everything as it is now. What has ended is noted, and what waits is begun."""
        self.sets.tend()
        self.runs.tend()
        runs = self.runs.all()
        return Making(
            sets=self.sets.all(),
            runs=runs,
            configurations=configurations(self.runs.paces),
            missing="" if self._trains else MISSING,
            here=self._here,
        )

    def need_torch(self) -> None:
        """Raises UsageError where nothing can be trained."""
        if not self._trains:
            raise UsageError(MISSING)

    def begin(self, asked: StartRun, base_file: str) -> str:
        """A new training of a prepared set, from the model in a file or from nothing; its id."""
        self.need_torch()
        if sets.prepared(self.sets.folder(asked.set)) is None:
            raise UsageError("This set is not prepared yet. Prepare it first.")
        config = next((each for each in configurations({}) if each.name == asked.config), None)
        if config is None:
            raise UsageError(f"There is no configuration {asked.config!r}. Reload the page.")
        whole = (config.phase1_steps, config.phase2_steps)
        phase1, phase2 = (max(1, round(asked.share * steps)) for steps in whole)
        return self.runs.begin(asked, (phase1, phase2), base_file)

    def resume(self, id: str) -> None:
        """Go on with a training."""
        self.need_torch()
        self.runs.resume(id)
