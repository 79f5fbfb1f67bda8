"""The process that makes streamed voices: one thread for each, beside the server and never in its way.

    python -m isobath.server.pump HANDLE

The server hands over the sockets of pages that it has let in, each with one line of JSON (`Asked`), through
the descriptor HANDLE; the number of a stream that has ended comes back the same way. When the server goes,
so does this. A thread waits for latents, makes the hop and sends it: nothing here is on a schedule of its
own, because the page is the clock. No event loop stands between a page and its sound.
"""

import os
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import cast

import msgspec
import numpy as np
from websockets.frames import Frame, Opcode
from websockets.protocol import SERVER, Protocol, State

from isobath import symbolic
from isobath.engine.apart import Apart, is_ours
from isobath.engine.controls import VoiceControls
from isobath.errors import IsobathError
from isobath.foreign import facts
from isobath.foreign.torchscript import ForeignModel, open_model
from isobath.models.coder import Model, load
from isobath.protocol.connection import Pace
from isobath.protocol.stream import (
    FRAME_BYTES,
    Begin,
    Control,
    Ready,
    Sound,
    Trouble,
    read_latents,
    said,
    write_sound,
)
from isobath.server.handing import Asked
from isobath.server.stage_stream import listen
from isobath.symbolic.playing import PlayedBars

NICENESS = -11
"""Wanted for all threads here; systems grant it to few, and what is not granted is done without."""

PATIENCE_SECONDS = 2.0
"""A foreign model that has not made its hop by then is stopped and started anew."""

TIMES_REAL = 3.0
"""Frames are answered at this many times their own pace at most; faster ones wait."""

CONTROLS_PER_SECOND = 120.0
SEND_SECONDS = 10
"""A page that takes nothing for so long is let go."""

TELL_AGAIN_SECONDS = 5.0


def raise_priority() -> None:
    """Go before other programs, as far as the system lets us."""
    if hasattr(os, "setpriority"):
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, 0, NICENESS)


def open_any(asked: Asked) -> Model | ForeignModel | PlayedBars:
    """The model that was asked for.

    Raises:
        IsobathError: it does not open.
    """
    path = Path(asked.path)
    if not asked.foreign and symbolic.is_bars(path):
        return PlayedBars(symbolic.load(path), live=True)
    if not asked.foreign:
        return load(path)
    described = msgspec.structs.replace(facts.read(path.with_suffix(".json")), name=asked.name)
    model = open_model(path, described)
    model.patience = PATIENCE_SECONDS
    return model


class Line:
    """A WebSocket whose greeting is over, without an event loop: one thread reads and writes."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        connection.setblocking(True)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if connection.family != socket.AF_UNIX:  # one that stands for an encrypted one (server/relay.py)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with suppress(OSError):  # without it a page that takes nothing holds its own thread, no other
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("@ll", SEND_SECONDS, 0))
        self._protocol = Protocol(SERVER, max_size=FRAME_BYTES)

    def receive(self) -> list[Frame]:
        """Frames that have come, waiting for some; empty once the other side has gone or was sent away.

        Raises:
            OSError: the connection broke.
        """
        while self._protocol.state is State.OPEN:
            data = self._socket.recv(65536)
            if data:
                self._protocol.receive_data(data)
            else:
                self._protocol.receive_eof()
            frames = [e for e in self._protocol.events_received() if isinstance(e, Frame)]
            self._flush()
            spoken = [frame for frame in frames if frame.opcode in (Opcode.TEXT, Opcode.BINARY)]
            if spoken or not data:
                return spoken
        return []

    def look(self) -> None:
        """Take in what has come, without waiting for any. Raises OSError where the connection broke."""
        try:
            data = self._socket.recv(65536, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        if data:
            self._protocol.receive_data(data)
        else:
            self._protocol.receive_eof()
        self._protocol.events_received()
        self._flush()

    def send(self, data: bytes) -> None:
        """Sound."""
        self._protocol.send_binary(data)
        self._flush()

    def tell(self, message: Ready | Trouble) -> None:
        """Words."""
        self._protocol.send_text(msgspec.json.encode(message))
        self._flush()

    def _flush(self) -> None:
        for part in self._protocol.data_to_send():
            if part:
                self._socket.sendall(part)

    @property
    def open(self) -> bool:
        """Whether both sides are still there."""
        return self._protocol.state is State.OPEN

    def close(self, code: int = 1000) -> None:
        """Say good-bye, if there is still somebody, and hang up."""
        with suppress(OSError):
            if self.open:
                self._protocol.send_close(code)
            self._flush()
        self.hang_up()
        self._socket.close()

    def hang_up(self) -> None:
        """End the connection; from another thread, too: whoever waits for frames then has none."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)


class Stream:
    """One voice for one page, from its opening to its end; `run` is its thread."""

    def __init__(self, asked: Asked, line: Line) -> None:
        self._asked, self._line = asked, line
        self._epoch = -1
        self._told = ("", 0.0)
        self._controls = Pace(CONTROLS_PER_SECOND, time.monotonic)

    def run(self) -> None:
        """Make hops until the page goes."""
        model: Model | ForeignModel | PlayedBars | None = None
        try:
            try:
                model = open_any(self._asked)
                apart = Apart(cast(Model, model))  # has the same face
            except IsobathError as error:
                self._line.tell(Trouble(sentence=str(error), lasting=True))
                return
            self._line.tell(
                Ready(
                    name=self._asked.name,
                    sample_rate=model.sample_rate,
                    channels=model.channels,
                    hop=model.hop,
                    dims=model.dims,
                )
            )
            self._play(apart, model)
        except OSError:
            pass  # the page has gone
        finally:
            if model is not None and not is_ours(model):
                model.close()  # type: ignore[union-attr]
            self._line.close()

    def _play(self, apart: Apart, model: Model | ForeignModel | PlayedBars) -> None:
        frames = Pace(TIMES_REAL * model.sample_rate / model.hop, time.monotonic)
        while self._line.open:
            for frame in self._line.receive():
                if frame.opcode is Opcode.BINARY:
                    time.sleep(frames.take())
                    self._attempt(self._hop, apart, bytes(frame.data))
                else:
                    time.sleep(self._controls.take())
                    self._attempt(self._heed, apart, bytes(frame.data))
            if not self._line.open:
                return

    def _attempt(self, act: Callable[[Apart, bytes], None], apart: Apart, data: bytes) -> None:
        """Do one thing; where it fails, say why, but not over and over."""
        try:
            act(apart, data)
        except IsobathError as error:
            sentence = str(error)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            sentence = f"The page sent something that is no frame ({error}). Reload it."
        else:
            return
        before, at = self._told
        now = time.monotonic()
        if sentence != before or now - at > TELL_AGAIN_SECONDS:
            self._told = (sentence, now)
            self._line.tell(Trouble(sentence=sentence))

    def _heed(self, apart: Apart, text: bytes) -> None:
        message = said(text)
        if isinstance(message, Begin):
            apart.reset(message.seed & 0xFFFFFFFF)
            self._epoch = message.epoch
        elif isinstance(message, Control):
            apart.set(
                VoiceControls(message.shaping, source=message.source, bars=message.bars, bpm=message.bpm)
            )

    def _hop(self, apart: Apart, data: bytes) -> None:
        asked = read_latents(data)
        if asked.epoch != self._epoch:
            return
        model = apart.model
        if len(asked.latent) != model.dims or (asked.heard is not None and asked.heard.shape[1] != model.hop):
            raise ValueError(f"{len(asked.latent)} dimensions for a model of {model.dims}")
        start = time.perf_counter_ns()
        audio = apart.hop(asked.latent, asked.heard, asked.given)
        spent = (time.perf_counter_ns() - start) // 1000
        self._line.send(write_sound(Sound(asked.epoch, asked.frame, apart.shaped, np.asarray(audio), spent)))


class Pump:
    """All streams, and the line to the server."""

    def __init__(self, server: socket.socket) -> None:
        self._server = server
        self._lines: dict[int, Line] = {}
        self._threads: dict[int, threading.Thread] = {}
        self._lock = threading.Lock()

    def run(self) -> None:
        """Take sockets until the server goes."""
        words, handles = b"", list[int]()
        while True:
            data, more, _, _ = socket.recv_fds(self._server, 65536, 16)
            if not data:
                break
            words, handles = words + data, handles + list(more)
            while b"\n" in words and handles:
                text, _, words = words.partition(b"\n")
                asked = msgspec.json.decode(text, type=Asked)
                connection = socket.socket(fileno=handles.pop(0))
                self._begin(asked, connection, handles.pop(0) if asked.stage else -1)
        self._end()

    def _begin(self, asked: Asked, connection: socket.socket, memory: int) -> None:
        line = Line(connection)
        thread = threading.Thread(target=self._stream, args=(asked, line, memory), daemon=True)
        with self._lock:
            self._lines[asked.id], self._threads[asked.id] = line, thread
        thread.start()

    def _stream(self, asked: Asked, line: Line, memory: int) -> None:
        try:
            if asked.stage:
                with suppress(OSError):  # the page has gone
                    listen(memory, line)
                line.close()
            else:
                Stream(asked, line).run()
        finally:
            with self._lock:
                self._lines.pop(asked.id, None)
                self._threads.pop(asked.id, None)
                with suppress(OSError):
                    self._server.sendall(f"{asked.id}\n".encode())

    def _end(self) -> None:
        with self._lock:
            lines, threads = list(self._lines.values()), list(self._threads.values())
        for line in lines:
            line.hang_up()
        for thread in threads:
            thread.join(2.0)


def main() -> None:
    """Serve the descriptor that was named."""
    raise_priority()
    Pump(socket.socket(fileno=int(sys.argv[1]))).run()


if __name__ == "__main__":
    main()
