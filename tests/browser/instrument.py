"""The page as a test plays it: through its own store, instrument and performer (`window.isobath`)."""

from __future__ import annotations

import base64
import io
from typing import Any

import msgspec
import numpy as np
import soundfile
from numpy.typing import NDArray
from playwright.sync_api import Page

from isobath.protocol.piece import Piece, Take

HELPERS = """
window.tests = {
  until: async (true_, what, ms = 8000) => {
    for (const end = performance.now() + ms; performance.now() < end; ) {
      if (true_()) return;
      await new Promise((done) => setTimeout(done, 5));
    }
    throw new Error("waited in vain for " + what);
  },
  wait: (ms) => new Promise((done) => setTimeout(done, ms)),
  base64: async (blob) => {
    const bytes = new Uint8Array(await blob.arrayBuffer());
    let text = "";
    for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
    return btoa(text);
  },
};
"""


class Instrument:
    """One page."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.goto(url)
        page.evaluate(HELPERS)
        self.run(
            "await t.until(() => window.isobath?.store.state.connection.state === 'online', 'the server');"
        )

    def run(self, script: str, argument: Any = None) -> Any:
        """The value of `script`, an async function body over `i` (window.isobath), `t` and `given`."""
        return self.page.evaluate(
            "async (given) => { const t = window.tests, i = window.isobath; " + script + " }", argument
        )

    def new_piece(self, model: str) -> None:
        """A piece of one voice, open."""
        self.run(
            """
            const before = i.store.state.piece?.id;
            i.link.newPiece("a test", given);
            const opened = () => i.store.state.piece !== null && i.store.state.piece.id !== before;
            await t.until(opened, "the new piece");
            """,
            model,
        )

    def start(self) -> None:
        """Sound."""
        self.run(
            """
            const { models, piece } = i.store.state;
            const name = piece.voices[0].model;
            await t.until(() => i.store.state.descriptions.has(name), "the model");
            await i.instrument.start(models.find((model) => model.name === name).sample_rate);
            await t.until(() => i.instrument.state === "running", "sound");
            """
        )

    def open_panel(self, name: str) -> None:
        """Beside the chart, if it is not there yet: which are there is remembered from test to test."""
        button = self.page.locator(f"nav.rail [data-panel={name}]")
        if button.get_attribute("aria-expanded") != "true":
            button.click()

    @property
    def piece(self) -> Piece:
        """The piece that is open, as the server would store it."""
        return msgspec.convert(self.run("return i.store.state.piece"), type=Piece)

    def capture_take(self, take: Take) -> tuple[NDArray[np.float64], int]:
        """What the worklet plays for a take, and the sample at which the take begins.

        The page does not know that a take is playing: with a mapping, wait for the voice's safety map first,
        or it comes in on the way and the piece is another one afterwards.
        """
        seconds = take.length * take.hop / take.sample_rate
        text, start = self.run(
            """
            i.instrument.recordSound();
            await t.wait(50);
            i.instrument.playTake(given.take, false);
            await t.until(() => i.instrument.playingTake === null, "the end of the take", given.ms + 8000);
            await t.wait(50);
            const blob = await i.instrument.stopSound();
            return [await t.base64(blob), i.instrument.beganAt];
            """,
            {"take": msgspec.to_builtins(take), "ms": 1000 * seconds},
        )
        return wav(text), start

    def capture(self, script: str, argument: Any = None) -> NDArray[np.float64]:
        """What is heard while `script` runs: (channels, samples)."""
        text = self.run(
            "i.instrument.recordSound();" + script + "; return t.base64(await i.instrument.stopSound())",
            argument,
        )
        return wav(text)


def wav(text: str) -> NDArray[np.float64]:
    """A base64 WAV file as (channels, samples)."""
    audio, _ = soundfile.read(io.BytesIO(base64.b64decode(text)), always_2d=True)
    return np.ascontiguousarray(audio.T)
