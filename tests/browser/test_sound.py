"""What the page really plays: the worklet's own output, sample by sample."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest
import soxr
from playwright.sync_api import BrowserContext

from isobath.engine.rendering import render_piece
from isobath.models.coder import Model, bundled, load
from isobath.protocol.piece import Take
from tests.browser.conftest import Server
from tests.browser.instrument import Instrument, wav
from tests.browser.organ import HOP, SAMPLE_RATE, organ, pebble

CEILING = 10 ** (-1 / 20)
FADE = int(0.01 * SAMPLE_RATE) + 1
"""Samples a take is faded in over, from whatever was heard before."""

PLACES = {
    "dark": ((0.2, 0.2), (0.6, -1.5, 0.0)),
    "hollow": ((0.8, 0.3), (1.5, 0.0, 1.5)),
    "bright": ((0.4, 0.9), (2.6, 0.7, -0.5)),
}

PLACE_THREE = """
for (const [label, [point, latent]] of Object.entries(given)) {
  i.store.edit("place", (piece) => ({
    ...piece,
    voices: piece.voices.map((voice) => ({
      ...voice,
      shaping: { ...voice.shaping, clamp: 0 },
      demonstrations: [
        ...voice.demonstrations,
        { id: label, point, latent, label, colour: "#7fb2ff", weight: 1, muted: false },
      ],
    })),
  }));
}
const fits = () => [...i.store.state.fits.values()];
await t.until(() => fits().length > 0 && fits().every((f) => f.state === "fitted" && !f.stale), "the fit");
await t.until(() => i.store.state.piece.voices[0].fitted.parts.length > 0, "the mapping");
i.store.set({ listen: "play" });
"""


SETTLED = """
let frame = 0;
i.instrument.addEventListener("meters", (event) => (frame = event.detail.frame));
await t.until(() => frame > 40, "the voice", 20000);
"""
"""The voice has come and sounded for longer than a mapping takes to come in, by the worklet's own clock."""


def held(point: tuple[float, ...], frames: int = 120) -> Take:
    """A take that stays at one point."""
    return Take(
        id="held",
        name="held",
        hop=HOP,
        sample_rate=SAMPLE_RATE,
        length=frames,
        axes=("x", "y"),
        frames=(0,),
        points=(point,),
        seed=5,
    )


def test_each_demonstrated_point_sounds_as_its_latent_decodes(instrument: Instrument) -> None:
    instrument.run(PLACE_THREE, PLACES)
    model = Model(*organ())
    delay = round(instrument.run("return i.instrument.lookAhead * i.instrument.sampleRate"))
    for label, (point, latent) in PLACES.items():
        take = held(point)
        heard, start = instrument.capture_take(take)
        path = np.repeat(np.array(latent, np.float32)[:, None], take.length, axis=1)
        expected = model.decode(path, seed=take.seed)[0]
        left = heard[0, start + delay : start + delay + expected.size]
        settled = slice(FADE + 4 * HOP, None)
        assert np.abs(expected[settled]).max() > 0.05, f"{label} must be audible for this to mean anything"
        np.testing.assert_allclose(left[settled], expected[settled], atol=1e-3, err_msg=label)
    assert instrument.errors == []


def test_moving_changes_the_sound(instrument: Instrument) -> None:
    instrument.run(PLACE_THREE, PLACES)
    heard = instrument.capture(
        """
        i.performer.setAll([0.2, 0.2]);
        await t.wait(400);
        i.performer.setAll([0.4, 0.9]);
        await t.wait(400);
        """
    )[0]
    third = heard.size // 3
    before, after = (np.abs(np.fft.rfft(part[-8192:] * np.hanning(8192))) for part in (heard[:third], heard))
    cosine = before @ after / (np.linalg.norm(before) * np.linalg.norm(after))
    assert cosine < 0.9


def test_nothing_passes_the_ceiling_whatever_the_latents(instrument: Instrument) -> None:
    heard = instrument.capture(
        """
        i.store.edit("wild", (piece) => ({
          ...piece,
          master: { gain_db: 24, ceiling_db: -1, guard_db: 0 },
          voices: piece.voices.map((voice) => ({
            ...voice,
            shaping: { ...voice.shaping, clamp: 0, smoothing_seconds: 0 },
          })),
        }));
        await t.wait(50);
        const wild = [
          [1e9, -1e9, 3], [NaN, 2, 2], [Infinity, 50, 50], [-8, 0, 0], [60, 60, 60], [1e-30, 0, -Infinity],
        ];
        for (let k = 0; k < 60; k++) {
          i.instrument.setLatent(0, wild[k % wild.length]);
          await t.wait(13);
        }
        """
    )
    peak = max(np.abs(soxr.resample(channel, SAMPLE_RATE, 4 * SAMPLE_RATE)).max() for channel in heard)
    assert np.isfinite(heard).all()
    assert np.abs(heard).max() > 0.5, "it must have been loud for the ceiling to mean anything"
    assert np.abs(heard).max() <= CEILING
    assert 20 * np.log10(peak) < -0.9
    assert instrument.run("return i.instrument.state") == "running"


def test_a_recorded_take_replays_to_the_sample(instrument: Instrument) -> None:
    instrument.run(PLACE_THREE, PLACES)
    take, live, begun = instrument.run(
        """
        i.instrument.recordSound();
        await t.wait(60);
        i.instrument.recordTake("gesture");
        for (let k = 0; k < 40; k++) {
          i.performer.setAll([0.5 + 0.4 * Math.cos(k / 6), 0.5 + 0.4 * Math.sin(k / 5)]);
          await t.wait(15);
        }
        const take = await i.instrument.stopTake();
        return [take, await t.base64(await i.instrument.stopSound()), i.instrument.beganAt];
        """
    )
    recorded = msgspec.convert(take, type=Take)
    assert recorded.length > 80
    assert len(recorded.frames) > 20, "every move must be in the take"
    replayed, start = instrument.capture_take(recorded)
    samples = recorded.length * HOP - FADE
    first = wav(live)[:, begun + FADE : begun + FADE + samples]
    again = replayed[:, start + FADE : start + FADE + first.shape[1]]
    np.testing.assert_array_equal(first, again)


def test_an_overdub_plays_the_take_below_and_keeps_only_what_was_moved(instrument: Instrument) -> None:
    instrument.run(PLACE_THREE, PLACES)
    below = msgspec.structs.replace(
        held((0.2, 0.2)), id="below", points=((0.2, 0.2), (0.6, 0.4)), frames=(0, 60)
    )
    over = instrument.run(
        """
        i.store.edit("a take", (piece) => ({ ...piece, takes: [given] }));
        await t.wait(20);
        i.instrument.recordTake("over", given);
        await t.wait(150);
        i.performer.touch("y");
        i.performer.set("y", 0.9);
        await t.wait(100);
        i.performer.set("y", 0.7);
        await t.wait(300);
        const take = await i.instrument.stopTake();
        i.performer.release("y");
        i.store.edit("the overdub", (piece) => ({ ...piece, takes: [...piece.takes, take] }));
        await t.wait(20);
        return take;
        """,
        msgspec.to_builtins(below),
    )
    take = msgspec.convert(over, type=Take)
    assert take.axes == ("y",)
    assert take.over == "below"
    assert take.points[0] == (0.2,)
    assert [point[0] for point in take.points[-2:]] == [0.9, 0.7]
    gestures = instrument.run(
        """
        const seen = [];
        const note = (event) => seen.push([event.detail.takeFrame, ...event.detail.gesture]);
        i.instrument.addEventListener("meters", note);
        const between = (first, last) => seen.some(([frame]) => frame > first && frame < last);
        // A busy machine tells little of a take as short as this one.
        for (let k = 0; k < 10 && !(between(2, 55) && between(62, 1e9)); k++) {
          i.instrument.playTake(given, false);
          await t.until(() => i.instrument.playingTake === null, "the end");
        }
        return seen;
        """,
        over,
    )
    played = [(frame, x, y) for frame, x, y in gestures if frame is not None and frame > 2]
    assert {x for frame, x, _ in played if frame < 55} == {0.2}
    assert {x for frame, x, _ in played if frame > 62} <= {0.6}
    assert {0.9, 0.7} & {y for _, _, y in played}


def test_a_browser_without_simd_is_told_so(context: BrowserContext, server: Server) -> None:
    page = context.new_page()
    page.add_init_script("WebAssembly.validate = () => false")
    playing = Instrument(page, server.url)
    sentence = playing.run("return i.instrument.start(44100).then(() => '', (problem) => problem.message)")
    assert "lacks WebAssembly SIMD" in sentence
    assert playing.run("return [i.instrument.state, i.instrument.failure]") == ["failed", sentence]
    page.close()


def test_a_piece_opened_again_sounds_the_same(
    instrument: Instrument, context: BrowserContext, server: Server
) -> None:
    instrument.run(
        PLACE_THREE + "await t.until(() => i.store.state.connection.unsent === 0, 'the save');", PLACES
    )
    take = held((0.55, 0.45), 60)
    first, start = instrument.capture_take(take)
    again = Instrument(context.new_page(), f"{server.url}?piece={instrument.piece.id}")
    assert again.piece.voices[0].fitted == instrument.piece.voices[0].fitted
    again.start()
    again.run("i.store.set({ listen: 'play' });" + SETTLED)
    second, begun = again.capture_take(take)
    again.page.close()
    samples = take.length * HOP - FADE
    cut = [x[:, at + FADE : at + FADE + samples] for x, at in ((first, start), (second, begun))]
    assert np.abs(cut[0]).max() > 0.02
    np.testing.assert_array_equal(*cut)


def test_what_is_asked_while_the_sound_is_opened_anew_is_played_then(instrument: Instrument) -> None:
    """Sound that kept breaking up is opened anew, further ahead; nobody is told to wait."""
    instrument.run(PLACE_THREE + SETTLED, PLACES)
    instrument.run(
        """
        const opened = i.instrument.open(i.instrument.askedRate);
        i.instrument.starting = opened.finally(() => { i.instrument.starting = null; });
        """
    )
    heard, start = instrument.capture_take(held((0.55, 0.45), 60))
    assert np.abs(heard[:, start + FADE :]).max() > 0.02


def test_the_bundled_model_sounds_as_it_decodes(instrument: Instrument) -> None:
    if "guitar" not in bundled():
        pytest.skip("The bundled guitar has not been trained yet.")
    model = load("guitar")
    instrument.new_piece("guitar")
    instrument.start()
    points, db, brightness = model.loudness
    clear = np.flatnonzero((db > -30) & (db < -20))
    clear = clear[np.argsort(brightness[clear])][:: max(1, len(clear) // 3)][:3]
    corners = [(0.2, 0.2), (0.8, 0.3), (0.4, 0.9)]
    places = {f"g{k}": (at, points[n].tolist()) for k, (at, n) in enumerate(zip(corners, clear, strict=True))}
    quieter = "i.store.edit('quieter', (p) => ({ ...p, master: { ...p.master, gain_db: -6 } }));"
    instrument.run(PLACE_THREE + quieter, places)
    delay = round(instrument.run("return i.instrument.lookAhead * i.instrument.sampleRate"))
    hop, rate = model.hop, model.sample_rate
    for label, (point, latent) in places.items():
        take = msgspec.structs.replace(held(point, 80), hop=hop, sample_rate=rate)
        heard, start = instrument.capture_take(take)
        path = np.repeat(np.array(latent, np.float32)[:, None], take.length, axis=1)
        expected = 10 ** (-6 / 20) * model.decode(path, seed=take.seed)[0]
        left = heard[0, start + delay : start + delay + expected.size]
        settled = slice(30 * hop, None)
        assert np.abs(expected[settled]).max() > 0.02, f"{label} must be audible"
        np.testing.assert_allclose(left[settled], expected[settled], atol=1e-3, err_msg=label)


SHAPED = """
i.store.edit("shape it", (piece) => ({
  ...piece,
  master: { ...piece.master, gain_db: given },
  voices: piece.voices.map((voice) => ({
    ...voice,
    gain_db: -6,
    pan: -0.4,
    shaping: {
      ...voice.shaping, clamp: 0.8, noise: [0.1, 0.2], drift: 0.3, drift_seconds: 0.2, bias: [0, 0.2],
    },
  })),
}));
i.link.flush();
await t.wait(100);
"""


@pytest.mark.parametrize("gain_db", [0, 24], ids=["softly", "into the limiter"])
def test_a_take_played_in_the_page_is_what_render_makes_of_it(instrument: Instrument, gain_db: int) -> None:
    instrument.run(PLACE_THREE, PLACES)
    instrument.run(SHAPED, gain_db)
    count = 60
    take = msgspec.structs.replace(
        held((0.5, 0.5), 180),
        frames=tuple(3 * k for k in range(count)),
        points=tuple((0.5 + 0.4 * math.cos(k / 9), 0.5 + 0.4 * math.sin(k / 5)) for k in range(count)),
    )
    heard, start = instrument.capture_take(take)
    model = Model(*organ())
    rendered = render_piece(instrument.piece, take, lambda _: model)
    delay = round(instrument.run("return i.instrument.lookAhead * i.instrument.sampleRate"))
    played = heard[:, start + delay : start + delay + rendered.shape[1]]
    assert np.abs(rendered).max() > 0.02
    assert np.abs(rendered[0]).max() > 1.2 * np.abs(rendered[1]).max(), "panned to the left"
    held_back = np.abs(rendered).max() > 0.8
    assert held_back == (gain_db > 0)
    np.testing.assert_allclose(played[:, FADE:], rendered[:, FADE:], atol=1e-4)


def test_voices_of_two_rates_sound_together_as_rendered(instrument: Instrument) -> None:
    """A model of 48 kHz joins one of 44.1: the page moves to 48 kHz, and back when it goes."""
    instrument.run(PLACE_THREE, PLACES)
    instrument.run(
        """
        i.store.edit("a second voice", (piece) => ({
          ...piece,
          master: { ...piece.master, gain_db: -6 },
          voices: [
            { ...piece.voices[0], pan: -0.3 },
            { ...piece.voices[0], id: "second", model: "harmonium", pan: 0.5 },
          ],
        }));
        await t.until(() => i.instrument.sampleRate === 48000 && i.instrument.state === "running", "48 kHz");
        await t.until(() => i.store.state.descriptions.has("harmonium"), "the model");
        i.link.flush();
        await t.wait(300);
        """
    )
    count = 40
    take = msgspec.structs.replace(
        held((0.5, 0.5), 120),
        frames=tuple(3 * k for k in range(count)),
        points=tuple((0.5 + 0.4 * math.cos(k / 9), 0.5 + 0.4 * math.sin(k / 5)) for k in range(count)),
    )
    heard, start = instrument.capture_take(take)
    models = {"organ": Model(*organ()), "harmonium": Model(*organ("harmonium", 48000))}
    rendered = render_piece(instrument.piece, take, models.__getitem__)
    delay = round(instrument.run("return i.instrument.lookAhead * i.instrument.sampleRate"))
    played = heard[:, start + delay : start + delay + rendered.shape[1]]
    assert np.abs(rendered).max() > 0.02
    np.testing.assert_allclose(played[:, FADE:], rendered[:, FADE:], atol=1e-4)
    instrument.run(
        "i.store.undo(); await t.until(() => i.instrument.sampleRate === 44100, 'the rate of before');"
    )


def test_voices_of_different_hops_sound_together_as_rendered(instrument: Instrument) -> None:
    instrument.run(PLACE_THREE, PLACES)
    instrument.run(
        """
        i.store.edit("a second voice", (piece) => ({
          ...piece,
          voices: [
            piece.voices[0],
            {
              ...piece.voices[0], id: "second", model: "pebble", gain_db: -12, pan: 0.5, fitted: null,
              demonstrations: [[0.1, 0.9], [0.9, 0.1]].map((point, k) => ({
                ...piece.voices[0].demonstrations[0], id: `p${k}`, point, latent: [k, 1 - 2 * k],
              })),
            },
          ],
        }));
        await t.until(() => i.store.state.descriptions.has("pebble"), "the second model");
        await t.until(() => i.store.state.piece.voices[1].fitted !== null, "the second mapping");
        await t.wait(200);
        """
    )
    rows = {"frames": (0, 31, 62), "points": ((0.2, 0.8), (0.7, 0.3), (0.4, 0.4))}
    take = msgspec.structs.replace(held((0.5, 0.5), 100), **rows)
    heard, start = instrument.capture_take(take)
    models = {"organ": Model(*organ()), "pebble": Model(*pebble())}
    rendered = render_piece(instrument.piece, take, models.__getitem__)
    alone = msgspec.structs.replace(instrument.piece, voices=instrument.piece.voices[:1])
    second = np.abs(rendered - render_piece(alone, take, models.__getitem__)).max()
    assert second > 0.01, "the second voice must be audible"
    delay = round(instrument.run("return i.instrument.lookAhead * i.instrument.sampleRate"))
    played = heard[:, start + delay : start + delay + rendered.shape[1]]
    np.testing.assert_allclose(played[:, FADE:], rendered[:, FADE:], atol=1e-4)


def test_the_meters_show_the_latent_of_the_voice_that_is_edited(instrument: Instrument) -> None:
    first, second = instrument.run(
        """
        const held = (latent) => ({ hold: latent, held: latent.map(() => 1), smoothing_seconds: 0 });
        i.store.edit("two held voices", (piece) => ({
          ...piece,
          voices: [
            { ...piece.voices[0], shaping: { ...piece.voices[0].shaping, ...held([0.25, 0.5]) } },
            {
              ...piece.voices[0], id: "second", model: "pebble",
              shaping: { ...piece.voices[0].shaping, ...held([-0.75, -0.5]) },
            },
          ],
        }));
        await t.until(() => i.store.state.descriptions.has("pebble"), "the second model");
        let latent = null;
        i.instrument.addEventListener("meters", (event) => { latent = event.detail.latent[0]; });
        const shown = async (voice, wanted) => {
          i.store.set({ voice });
          await t.until(() => latent !== null && Math.abs(latent - wanted) < 1e-3, `the latent ${wanted}`);
          return latent;
        };
        return [await shown(0, 0.25), await shown(1, -0.75)];
        """
    )
    assert first > 0 > second
