"""The real server, the real page, a real browser: what the sound tests stand on."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from isobath.models.description import write
from isobath.server.page import static_folder
from tests.browser.instrument import Instrument
from tests.browser.organ import organ, pebble

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

BROWSERS = (
    "chromium-headless-shell",  # the same engine without the windows nobody sees: three quarters of the work
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
)
START_SECONDS = 30
WINDOW = {"width": 1024, "height": 700}
"""Of a page on which nothing else is said: the processor draws each pixel."""
STEADY = """localStorage.setItem("isobath.buffering", '{"step": 0, "automatic": false}')"""
"""The sound keeps as little ahead as it can, however busy the machine that tests it is."""
SLOW_DISPLAY = """{
  const frame = requestAnimationFrame.bind(window), waiting = new Map();
  let next = 1, last = -1000, asked = false;
  const draw = (now) => {
    if (now - last < 30) return frame(draw);
    const due = [...waiting.values()];
    waiting.clear();
    asked = false;
    last = now;
    for (const each of due) try { each(now); } catch (error) { reportError(error); }
  };
  window.requestAnimationFrame = (what) => {
    if (!asked) frame(draw);
    asked = true;
    waiting.set(next, what);
    return next++;
  };
  window.cancelAnimationFrame = (which) => waiting.delete(which);
}"""
"""Thirty pictures a second, as on a phone that saves its battery: the processor draws each of them."""
ARGUMENTS = [
    "--no-sandbox",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-gpu",
    "--disable-gpu-watchdog",  # the processor draws, and may be late
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def chromium_path() -> str:
    """The browser, or a skip that says how to get it."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("No Chromium was found. On Debian or Ubuntu: apt-get install chromium")
    return found


def whole_browser() -> str | None:
    """One that asks a person: the engine alone refuses certificates, microphones and sensors by itself."""
    return next((path for name in BROWSERS if "shell" not in name and (path := shutil.which(name))), None)


def need_page() -> None:
    """Skip, and say how to build the page, where it has not been built."""
    if not (static_folder() / "index.html").is_file():
        pytest.skip("The page has not been built. With Node 20 or newer: cd web && npm ci && npm run build")


def _listen(process: subprocess.Popen[str], said: list[str], linked: threading.Event) -> None:
    """Read what a server prints, up to its link and then to its end."""
    assert process.stdout is not None
    for line in process.stdout:
        if not linked.is_set():
            said.append(line)
        if "http://" in line:
            linked.set()
    linked.set()


def free_port() -> int:
    """A port that nobody listens on, in either way."""
    while True:
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
            socket.socket() as tcp,
            suppress(OSError),
        ):
            udp.bind(("127.0.0.1", 0))
            tcp.bind(udp.getsockname())
            return int(udp.getsockname()[1])


class Server:
    """`isobath play` as a process of its own, with a library of its own."""

    def __init__(
        self,
        home: Path,
        module: str = "isobath.cli",
        osc: int | None = None,
        opens: Sequence[str] = ("play",),
    ) -> None:
        self.home = home
        self.port = 0
        self.osc = osc
        """Where other programs move the axes."""
        self._module = module
        self._opens = opens
        self._process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def start(self) -> str:
        """Listen, on the port of last time if there was one; the link that lets a browser in."""
        environment = {**os.environ, "ISOBATH_HOME": str(self.home)}
        command = [sys.executable, "-m", self._module, *self._opens, "--no-browser", "--port", str(self.port)]
        command += [] if self.osc is None else ["--osc-in", str(self.osc)]
        self._process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        said: list[str] = []
        linked = threading.Event()
        threading.Thread(target=_listen, args=(self._process, said, linked), daemon=True).start()
        if not linked.wait(START_SECONDS) or not said or "http://" not in said[-1]:
            self.stop()
            raise RuntimeError(f"The server printed no link within {START_SECONDS} s. It said: {said}")
        link = said[-1][said[-1].index("http://") :].split()[0]
        self.port = int(link.split(":")[2].split("/")[0])
        return link

    def stop(self) -> None:
        """End it as Ctrl-C would."""
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()


@pytest.fixture(scope="session")
def home() -> Iterator[Path]:
    """A library with the organ, the pebble and an organ of 48 kHz in it."""
    with tempfile.TemporaryDirectory(prefix="isobath-browser-", ignore_cleanup_errors=True) as folder:
        (Path(folder) / "models").mkdir()
        write(Path(folder) / "models" / "organ.safetensors", *organ())
        write(Path(folder) / "models" / "pebble.safetensors", *pebble())
        write(Path(folder) / "models" / "harmonium.safetensors", *organ("harmonium", 48000))
        yield Path(folder)


@pytest.fixture(scope="session")
def server(home: Path) -> Iterator[Server]:
    """A running server."""
    need_page()
    chromium_path()
    running = Server(home, osc=free_port())
    running.link = running.start()  # type: ignore[attr-defined]
    yield running
    running.stop()


@pytest.fixture(scope="session")
def context(server: Server) -> Iterator[BrowserContext]:
    """A browser that has been let in."""
    playwright = pytest.importorskip("playwright.sync_api", reason="pip install playwright")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=chromium_path(), args=ARGUMENTS)
        context = browser.new_context(viewport=WINDOW)
        context.add_init_script(STEADY)
        context.add_init_script(SLOW_DISPLAY)
        page = context.new_page()
        page.goto(server.link)  # type: ignore[attr-defined]
        # Closing a page on its way from the link to the page hangs; wait until it has arrived.
        page.wait_for_selector("isobath-page", state="attached")
        page.close()
        yield context
        browser.close()


@pytest.fixture(autouse=True)
def no_page_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """A page that a test leaves open would sound and draw beside all those that follow."""
    if "context" not in request.fixturenames:
        yield
        return
    browser = request.getfixturevalue("context").browser
    before = [page for each in browser.contexts for page in each.pages]
    yield
    for each in browser.contexts:
        for page in each.pages:
            if page not in before:
                page.close()


@pytest.fixture
def instrument(context: BrowserContext, server: Server) -> Iterator[Instrument]:
    """A page with a new piece for the organ, sounding."""
    playing = Instrument(context.new_page(), server.url)
    playing.new_piece("organ")
    playing.start()
    yield playing
    playing.page.close()


@pytest.fixture
def measured(context: BrowserContext, server: Server) -> Iterator[Instrument]:
    """A page that lets a probe in: its content security policy would not."""
    assert context.browser is not None
    open_to_probes = context.browser.new_context(bypass_csp=True, storage_state=context.storage_state())
    open_to_probes.add_init_script(STEADY)
    playing = Instrument(open_to_probes.new_page(), server.url)
    playing.new_piece("organ")
    playing.start()
    yield playing
    open_to_probes.close()
