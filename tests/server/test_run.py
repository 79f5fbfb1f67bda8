"""The server as a process: found, ended, killed, started again."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import httpx
import msgspec
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from isobath.errors import UsageError
from isobath.library.library import Library
from isobath.protocol.messages import Change, Hello, Saved
from isobath.server import run
from isobath.server.run import Doorway, bind, is_local, names_of
from tests.server.serving import TestPage


@contextmanager
def started(home, *options):
    """`isobath play` as a process, and the link it printed."""
    environment = {**os.environ, "ISOBATH_HOME": str(home.root)}
    command = [sys.executable, "-m", "isobath.cli", "play", "--no-browser", "--json", *options]
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        lines = ""
        while "}" not in lines:
            line = process.stdout.readline()
            if not line:
                raise AssertionError(process.stderr.read())
            lines += line
        yield process, json.loads(lines)["url"]
    finally:
        process.kill()
        process.communicate()


class Browser:
    """Keeps its cookie over the death of the server."""

    def __init__(self, url):
        self.origin = url.split("/?")[0]
        answer = httpx.get(url)
        self.cookie = answer.headers["set-cookie"].split(";")[0]

    @contextmanager
    def page(self, name="page", **hello):
        with connect(
            self.origin.replace("http", "ws") + "/ws",
            origin=self.origin,
            additional_headers={"Cookie": self.cookie},
            max_size=None,
        ) as opened:
            page = TestPage(opened)
            page.welcome = page.ask(Hello(page=name, **hello))
            yield page


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_a_page_outlives_a_killed_server_and_loses_nothing_that_was_acknowledged(home):
    port = str(free_port())
    with started(home, "--port", port) as (process, url):
        browser = Browser(url)
        acknowledged = 0
        with browser.page() as page:
            piece = page.welcome.opened.piece
            changes = [
                Change(number=n, piece=msgspec.structs.replace(piece, about=str(n)), label=f"{n}")
                for n in range(1, 501)
            ]
            for change in changes:
                page.say(change)
            try:
                while True:
                    acknowledged = page.hear(Saved).number
                    if acknowledged == 100:
                        process.kill()
            except (ConnectionClosed, EOFError):
                pass
    assert 100 <= acknowledged < 500
    with started(home, "--port", port), browser.page(piece=piece.id, revision=0) as page:
        assert page.welcome.acknowledged >= acknowledged
        for change in changes[page.welcome.acknowledged :]:
            page.say(change)
        while page.hear(Saved).number != 500:
            pass
        page.socket.close()
    with Library.open(home) as library:
        opened = library.pieces.open(piece.id)
        assert opened.piece.about == "500"
        assert [step.label for step in opened.history.undo] == [str(n) for n in range(401, 501)]


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_asked_to_end_the_server_ends_well_and_closes_the_library(home, ending):
    with started(home, "--port", "0") as (process, url):
        with Browser(url).page() as page:
            piece = page.welcome.opened.piece
            page.ask(
                Change(number=1, piece=msgspec.structs.replace(piece, about="kept"), label="Write"), Saved
            )
            process.send_signal(ending)
            assert process.wait(10) == 0
        assert process.stderr.read() == ""
    assert not Path(f"{home.database}-wal").exists()
    with Library.open(home) as library:
        assert library.pieces.read(piece.id).about == "kept"


def test_a_taken_port_is_passed_over(monkeypatch):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setattr(run, "PORT", port)
        with bind(Doorway()) as listener:
            assert port < listener.getsockname()[1] < port + run.TRIED
        with pytest.raises(UsageError, match=f"Port {port} is taken"):
            bind(Doorway(port=port))


def test_the_server_can_only_be_reached_from_this_machine_unless_asked():
    with bind(Doorway(port=0)) as listener:
        assert listener.getsockname()[0] == "127.0.0.1"
    assert is_local("127.0.0.1")
    assert not is_local("0.0.0.0")
    assert names_of("127.0.0.1") == ("127.0.0.1", "localhost")
    assert names_of("192.168.1.5") == ("192.168.1.5",)
    assert socket.gethostname().lower() in names_of("0.0.0.0")


def test_a_host_that_is_not_here_is_told():
    with pytest.raises(UsageError, match=r"192\.0\.2\.1"):
        bind(Doorway(host="192.0.2.1", port=0))


def test_the_next_link_is_told_after_one_is_used(home):
    environment = {**os.environ, "ISOBATH_HOME": str(home.root)}
    command = [sys.executable, "-m", "isobath.cli", "play", "--no-browser", "--port", "0"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        first = process.stdout.readline().split()[-1]
        assert httpx.get(first).status_code == 200
        second = process.stdout.readline().split()[-1]
        assert httpx.get(first).status_code == 403
        assert httpx.get(second).status_code == 200
        process.terminate()


def test_a_damaged_library_is_told_in_the_terminal_and_on_the_page(home):
    with Library.open(home) as library:
        library.new("Kept")
        library.back_up()
    with home.database.open("r+b") as file:
        file.write(os.urandom(4096))
    with started(home, "--port", "0") as (process, url):
        browser = Browser(url)
        with browser.page() as page:
            assert "damaged" in page.welcome.notes[0]
            assert page.welcome.opened.piece.name == "Kept"
        with browser.page() as page:
            assert page.welcome.notes == ()
        process.terminate()
        assert "damaged" in process.stderr.read()


def test_the_server_is_there_at_once(home):
    begun = time.monotonic()
    with started(home, "--port", "0") as (_, url):
        assert httpx.get(url.split("?")[0] + "health").status_code == 200
    assert time.monotonic() - begun < 6.0  # a loaded machine; 0.6 s on a quiet one
