"""The source client beside a small receiver that speaks as Icecast does."""

from __future__ import annotations

import base64
import io
import socket
import threading
import time
from collections.abc import Callable

import numpy as np
import pytest
import soundfile

from isobath.errors import UsageError
from isobath.outputs.stage.area import Area
from isobath.server.broadcast import Broadcast

RATE = 48000


class Receiver:
    """Takes one source after the other; hangs up on the first after some bytes."""

    def __init__(self, answers: list[bytes]) -> None:
        self.heads: list[bytes] = []
        self.bodies: list[bytes] = []
        self._answers = answers
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        for number, answer in enumerate(self._answers):
            line, _ = self._listener.accept()
            with line:
                line.settimeout(10)
                head = b""
                while b"\r\n\r\n" not in head:
                    head += line.recv(4096)
                self.heads.append(head)
                line.sendall(answer)
                self.bodies.append(b"")
                while part := line.recv(4096):
                    self.bodies[-1] += part
                    if number == 0 and len(self._answers) > 1:
                        break
        self._listener.close()


def play(stage: Area, start: int, frames: int) -> None:
    at = np.arange(start, start + frames)
    stage.write(0, np.stack([0.4 * np.sin(at / 30)] * 2).astype(np.float32))
    stage.run(frames)


def stage() -> Area:
    made = Area.new(RATE, 128, 256)
    made.board.workers[0].pid = made.board.workers[1].pid = 1
    made.board.wish = 0
    return made


def until(true: Callable[[], bool], seconds: float = 15.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def test_it_sends_ogg_vorbis_and_comes_back_when_the_line_breaks() -> None:
    area, receiver = stage(), Receiver([b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.0 200 OK\r\n\r\n"])
    sent = Broadcast(f"http://source:se%20cret@127.0.0.1:{receiver.port}/isobath.ogg", area)
    at = 0
    while sent.connections < 2:
        play(area, at, 2048)
        at += 2048
        time.sleep(0.02)
        assert at < 2048 * 1000
    for _ in range(40):
        play(area, at, 2048)
        at += 2048
        time.sleep(0.02)
    until(lambda: len(receiver.bodies) == 2 and len(receiver.bodies[1]) > 4000)
    sent.end()
    key = base64.b64encode(b"source:se cret")
    assert receiver.heads[1].startswith(b"PUT /isobath.ogg HTTP/1.1\r\n")
    assert key in receiver.heads[1]
    until(lambda: not sent._thread.is_alive())
    time.sleep(0.1)
    heard, rate = soundfile.read(io.BytesIO(receiver.bodies[1]), always_2d=True)
    assert rate == RATE
    assert heard.shape[0] > 20 * 2048
    assert 0.2 < np.abs(heard[RATE // 10 :]).max() < 0.6
    assert "se cret" not in sent.place


def test_who_is_refused_does_not_ask_again() -> None:
    receiver = Receiver([b"HTTP/1.0 401 Authentication Required\r\n\r\n"])
    sent = Broadcast(f"http://source:no@127.0.0.1:{receiver.port}/isobath.ogg", stage())
    until(lambda: "refuses us (401)" in sent.sentence)
    sent.end()
    with pytest.raises(UsageError, match="Icecast mount"):
        Broadcast("ftp://somewhere", stage())
