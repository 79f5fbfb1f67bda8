"""Sound as input in the page: a sound, the microphone and a dream, the same samples as `isobath render`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from isobath.engine import render_piece
from isobath.engine.dreaming import dreams
from isobath.library.home import Home
from isobath.library.sounds import Sounds
from isobath.models.coder import Model
from isobath.models.description import write
from isobath.models.prior import read_prior, write_prior
from isobath.protocol.piece import Piece, Take
from tests.browser.conftest import ARGUMENTS, STEADY, Server, chromium_path, whole_browser
from tests.browser.instrument import Instrument
from tests.browser.looks import serious
from tests.engine.loudspeaker import listener
from tests.models.test_prior import ABOUT, tensors

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

pytestmark = pytest.mark.browser

RATE = 44100
FADE = 512
"""A take is faded in over what sounded before it."""
MODEL = listener(rate=RATE)
TAKE = Take(id="t", name="still", hop=64, sample_rate=RATE, length=400, axes=(), frames=(), points=(), seed=3)
SET = """
const set = async (change) => {
  i.store.edit("test", (p) => ({ ...p, voices: p.voices.map((v, k) => k === 0 ? { ...v, ...change } : v) }));
  await t.wait(200);
};
"""

HEARS = """
let hears = false;
const see = (event) => { hears ||= event.detail.ear?.peak > 0.01; };
i.instrument.addEventListener("meters", see);
await t.until(() => hears, "an ear", 20000);
i.instrument.removeEventListener("meters", see);
await t.wait(200);
"""


def syllables(seconds: float) -> NDArray[np.float32]:
    """A tone that comes and goes four times a second."""
    n = np.arange(int(seconds * RATE))
    gate = np.sin(2 * np.pi * 4 * n / RATE) > 0
    return (0.3 * gate * np.sin(2 * np.pi * 330 * n / RATE)).astype(np.float32)


def opened_where(context: BrowserContext, server: Server, arguments: list[str]) -> tuple[Instrument, Browser]:
    """A page of a browser of its own that has a microphone, and who may use it is for `arguments` to say."""
    assert context.browser is not None
    browser = context.browser.browser_type.launch(
        executable_path=whole_browser() or chromium_path(),
        args=[*ARGUMENTS, "--use-fake-device-for-media-stream", *arguments],
    )
    own = browser.new_context(viewport={"width": 1280, "height": 900}, storage_state=context.storage_state())
    own.add_init_script(STEADY)
    own.add_init_script("""localStorage.setItem("isobath.preferences", '{"guided": true}')""")
    return Instrument(own.new_page(), server.url), browser


@pytest.fixture(scope="module")
def listening(context: BrowserContext, server: Server, tmp_path_factory) -> Iterator[Instrument]:  # type: ignore[no-untyped-def]
    """A page that plays the listener, in a browser whose microphone hears a file."""
    models = server.home / "models"
    write(models / "listener.safetensors", MODEL.description, MODEL.tensors)
    about = msgspec.structs.replace(ABOUT, model="listener", dims=MODEL.dims, hop=MODEL.hop)
    write_prior(models / "listener.prior", about, tensors(about))
    voice = tmp_path_factory.mktemp("microphone") / "voice.wav"
    soundfile.write(voice, syllables(3), RATE, subtype="PCM_16")
    allowed = ["--use-fake-ui-for-media-stream", f"--use-file-for-fake-audio-capture={voice}"]
    playing, browser = opened_where(context, server, allowed)
    playing.new_piece("listener")
    playing.start()
    yield playing
    browser.close()
    for left in models.glob("listener.*"):
        left.unlink()


@pytest.fixture
def deaf(context: BrowserContext, server: Server, listening: Instrument) -> Iterator[Instrument]:
    """A page that may not use the microphone, beside one that may."""
    assert listening.piece.voices[0].model == "listener"
    playing, browser = opened_where(context, server, [])
    playing.new_piece("listener")
    playing.start()
    yield playing
    browser.close()


def test_a_microphone_that_is_refused_is_a_sentence_and_the_page_plays_on(deaf: Instrument) -> None:
    deaf.run(
        """
        i.store.edit("a microphone", (p) => {
          const first = p.voices[0], hold = [2, -1, 1, 2], hears = { ...first.source, kind: "input", wet: 0 };
          const plays = { ...first, id: "plays", shaping: { ...first.shaping, hold } };
          return { ...p, voices: [{ ...first, source: hears }, plays] };
        });
        await t.until(() => i.instrument.input.state === "refused", "the refusal");
        """
    )
    if deaf.page.locator("isobath-voices").count() == 0:
        deaf.page.click("nav.rail [data-panel=explore]")
    deaf.page.get_by_role("button", name="Settings of this voice").first.click()
    sentence = deaf.run("return i.instrument.input.sentence")
    assert "Allow the microphone" in sentence
    deaf.page.get_by_text(sentence).wait_for()
    muted = "const v = p.voices.map((v) => ({ ...v, solo: v.id !== 'plays' && given }));"
    only = "i.store.edit('solo', (p) => { " + muted + " return { ...p, voices: v }; }); await t.wait(400);"
    assert np.abs(deaf.capture(only, True)[:, -RATE // 10 :]).max() < 1e-6
    assert np.abs(deaf.capture(only, False)[:, -RATE // 10 :]).max() > 1e-3
    assert deaf.errors == []


def rendered(home: Path, piece: Piece, take: Take) -> NDArray[np.floating]:
    """What `isobath render` makes of it."""

    def load_model(_name: str) -> Model:
        return MODEL

    prior = read_prior(home / "models" / "listener.prior")
    return render_piece(
        piece, take, load_model, load_sound=Sounds(Home(home)).load, dream_of=dreams(lambda _: prior)
    )


def check_same(listening: Instrument, home: Path, take: Take) -> NDArray[np.floating]:
    """The page plays a take as it is rendered."""
    wanted = rendered(home, listening.piece, take)
    heard, start = listening.capture_take(take)
    delay = listening.run("return Math.round(i.instrument.lookAhead * i.instrument.sampleRate)")
    got = heard[:, start + delay : start + delay + wanted.shape[1]]
    level = np.abs(wanted).max()
    assert level > 1e-3
    # after the take the last look-ahead may already sound of what comes next
    whole = min(got.shape[1], wanted.shape[1] - delay)
    np.testing.assert_allclose(got[:, FADE:whole], wanted[:, FADE:whole], atol=1e-4)
    return wanted


def test_a_sound_brought_by_hand_plays_as_it_is_rendered_and_undo_takes_it_back(
    listening: Instrument, server: Server, tmp_path: Path
) -> None:
    page = listening.page
    path = tmp_path / "loop.wav"
    soundfile.write(path, syllables(0.37), RATE, subtype="PCM_24")
    if page.locator("isobath-voices").count() == 0:  # the panel is folded away
        page.click("nav.rail [data-panel=explore]")
    page.get_by_role("button", name="Settings of this voice").click()
    page.get_by_label("Hears").select_option("sound")
    page.set_input_files("isobath-source input[type=file]", str(path))
    titled = "() => i.store.state.piece.voices[0].source.title === 'loop.wav'"
    listening.run(f"await t.until({titled}, 'the sound', 20000);")
    page.get_by_label("Wet").fill("0.8")
    listening.run(HEARS)
    source = listening.piece.voices[0].source
    assert (source.kind, source.title, source.wet) == ("sound", "loop.wav", 0.8)
    check_same(listening, server.home, TAKE)
    assert serious(page, "light", "dark") == []
    listening.run("i.store.undo(); i.store.undo(); i.store.undo();")
    assert listening.piece.voices[0].source.kind == "gesture"


def test_what_a_microphone_hears_is_kept_with_the_take_and_replays(
    listening: Instrument, server: Server
) -> None:
    take = listening.run(
        SET
        + """
        const source = { ...i.store.state.piece.voices[0].source, kind: "input", wet: 0.6 };
        await set({ source });
        await t.until(() => i.instrument.input.state === "open", "the microphone");
        """
        + HEARS
        + """
        i.instrument.recordTake("live");
        await t.wait(900);
        return i.instrument.stopTake();
        """
    )
    take = msgspec.convert(take, type=Take)
    assert take.input is not None
    kept = Sounds(Home(server.home)).load(take.input, RATE)
    assert kept.shape[1] == pytest.approx(take.length * take.hop, abs=512)
    assert np.abs(kept).max() > 0.05  # the syllables came through
    check_same(listening, server.home, take)


VOICES = """
i.store.set({ listen: "play" });  // not the sliders of the page, which no take keeps
i.store.edit("three voices", (p) => {
  const first = p.voices[0], source = { ...first.source, kind: "gesture", wet: 1 };
  const shaping = { ...first.shaping, hold: [0.8, -0.5, 0.3, 0.6] };
  const leads = { ...first, source, shaping, pan: -0.5 };
  const hearing = { ...source, kind: "voice", voice: first.id, wet: 0.7 };
  const hears = { ...first, id: "hears", pan: 0.2, source: hearing };
  const follows = { ...leads, id: "follows", follows: first.id, pan: 0.6, gain_db: -3 };
  return { ...p, voices: [leads, hears, follows] };
});
"""


def test_voices_that_hear_or_follow_another_and_one_alone_are_those_that_are_rendered(
    listening: Instrument, server: Server
) -> None:
    listening.run(VOICES + "await t.wait(500);")
    together = check_same(listening, server.home, TAKE)
    solo = "const v = p.voices.map((v) => ({ ...v, solo: v.id === given }));"
    only = "i.store.edit('solo', (p) => { " + solo + " return { ...p, voices: v }; }); await t.wait(200);"
    for voice in ("hears", "follows"):
        listening.run(only, voice)
        alone = check_same(listening, server.home, TAKE)
        assert np.abs(alone - together).max() > 1e-3
    listening.run("i.store.edit('one', (p) => ({ ...p, voices: p.voices.slice(0, 1) })); await t.wait(200);")


def test_the_sliders_show_what_the_source_says_and_what_is_made_of_it(listening: Instrument) -> None:
    """Here the performer replaces the source, so the two differ."""
    listening.run(
        SET
        + """
        const source = { ...i.store.state.piece.voices[0].source, kind: "prior", manner: ["absolute"] };
        await set({ source });
        await t.until(() => document.querySelector(".theirs:not([hidden])") !== null, "the source's notch");
        const left = (which) => document.querySelector(`.dimension ${which}`).style.left;
        const seen = new Set();
        await t.until(() => seen.add(left(".theirs")).size > 3, "a notch that moves");
        await t.until(() => left(".needle") === left(".mine"), "a needle where the hands are");
        """
    )


def test_axe_finds_nothing_serious_in_any_source(listening: Instrument) -> None:
    listening.run(VOICES + "await t.wait(100);")
    found = []
    for kind in ("input", "voice", "prior"):
        source = "const source = { ...i.store.state.piece.voices[0].source, kind: given, manner: ['bias'] };"
        listening.run(SET + source + "await set({ source });", kind)
        found += [f"{kind}, {each}" for each in serious(listening.page, "light", "dark", within=".panel")]
    listening.run("i.store.undo(); i.store.undo(); i.store.undo(); i.store.undo(); await t.wait(200);")
    assert len(listening.piece.voices) == 1
    assert found == []


def test_a_dream_is_the_one_that_is_rendered(listening: Instrument, server: Server) -> None:
    listening.run(
        SET
        + """
        const source = { ...i.store.state.piece.voices[0].source, kind: "prior", seed: 9, temperature: 0.8 };
        await set({ source });
        await t.wait(500);
        """
    )
    check_same(listening, server.home, TAKE)
    assert listening.errors == []
    assert listening.run("return i.store.state.notice") is None
