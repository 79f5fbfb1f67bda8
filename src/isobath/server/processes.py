"""Processes that outlive the server: started niced and on their own, found again by number and name.

A training must not end because a page was closed or the server was started anew. So it gets a session
of its own (Ctrl-C in the server's terminal does not reach it), writes to a file instead of to us, and
is recognised later by its number together with the folder it was given: numbers are used again.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from isobath.errors import SaveError

NICENESS = 10
"""The instrument must keep sounding while a model is trained."""

LOG_TAIL = 8192


def start(command: Sequence[str], log: Path, niceness: int = NICENESS) -> "subprocess.Popen[bytes]":
    """A process of its own that writes what it says to the end of `log`.

    Raises:
        SaveError: it cannot be started, or its log cannot be written.
    """
    try:
        with log.open("ab") as out:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                creationflags=(getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0) if niceness else 0)
                | getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
            )
    except OSError as error:
        raise SaveError(
            f"{Path(command[0]).name} could not be started ({error.strerror}). Make room, and try again."
        ) from error
    if niceness and hasattr(os, "setpriority"):
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, process.pid, niceness)
    return process


def is_alive(pid: int, named: str) -> bool:
    """Whether the process of this number runs and was given an argument that contains `named`. Where the
    system does not say (Windows), no."""
    if pid <= 1:
        return False
    if sys.platform.startswith("linux"):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
            arguments = Path(f"/proc/{pid}/cmdline").read_bytes()
        except (OSError, IndexError):
            return False
        return state not in {"Z", "X"} and named.encode() in arguments
    if os.name == "nt":
        return False
    with suppress(OSError, subprocess.SubprocessError):
        told = subprocess.run(
            ["ps", "-p", str(pid), "-o", "stat=,command="], capture_output=True, text=True, timeout=5
        ).stdout.strip()
        return bool(told) and not told.startswith("Z") and named in told
    return False


def ask_to_stop(pid: int, *, insist: bool = False) -> None:
    """As Ctrl-C does; insisting, as a shutdown does."""
    gentle = getattr(signal, "CTRL_BREAK_EVENT", signal.SIGINT)
    with suppress(OSError):
        os.kill(pid, signal.SIGTERM if insist else gentle)


class Processes:
    """The processes this server started itself, by the folder they work on, and those it found again."""

    def __init__(self) -> None:
        self._own: dict[Path, subprocess.Popen[bytes]] = {}

    def start(self, folder: Path, command: Sequence[str], log: Path) -> int:
        """Begin to work on a folder; the process's number. Raises SaveError."""
        process = self._own[folder] = start(command, log)
        return process.pid

    def work(self, folder: Path, pid: int) -> bool:
        """Whether the process of this number works on a folder."""
        process = self._own.get(folder)
        if process is not None and process.pid == pid:
            return process.poll() is None
        return is_alive(pid, folder.name)

    def code(self, folder: Path, pid: int) -> int | None:
        """How a process that worked on a folder ended, and forget it; None where another server began it."""
        process = self._own.pop(folder, None)
        return process.poll() if process is not None and process.pid == pid else None


def beside(folder: Path, ending: str) -> Path:
    """What is kept about a folder, next to it."""
    return folder.with_name(folder.name + ending)


def last_words(log: Path) -> str:
    """The sentence with which a command of ours ended, from its log; empty if it told none."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - LOG_TAIL))
            lines = file.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return ""
    told = [line for line in lines if line.startswith("isobath: ")]
    if told:
        return told[-1].removeprefix("isobath: ")[:600]
    last = next((line.strip() for line in reversed(lines) if line.strip()), "")
    known = {"MemoryError": "There was not enough memory.", "Killed": "The system ended it."}
    return next((sentence for word, sentence in known.items() if last.startswith(word)), "")
