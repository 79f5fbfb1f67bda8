"""A phone at the encrypted door: from the code to the sound in three taps, and what phones do to a page
that sounds. Browsers here insist on a touch before anything is heard, as on a phone."""

from __future__ import annotations

import base64
import hashlib
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Error

from isobath.library.home import Home
from tests.browser.conftest import ARGUMENTS, chromium_path, need_page, whole_browser
from tests.browser.instrument import HELPERS
from tests.server.test_phone import phoned

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(sys.platform == "darwin", reason="127.0.0.2 is no address of a Mac"),
]

WALK = "document.querySelector('isobath-walk')"
PHONE = {
    "viewport": {"width": 393, "height": 851},
    "device_scale_factor": 3,
    "is_mobile": True,
    "has_touch": True,
}
MOST_PIXELS = 2 * 2 * 393 * 851

STUBBED = """
for (const name of ["drawElements", "drawElementsInstanced", "drawArrays", "drawArraysInstanced"])
  WebGL2RenderingContext.prototype[name] = () => {};
window.locks = [];
Object.defineProperty(navigator, "wakeLock", { value: { request: async (kind) => {
  const lock = Object.assign(new EventTarget(), { kind, released: false, release: async () => {
    lock.released = true;
    lock.dispatchEvent(new Event("release"));
  } });
  window.locks.push(lock);
  return lock;
} } });
let shown = "visible";
Object.defineProperty(document, "visibilityState", { get: () => shown });
window.show = (how) => {
  shown = how;
  if (how === "hidden") for (const lock of window.locks) void lock.release();
  document.dispatchEvent(new Event("visibilitychange"));
};
"""
"""The screen of a phone that can be locked, and pictures that nobody draws: the driver is the processor."""


class Finger:
    """Taps, and counts them."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.context = page.context
        self.taps = 0

    def run(self, script: str, given: Any = None) -> Any:
        """As tests/browser/instrument.py does, on a page that may not be online."""
        self.page.evaluate(HELPERS)
        return self.page.evaluate(
            "async (given) => { const t = window.tests, i = window.isobath; " + script + " }", given
        )

    def tap(self, name: str) -> None:
        self.page.get_by_role("button", name=name).tap()
        self.taps += 1

    def hear(self) -> None:
        """Until something is heard."""
        self.run(
            """
            await t.until(() => i.instrument.state === "running", "sound", 20000);
            let loud = 0;
            i.instrument.addEventListener("meters", ({ detail }) => { loud = Math.max(...detail.peak); });
            await t.until(() => loud > 1e-3, "something loud enough to be heard", 20000);
            """
        )


def pin(certificate: Path) -> str:
    """The key of a certificate, as Chromium wants to be told of one that it may trust."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    key = x509.load_pem_x509_certificate(certificate.read_bytes()).public_key()
    spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(spki).digest()).decode()


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """What the QR code of `isobath walk --phone` says, and where its certificate is."""
    need_page()
    home = Home(tmp_path_factory.mktemp("phone") / "home")
    with phoned(home) as told:
        yield told["phone"], home.phone / "certificate.pem"


def browser_of(context: Any, path: str, *more: str) -> Any:
    """A browser that sounds when it is touched, and not before."""
    strict = [each for each in ARGUMENTS if not each.startswith("--autoplay")]
    return context.browser.browser_type.launch(executable_path=path, args=[*strict, *more])


@pytest.fixture(scope="module")
def stranger(context: Any, door: tuple[str, Path]) -> Iterator[Finger]:
    """A phone that has just scanned the code, in the world: it had to overrule the certificate."""
    whole = whole_browser()
    browser = browser_of(context, whole or chromium_path())
    held = browser.new_context(**PHONE, ignore_https_errors=whole is None)
    held.add_init_script(STUBBED)
    finger = Finger(held.new_page())
    if whole is None:
        finger.page.goto(door[0])
    else:
        with pytest.raises(Error, match="ERR_CERT_AUTHORITY_INVALID"):
            finger.page.goto(door[0])
        # Chromium's own page, in whatever language; it hears taps once its script is there.
        proceed = finger.page.locator("#proceed-link")
        while not proceed.is_visible():
            finger.page.locator("#details-button").tap()
            with suppress(Error):
                proceed.wait_for(timeout=2000)
        proceed.tap()
        finger.taps = 2
    finger.page.locator("isobath-walk canvas.world").wait_for()
    yield finger
    browser.close()


def test_from_the_code_to_the_sound_in_three_taps(stranger: Finger) -> None:
    assert stranger.run("return i.instrument.state") != "running", "nothing sounds before it is asked to"
    stranger.tap("Begin the walk")
    stranger.hear()
    assert stranger.taps == (1 if whole_browser() is None else 3)
    stranger.page.close()


@pytest.fixture
def finger(context: Any, door: tuple[str, Path], stranger: Finger) -> Iterator[Finger]:
    """The same phone, told to trust this machine."""
    browser = browser_of(context, chromium_path(), f"--ignore-certificate-errors-spki-list={pin(door[1])}")
    held = browser.new_context(**PHONE, storage_state=stranger.context.storage_state())
    held.add_init_script(STUBBED)
    yield Finger(held.new_page())
    browser.close()


def test_a_phone_keeps_its_screen_and_its_sound_and_needs_no_network(
    finger: Finger, door: tuple[str, Path]
) -> None:
    page = finger.page
    page.goto(f"{door[0].partition('?')[0]}?piece=example-walk-1#walk")
    page.locator("isobath-walk canvas.world").wait_for()
    finger.run("await t.until(() => navigator.serviceWorker.controller !== null, 'its keeper', 30000)")
    finger.tap("Begin the walk")
    finger.hear()
    assert finger.taps == 1
    page.locator("isobath-walk .walk-begin").wait_for(state="detached")

    # Three pixels to one are more than anyone sees, and more than a phone can draw 30 times a second.
    size = page.locator("isobath-walk canvas.world").evaluate("(canvas) => [canvas.width, canvas.height]")
    assert MOST_PIXELS / 4 <= size[0] * size[1] <= MOST_PIXELS

    # The screen stays on while it sounds, and again once it was locked.
    assert finger.run("return window.locks.map(({ kind, released }) => [kind, released])") == [
        ["screen", False]
    ]
    finger.run(
        """
        show("hidden");
        await t.until(() => locks[0].released, "a lock that is given back");
        show("visible");
        await t.until(() => locks.length === 2 && !locks[1].released, "another one");
        """
    )
    # A call takes the sound and is over, with the page in sight all the time.
    finger.run(
        """
        const { context } = i.instrument;
        Object.defineProperty(context, "state", { configurable: true, get: () => "interrupted" });
        await context.suspend();
        context.dispatchEvent(new Event("statechange"));
        await t.until(() => i.instrument.state === "suspended", "the call");
        delete context.state;
        context.dispatchEvent(new Event("statechange"));
        """
    )
    finger.hear()

    # And without a network it opens again with what was open, and sounds.
    finger.run(
        """
        let kept = [];
        const look = async () => {
          kept = (await Promise.all((await caches.keys()).map(async (name) =>
            (await (await caches.open(name)).keys()).map(({ url }) => url)))).flat();
        };
        const looking = setInterval(look, 100);
        const model = i.store.state.piece.voices[0].model;
        const both = () => kept.filter((url) => url.includes(`models/${model}`)).length >= 2;
        await t.until(both, "the model", 20000);
        clearInterval(looking);
        // The piece is kept two seconds after it was opened.
        while (!(await indexedDB.databases()).some(({ name }) => name === "isobath-last")) await t.wait(100);
        await t.wait(500);
        """
    )
    page.context.set_offline(True)
    page.reload()
    page.locator("isobath-walk canvas.world").wait_for()
    finger.tap("Begin the walk")
    finger.hear()
    assert finger.run("return i.store.state.piece.world !== null")
    assert "kept here" in finger.run("return i.store.state.connection.sentence")
    page.locator("isobath-walk").get_by_text("The connection to Isobath is lost").wait_for()
