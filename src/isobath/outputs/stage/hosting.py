"""The audio host as the engine sees it: a process that holds the device, and another one when it is lost."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import BinaryIO, cast

import msgspec

from isobath.errors import AudioError
from isobath.outputs.stage.area import Area
from isobath.outputs.stage.devices import FILE, Asked, Device, Opened
from isobath.outputs.stage.processes import end_now, farewell, line_of, told_by
from isobath.outputs.stage.status import Settings, State

HOST_COMMAND = (sys.executable, "-m", "isobath.outputs.stage.host")

_OPEN_SECONDS = 10.0
_SILENT_SECONDS = 0.5
"""A device that has not asked for sound for so long is lost."""
_AGAIN_SECONDS = 0.4


class Hosting:
    """One device, opened again and again."""

    def __init__(
        self,
        area: Area,
        settings: Settings,
        delay: int,
        stopping: threading.Event,
        say: Callable[[State, str], None],
    ) -> None:
        """delay: frames that a file leaves out at its beginning. stopping: no other is opened. say: is told
        how the device stands."""
        self._area, self._settings, self._delay = area, settings, delay
        self._stopping, self._say = stopping, say
        self._process: subprocess.Popen[bytes] | None = None
        self.opened: Opened | None = None
        self.inputs = 0
        """That the device was asked for."""
        self._callbacks, self._heard_at, self._retry_at = 0, 0.0, 0.0
        self.written = threading.Event()
        """For a file: it is."""

    @property
    def process(self) -> subprocess.Popen[bytes] | None:
        """The one that there is."""
        return self._process

    @property
    def plays(self) -> bool:
        """There is one, and it has not ended."""
        return self._process is not None and self._process.poll() is None

    def open(self, inputs: int) -> None:
        """Start the host and let it open the device. Raises AudioError."""
        asked = Asked(
            device=self._settings.device,
            rate=self._settings.rate,
            block=self._settings.block,
            inputs=inputs,
            samples=self._settings.samples,
            skip=self._delay if self._settings.samples else 0,
        )
        self.inputs = inputs
        host = subprocess.Popen(
            [*HOST_COMMAND, self._area.word, msgspec.json.encode(asked).decode()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # sound systems print what they tried
            pass_fds=self._area.handles,
            start_new_session=True,
        )
        self._process = host
        if self._stopping.is_set():  # just now: nobody would end it any more
            end_now(host)
            raise AudioError("The stage was stopped.")
        line = line_of(host, _OPEN_SECONDS)
        if line is None or b'"failed"' in line[:12]:
            end_now(host)
            raise AudioError(told_by(line))
        self.opened = msgspec.json.decode(line, type=Opened)
        self._callbacks, self._heard_at = self._area.board.callbacks, time.monotonic()
        self._say("playing", "")
        if self._settings.device.startswith(FILE):
            threading.Thread(target=self._await_file, args=(host,), daemon=True).start()

    def _await_file(self, host: subprocess.Popen[bytes]) -> None:
        line = cast(BinaryIO, host.stdout).readline()
        if b'"failed"' in line[:12]:
            self._say("playing", told_by(line))
        self.written.set()

    def tend(self, inputs: int) -> None:
        """Look whether the device still asks for sound, has the inputs that are needed, or is back."""
        moment, callbacks = time.monotonic(), self._area.board.callbacks
        if inputs > self.inputs and self._process is not None:
            self.farewell()  # a voice listens to the line since: the device is opened with it
            self.end()
        elif callbacks != self._callbacks:
            self._callbacks, self._heard_at = callbacks, moment
            return
        if self.plays and moment - self._heard_at < _SILENT_SECONDS:
            return
        if self._process is not None:
            self.end()
            name = "that was playing" if self.opened is None else self.opened.name
            self._say("lost", f"The sound device {name} is gone. It is opened once it is back.")
        if moment < self._retry_at:
            return
        try:
            self.open(inputs)
        except (AudioError, OSError, ValueError, msgspec.MsgspecError):  # whatever it is: tried again
            self._process = None
            self._retry_at = time.monotonic() + _AGAIN_SECONDS

    def farewell(self) -> None:
        """Let the device be closed, if that goes quickly."""
        if self._process is not None:
            farewell(self._process)

    def end(self) -> None:
        """End the process, at once."""
        host, self._process = self._process, None
        if host is not None:
            end_now(host)


def devices() -> list[Device]:
    """Every sound device of this machine that can play, asked for in a process of its own."""
    asked = subprocess.run(
        [*HOST_COMMAND, "--list"], capture_output=True, timeout=_OPEN_SECONDS * 2, check=False
    )
    try:
        return msgspec.json.decode(asked.stdout.strip() or b"[]", type=list[Device])
    except msgspec.DecodeError as error:
        raise AudioError("The sound system gives no answer. Unplug what may be stuck.") from error
