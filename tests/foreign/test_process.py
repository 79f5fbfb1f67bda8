"""A confined process can do nothing but compute, and its end is nobody else's."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from isobath.errors import ModelFailed
from isobath.foreign import wire
from isobath.foreign.archive import read
from isobath.foreign.confine import Confinement, available
from isobath.foreign.repack import repacked

torch = pytest.importorskip("torch")

from isobath.foreign import nursery  # noqa: E402
from isobath.foreign.process import Process  # noqa: E402

from . import hostile  # noqa: E402

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the fences are Linux's")
fenced = pytest.mark.skipif(not available().calls, reason="this machine has no filter of system calls")
ONES = np.ones((1, 1, 64), np.float32)


class Counts(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("forward_params", torch.tensor([1, 1, 1, 1]))
        self.register_buffer("count", torch.zeros(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.count += 1
        print("a model may print")
        return x * 0 + self.count


@pytest.fixture
def ungated(tmp_path: Path) -> Callable[[torch.nn.Module], Process]:
    """A model in its process although the gate might have refused it."""

    def start(module: torch.nn.Module) -> Process:
        path = hostile.save(module, tmp_path / "model.ts")
        return Process("model", repacked(read(path)))

    return start


def voice(process: Process) -> int:
    opened = process.ask(wire.Open())
    assert isinstance(opened, wire.Opened)
    return opened.instance


Start = Callable[[torch.nn.Module], Process]


@linux
def test_the_attack_works_where_nothing_holds_it(tmp_path: Path) -> None:
    """The fixture is no straw man: plain torch writes the file while loading."""
    target = tmp_path / "target"
    path = hostile.save(hostile.Restores(str(target)), tmp_path / "evil.ts")
    assert path.stat().st_size < 8000
    target.unlink(missing_ok=True)
    torch.jit.load(str(path))
    assert target.read_bytes() == b"pwn\n"


@fenced
def test_the_attack_fails_in_the_process_even_without_the_gate(ungated: Start, tmp_path: Path) -> None:
    target = tmp_path / "target"
    with pytest.raises(ModelFailed, match="could not be loaded: unable to open file"):
        ungated(hostile.Restores(str(target)))
    assert not target.exists()


@pytest.mark.parametrize("evil", [hostile.Writes, hostile.Reads, hostile.Saves])
def test_operations_that_are_not_listed_are_found_in_the_compiled_program(
    evil: type, ungated: Start, tmp_path: Path
) -> None:
    target = tmp_path / "target"
    with pytest.raises(ModelFailed, match="not on the list"):
        ungated(evil(str(target)))
    assert not target.exists()


PROBES = """
    open-for-reading: open('/etc/passwd')
    open-for-writing: open({target!r}, 'w')
    append: os.open({target!r}, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    make-folder: os.mkdir({target!r})
    remove: os.unlink({kept!r})
    shorten: os.truncate({kept!r}, 0)
    rename: os.rename({kept!r}, {target!r})
    socket: _socket.socket()
    local-socket: _socket.socket(_socket.AF_UNIX)
    fork: os.fork()
    execute: os.execv('/bin/true', ['true'])
    kill: os.kill(os.getppid(), 0)
    memory: bytearray(1 << 34)
    trace: os.kill(1, 0)
    secret-memory: os.memfd_create('x')
    pipe: os.pipe()
    limits: resource.setrlimit(resource.RLIMIT_NOFILE, (1, 1))
    priority: os.nice(-1)
    folder: os.listdir('/home')
"""


@linux
def test_a_fenced_process_can_do_none_of_this(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.write_text("mine")
    script = """
        import os, sys, resource, threading, _socket
        from pathlib import Path
        from isobath.foreign.confine import confine
        from isobath.foreign.worker import library_folders
        fence = confine(library_folders(), 1 << 30)
        print(fence.whole)
        for line in PROBES.strip().splitlines():
            name, _, code = line.strip().partition(": ")
            try:
                eval(code)
            except (OSError, MemoryError, ValueError):
                continue
            print("could", name)
        thread = threading.Thread(target=lambda: print("thread"))
        thread.start()
        thread.join()
    """
    probes = PROBES.format(target=str(tmp_path / "target"), kept=str(kept))
    code = f"PROBES = {probes!r}\n" + textwrap.dedent(script)
    environment = {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p), "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=60
    )
    lines = done.stdout.split("\n")
    if not available().whole:
        pytest.skip(available().warning)
    assert lines[0] == "True", done.stderr
    assert lines[1:-1] == ["thread"], done.stderr
    assert kept.read_text() == "mine"
    assert not (tmp_path / "target").exists()


@linux
def test_all_fences_stand_around_a_model(ungated: Start) -> None:
    process = ungated(Counts())
    status = Path(f"/proc/{process.pid}/status").read_text()
    assert process.confinement == available()
    assert process.confinement.calls == ("Seccomp:\t2" in status)
    assert "NoNewPrivs:\t1" in status
    if not process.confinement.whole:
        assert process.confinement.warning.endswith(".")
        pytest.skip(process.confinement.warning)
    assert process.confinement.warning == ""
    process.stop()


def test_what_is_missing_of_the_fences_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Confinement(files=True, calls=True, limits=True).warning == ""
    assert "could read your files" in Confinement(files=False, calls=True, limits=True).warning
    assert "not limited" in Confinement(files=True, calls=True, limits=False).warning
    monkeypatch.setattr(sys, "platform", "darwin")
    elsewhere = available()
    assert not elsewhere.whole
    assert "only the check of their program protects you" in elsewhere.warning


def test_a_model_keeps_its_past_and_may_print(ungated: Start) -> None:
    process = ungated(Counts())
    one, other = voice(process), voice(process)
    counts = [process.call(number, "forward", ONES)[0][0][0, 0, 0] for number in (one, one, other)]
    assert counts == [1.0, 2.0, 1.0]
    copied = process.ask(wire.Open(like=one))
    assert isinstance(copied, wire.Opened)
    assert process.call(copied.instance, "forward", ONES)[0][0][0, 0, 0] == 3.0
    process.stop()


def test_a_model_that_hangs_is_stopped_and_starts_anew(ungated: Start) -> None:
    process = ungated(hostile.Hangs())
    pid, start = process.pid, time.monotonic()
    with pytest.raises(ModelFailed, match=r"no answer within 0\.3 s"):
        process.call(voice(process), "forward", ONES, seconds=0.3)
    assert time.monotonic() - start < 5
    assert process.pid == 0
    assert voice(process) == 1
    assert process.pid not in (0, pid)
    process.stop()


def test_a_model_that_is_killed_is_told_and_starts_anew(ungated: Start) -> None:
    process = ungated(Counts())
    number = voice(process)
    os.kill(process.pid, signal.SIGKILL)
    with pytest.raises(ModelFailed, match="stopped by itself"):
        process.call(number, "forward", ONES)
    assert process.call(voice(process), "forward", ONES)[0][0][0, 0, 0] == 1.0
    process.stop()


def test_a_model_that_keeps_failing_is_left_alone(ungated: Start) -> None:
    process = ungated(Counts())
    with pytest.raises(ModelFailed, match="left alone"):  # noqa: PT012
        for _ in range(10):
            process.stop()
            process.start()


def test_memory_has_an_end(ungated: Start) -> None:
    process = ungated(hostile.Swallows())
    with pytest.raises(ModelFailed, match=r"could not do this: .*allocate"):
        process.call(voice(process), "forward", ONES)
    process.stop()


def test_what_is_no_number_does_not_come_out(ungated: Start) -> None:
    process = ungated(hostile.Poisons())
    with pytest.raises(ModelFailed, match="not numbers"):
        process.call(voice(process), "forward", ONES)
    process.stop()


def test_nonsense_from_the_process_is_not_believed(ungated: Start) -> None:
    process = ungated(Counts())
    for lie in (wire.Called(((1 << 40,),), 0.0), wire.Called(((-1,),), 0.0), wire.Opened(3)):
        number = voice(process)
        text = wire.packed(lie)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(process, "_receive", lambda _, text=text: wire.answer(text[4:]))
            with pytest.raises(ModelFailed, match="makes no sense"):
                process.call(number, "forward", ONES)
    process.stop()


@linux
def test_processes_end_with_the_one_that_started_them(tmp_path: Path) -> None:
    path = hostile.save(Counts(), tmp_path / "model.ts")
    code = textwrap.dedent(f"""
        import os
        from isobath.foreign.archive import read
        from isobath.foreign.process import Process
        from isobath.foreign.repack import repacked
        process = Process("model", repacked(read({str(path)!r})))
        print(process.pid, flush=True)
        os._exit(0)
    """)
    environment = {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=100
    )
    pid = int(done.stdout)
    for _ in range(100):
        if not Path(f"/proc/{pid}").exists() or "State:\tZ" in Path(f"/proc/{pid}/status").read_text():
            return
        time.sleep(0.05)
    raise AssertionError(f"process {pid} is still there")


def test_without_the_helper_a_process_starts_from_nothing(
    ungated: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none() -> None:
        raise OSError("no /proc")

    monkeypatch.setattr(nursery, "_nursery", none)
    process = ungated(Counts())
    assert process.call(voice(process), "forward", ONES)[0][0][0, 0, 0] == 1.0
    process.stop()
