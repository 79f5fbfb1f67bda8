"""Where confined processes come from.

PyTorch takes seconds to import, and a model that failed should be back in a blink. So on Linux one
helper process imports it once, and every confined process is a fork of that one: it starts in
milliseconds and shares the library's memory. The helper never sees a model. It has one thread, and
makes pipes and shared memory, which the instrument opens through `/proc`.

Elsewhere, or where `/proc` may not be read, each process is started from nothing.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, cast

from . import wire

_START = "import sys; sys.path[:] = {path!r}; from isobath.foreign import worker; worker.{call}"

_ENVIRONMENT = {
    "LANG": "C.UTF-8",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
}
"""All that the processes know of the environment. One thread: fences must stand before others start."""


@dataclass(frozen=True)
class Child:
    """A process that waits for a model."""

    pid: int
    source: IO[bytes]
    """Its answers."""
    target: IO[bytes]
    """Its requests."""
    area: int
    """Descriptor of the shared memory."""
    kill: Callable[[], int | None]
    """End it; how it ended, negative for a signal, if it had ended by itself."""

    def end(self) -> int | None:
        """Kill it and close what belongs to it."""
        code = self.kill()
        for file in (self.source, self.target):
            with contextlib.suppress(OSError):
                file.close()
        with contextlib.suppress(OSError):
            os.close(self.area)
        return code


def new_child() -> Child:
    """A process that has torch and nothing else."""
    if sys.platform.startswith("linux"):
        with contextlib.suppress(OSError, ValueError, EOFError):
            return _nursery().birth()
    return _cold()


def shared_memory() -> int:
    """A descriptor of memory that two processes can share, of a fixed size."""
    size = 2 * wire.AREA
    if sys.platform.startswith("linux"):
        import fcntl

        handle = os.memfd_create("isobath", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        os.ftruncate(handle, size)
        fcntl.fcntl(handle, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW)
        return handle
    with tempfile.TemporaryFile() as file:
        file.truncate(size)
        return os.dup(file.fileno())


def _start(call: str, *, handles: tuple[int, ...] = ()) -> subprocess.Popen[bytes]:
    path = [os.path.abspath(p) for p in sys.path if p]  # noqa: PTH100
    return subprocess.Popen(
        [sys.executable, "-I", "-c", _START.format(path=path, call=call)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env=_ENVIRONMENT,
        pass_fds=handles,
        bufsize=0,
    )


def _cold() -> Child:
    area = shared_memory()
    process = _start(f"alone({area}, {os.getpid()})", handles=(area,))

    def kill() -> int | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.wait(0.1)
        process.kill()
        process.wait()
        return None

    return Child(process.pid, cast(IO[bytes], process.stdout), cast(IO[bytes], process.stdin), area, kill)


class Nursery:
    """The instrument's end of the helper process."""

    def __init__(self) -> None:
        self.owner = os.getpid()
        self._lock = threading.Lock()
        self._process = _start("nursery()")
        atexit.register(self.close)

    @property
    def alive(self) -> bool:
        """Whether it can be asked, by this process."""
        return self._process.poll() is None and self.owner == os.getpid()

    def close(self) -> None:
        """End it, and with it all its children."""
        if self.owner == os.getpid():
            self._process.kill()
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe is not None:
                    pipe.close()

    def birth(self) -> Child:
        """A new process.

        Raises:
            OSError, ValueError, EOFError: it has none to give.
        """
        with self._lock:
            pid, answers, requests, area = (int(word) for word in self._ask("birth").split())
            handles: list[int] = []
            try:
                for number, way in ((answers, os.O_RDONLY), (requests, os.O_WRONLY), (area, os.O_RDWR)):
                    handles.append(os.open(f"/proc/{self._process.pid}/fd/{number}", way | os.O_CLOEXEC))
            except OSError:
                self._ask(f"end {pid}")
                for handle in handles:
                    os.close(handle)
                raise
            finally:
                self._ask("taken")
        source, target = os.fdopen(handles[0], "rb", 0), os.fdopen(handles[1], "wb", 0)
        return Child(pid, source, target, handles[2], lambda: self._end(pid))

    def _end(self, pid: int) -> int | None:
        with self._lock, contextlib.suppress(OSError, ValueError, EOFError):
            code = int(self._ask(f"end {pid}"))
            return None if code == -9 else code
        return None

    def _ask(self, words: str) -> str:
        target, source = self._process.stdin, self._process.stdout
        assert target is not None
        assert source is not None
        target.write(f"{words}\n".encode())
        answer = b""
        while not answer.endswith(b"\n"):
            part = source.read(1)
            if not part:
                raise EOFError
            answer += part
        return answer.decode()


_only: Nursery | None = None
_making = threading.Lock()


def _nursery() -> Nursery:
    global _only
    with _making:
        if _only is None or not _only.alive:
            _only = Nursery()
        return _only
