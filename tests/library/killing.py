"""Kills a process at a chosen system call and looks at what it left behind.

Run as a script: `python -m tests.library.killing WHAT FOLDER KILLS` prints one JSON line. The
victim is traced with ptrace, so the kill falls between two system calls of its choosing: after the
write, before the flush, between rename and the flush of the folder, and so on through all of them.
"""

import ctypes
import json
import os
import shutil
import signal
import sys
from contextlib import closing
from pathlib import Path

from isobath.library.database import connect
from isobath.library.files import write_whole
from isobath.library.home import Home
from isobath.library.library import Library
from isobath.library.pieces import Pieces
from tests.library.pieces import piece

PTRACE_TRACEME, PTRACE_SYSCALL = 0, 24
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long


def run_until(call, victim):
    """Fork, run `victim(tell)` traced, kill it at its call-th system call (None: let it end).

    Returns the bytes it told, the number of stops seen, and whether it was killed.
    """
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(read_end)
        if libc.ptrace(PTRACE_TRACEME, 0, None, None) != 0:
            os._exit(99)
        os.kill(os.getpid(), signal.SIGSTOP)
        try:
            victim(lambda number: os.write(write_end, bytes([number])))
        finally:
            os._exit(0)
    os.close(write_end)
    _, status = os.waitpid(pid, 0)
    if os.WIFEXITED(status):
        raise SystemExit("ptrace is not allowed here")
    stops = 0
    killed = False
    while True:
        if call is not None and stops >= call:
            os.kill(pid, signal.SIGKILL)
            killed = True
        libc.ptrace(PTRACE_SYSCALL, pid, None, None)
        _, status = os.waitpid(pid, 0)
        if os.WIFEXITED(status) or os.WIFSIGNALED(status):
            break
        stops += 1
    with os.fdopen(read_end, "rb") as told:
        return told.read(), stops, killed


class Saving:
    """Changes, a drag, an undo and a redo, each told once it is acknowledged."""

    states = ("begin", "one", "two", "dragged", "two again", "one again", "two again", "three")

    def __init__(self, folder):
        self.home = Home(folder)
        self.home.make()
        with closing(connect(self.home.database)) as connection:
            Pieces(connection).change("page", 1, self.made("begin"), "Begin")

    def made(self, about):
        return piece(about=about, demonstrations=3, takes=1 + len(about) % 2)

    def victim(self, tell):
        pieces = Pieces(connect(self.home.database))
        for number in range(2, 6):
            pieces.change("page", number, self.made(self.states[number - 1]), "Change", joins=number == 4)
            tell(number)
        pieces.step("undo", "page", 6, "p1", self.made("one again"))
        tell(6)
        pieces.step("redo", "page", 7, "p1", self.made("two again"))
        tell(7)
        pieces.change("page", 8, self.made("three"), "Change")
        tell(8)

    def wrong(self, told):
        with closing(connect(self.home.database)) as connection:
            pieces = Pieces(connection)
            if connection.execute("PRAGMA integrity_check").fetchone()[0] != "ok":
                return "the database is damaged"
            number = pieces.acknowledged("page")
            if number < max(told, default=1):
                return f"{max(told)} was acknowledged, but {number} is the last one there"
            if number > max(told, default=1) + 1:
                return f"{number} is there, but {max(told, default=1)} was the last acknowledged"
            if pieces.read("p1") != self.made(self.states[number - 1]):
                return f"after {number} the piece is {pieces.read('p1').about!r}"
            if any(each.piece.about not in self.states for each in pieces.open("p1").history.undo):
                return "the history holds a piece nobody made"
        return None


class Writing:
    """A file written over an older one."""

    def __init__(self, folder):
        self.target = folder / "file"
        write_whole(self.target, [b"old" * 1000])

    def victim(self, tell):
        write_whole(self.target, [b"new" * 700] * 4)
        tell(1)

    def wrong(self, told):
        found = self.target.read_bytes()
        if found not in {b"old" * 1000, b"new" * 2800}:
            return f"the file is neither the old nor the new one ({len(found)} bytes)"
        if told and found == b"old" * 1000:
            return "the new file was acknowledged, but the old one is there"
        return None


class Opening:
    """A library opened for the first time, copied to its backups, and closed."""

    def __init__(self, folder):
        self.home = Home(folder)

    def victim(self, tell):
        with Library.open(self.home) as library:
            library.pieces.change("page", 1, piece(about="kept"), "Begin")
            tell(1)
            library.back_up()

    def wrong(self, told):
        with Library.open(self.home) as library:
            if library.notes:
                return library.notes[0]
            if told and library.pieces.read("p1").about != "kept":
                return "the piece is gone"
        return None


def main(what, folder, kills):
    """Run once to the end, then kill at `kills` places spread over the whole run."""
    kind = {"saving": Saving, "writing": Writing, "opening": Opening}[what]
    folder = Path(folder)
    (folder / "whole").mkdir()
    _, stops, _ = run_until(None, kind(folder / "whole").victim)
    faults, killed, partly = [], 0, 0
    places = sorted({1 + stops * i // kills for i in range(kills)})
    for place in places:
        here = folder / str(place)
        here.mkdir()
        case = kind(here)
        told, _, was_killed = run_until(place, case.victim)
        killed += was_killed
        partly += bool(told)
        fault = case.wrong(told)
        if fault is not None:
            faults.append(f"killed at system call stop {place}: {fault}")
        shutil.rmtree(here)
    print(
        json.dumps(
            {"stops": stops, "places": len(places), "killed": killed, "partly": partly, "faults": faults}
        )
    )


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
