"""What the stage plays, sent to an Icecast server as Ogg Vorbis: a source client (HTTP PUT) in a thread of
its own that connects again whenever the line breaks."""

from __future__ import annotations

import base64
import socket
import ssl
import threading
from contextlib import suppress
from urllib.parse import unquote, urlsplit

import soundfile

from isobath.errors import UsageError
from isobath.outputs.stage.area import Area
from isobath.server.ogg import OggWriter

_LOOK_SECONDS = 0.25
_PATIENCE = 10.0
_LONGEST_WAIT = 15.0
_BLOCK = 4096
_MOST_HEAD = 8192


class _Refused(Exception):
    """The server does not want it; asking again is in vain."""


class Broadcast:
    """Sends what an area's device is given, from now on, until `end`."""

    def __init__(self, url: str, area: Area) -> None:
        """url: `http://source:PASSWORD@HOST:8000/MOUNT.ogg`.

        Raises UsageError where it is none.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path in ("", "/"):
            raise UsageError(
                "This is no address of an Icecast mount. It reads http://source:PASSWORD@HOST:8000/NAME.ogg."
            )
        self._host, self._port = parts.hostname, parts.port or (443 if parts.scheme == "https" else 8000)
        self._safe, self._path = parts.scheme == "https", parts.path
        self.place = f"{parts.hostname}:{self._port}{parts.path}"
        """Without the password."""
        name, password = unquote(parts.username or "source"), unquote(parts.password or "")
        self._key = base64.b64encode(f"{name}:{password}".encode()).decode()
        self._area = area
        self.connected, self.connections, self.sentence = False, 0, ""
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="isobath-broadcast", daemon=True)
        self._thread.start()

    def follow(self, area: Area) -> None:
        """Go on with another stage."""
        self._area = area

    def end(self) -> None:
        """Close the line."""
        self._ending.set()
        self._thread.join(_PATIENCE)

    def _run(self) -> None:
        wait = 0.5
        while not self._ending.is_set():
            before = self.connections
            try:
                self._send()
            except _Refused as refused:
                self.sentence = str(refused)
                return
            except (OSError, soundfile.LibsndfileError) as error:
                self.sentence = f"{self.place} is not reached ({error}). It is tried again."
            self.connected = False
            wait = 0.5 if self.connections > before else min(_LONGEST_WAIT, 2 * wait)
            self._ending.wait(wait)

    def _send(self) -> None:
        with self._line() as line:
            self._ask(line)
            self.connected, self.sentence = True, ""
            self.connections += 1
            area = self._area
            pages, at = OggWriter(), int(area.board.heard)
            rate = int(area.board.rate)
            with soundfile.SoundFile(pages, "w", rate, 2, "VORBIS", format="OGG") as encoder:
                while not self._ending.wait(_LOOK_SECONDS):
                    if area is not self._area and int(self._area.board.rate) != rate:
                        break  # a file of another rate: the line is opened anew
                    if area is not self._area:
                        area, at = self._area, 0
                    until = int(area.board.heard)
                    while at < until:
                        sound, _ = area.heard(at, min(_BLOCK, until - at))
                        encoder.write(sound.T)
                        at += sound.shape[1]
                    line.sendall(pages.taken())
            with suppress(OSError):
                line.sendall(pages.taken())

    def _line(self) -> socket.socket:
        line = socket.create_connection((self._host, self._port), _PATIENCE)
        if self._safe:
            return ssl.create_default_context().wrap_socket(line, server_hostname=self._host)
        return line

    def _ask(self, line: socket.socket) -> None:
        head = (
            f"PUT {self._path} HTTP/1.1\r\nHost: {self._host}:{self._port}\r\n"
            f"Authorization: Basic {self._key}\r\n"
            "User-Agent: Isobath\r\nContent-Type: application/ogg\r\nIce-Public: 0\r\nIce-Name: Isobath\r\n"
            "Expect: 100-continue\r\n\r\n"
        )
        line.sendall(head.encode("latin-1", "replace"))
        answer = b""
        while b"\r\n\r\n" not in answer and len(answer) < _MOST_HEAD:
            part = line.recv(1024)
            if not part:
                raise OSError("it hung up")
            answer += part
        words = answer.split(b" ", 2)
        status = words[1].decode("ascii", "replace") if len(words) > 1 else ""
        if status in ("401", "403"):
            raise _Refused(
                f"{self.place} refuses us ({status}). Look at the password and the name of the mount."
            )
        if status not in ("100", "200"):
            raise OSError(f"it answered {status or 'nothing that is HTTP'}")
