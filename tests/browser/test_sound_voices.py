"""Voices come, go and change while the page plays; nothing clicks and nothing is left behind."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tests.browser.instrument import Instrument
from tests.browser.organ import SAMPLE_RATE

HOLD = "i.instrument.setLatent(0, [2, 0, 0]); await t.wait(200);"

SECOND_VOICE = """
i.store.edit("a second voice", (piece) => ({
  ...piece,
  voices: [{ ...piece.voices[0], pan: -1 }, { ...piece.voices[0], id: "second", pan: 1 }],
}));
await t.wait(150);
i.instrument.setLatent(1, [2, 0, 0]);
await t.wait(250);
"""

TURN = """
const place = (z) => i.store.edit("turn it round", (piece) => ({
  ...piece,
  voices: piece.voices.map((voice) => ({
    ...voice,
    shaping: { ...voice.shaping, clamp: 0 },
    demonstrations: [[0, 2], [1, z]].map(([x, z], k) => ({
      id: `d${k}`, point: [x, 0.5], latent: [z, 0, 0], label: "", colour: "#7fb2ff", weight: 1, muted: false,
    })),
  })),
}));
const fitted = () => t.until(() => [...i.store.state.fits.values()][0]?.state === "fitted", "the fit");
place(1); await t.wait(20); await fitted();
i.store.set({ listen: "play" });
i.performer.setAll([1, 0.5]);
await t.wait(300);
for (const z of [2, 1, 1.9, 1.4]) { place(z); await t.wait(20); await fitted(); await t.wait(130); }
"""


def level(sound: NDArray[np.float64]) -> float:
    """RMS of the last tenth of a second."""
    return float(np.sqrt((sound[-SAMPLE_RATE // 10 :] ** 2).mean()))


def test_a_second_voice_is_heard_beside_the_first_and_leaves_again(instrument: Instrument) -> None:
    one = instrument.capture(HOLD)
    two = instrument.capture(SECOND_VOICE)
    # Equal power: a voice far to one side is 3 dB louder there, and gone from the other.
    for channel in (0, 1):
        assert abs(level(two[channel]) / level(one[channel]) - np.sqrt(2)) < 0.1
    after = instrument.capture("i.store.undo(); await t.wait(300);")
    assert abs(level(after[1]) / level(one[1]) - 1) < 0.06


def test_a_muted_voice_is_silent_and_comes_back(instrument: Instrument) -> None:
    edit = "i.store.edit('m', (p) => ({ ...p, voices: p.voices.map((v) => ({ ...v, muted: given })) }));"
    instrument.run(HOLD)
    assert level(instrument.capture(edit + "await t.wait(250);", True)[0]) < 1e-6
    assert level(instrument.capture(edit + "await t.wait(250);", False)[0]) > 0.01


def test_learning_while_playing_does_not_click(instrument: Instrument) -> None:
    heard = instrument.capture(TURN)[0]
    steps = np.abs(np.diff(heard))
    # The loudest sound on the way is the left one: its own steepest slope is the measure.
    steady = np.abs(np.diff(instrument.capture("i.performer.setAll([0, 0.5]); await t.wait(400);")[0]))
    assert steps.max() < 1.1 * steady[-SAMPLE_RATE // 10 :].max()
    assert level(heard) > 0.005


def test_panic_is_silent_at_once_and_playing_goes_on_afterwards(instrument: Instrument) -> None:
    instrument.run(HOLD)
    heard = instrument.capture("i.instrument.panic(); await t.wait(200);")[0]
    loud = np.flatnonzero(np.abs(heard) > 1e-6)
    assert loud.size == 0 or loud[-1] < 0.15 * SAMPLE_RATE
    assert level(instrument.capture("await t.wait(100); i.instrument.resume(); await t.wait(200);")[0]) > 0.01


def test_twenty_models_put_on_and_taken_off_leave_no_trace(instrument: Instrument) -> None:
    sizes = instrument.run(
        """
        const model = i.store.state.descriptions.get("organ");
        const blob = await (await fetch("models/organ/decoder")).arrayBuffer();
        for (let k = 0; k < 20; k++) {
          for (let slot = 1; slot < 8; slot++) await i.instrument.setVoice(slot, model, blob, k);
          for (let slot = 1; slot < 8; slot++) i.instrument.removeVoice(slot);
        }
        return [i.instrument.state, i.instrument.failure];
        """
    )
    assert sizes == ["running", None]
    assert level(instrument.capture(HOLD)[0]) > 0.01


def test_a_damaged_model_is_refused_with_a_sentence_and_the_rest_plays_on(instrument: Instrument) -> None:
    instrument.run(HOLD)
    sentence = instrument.run(
        """
        const model = i.store.state.descriptions.get("organ");
        const blob = new Uint8Array(await (await fetch("models/organ/decoder")).arrayBuffer());
        blob.fill(255, 8, 200);
        return i.instrument.setVoice(1, model, blob.buffer, 1).then(() => "", (problem) => problem.message);
        """
    )
    assert "damaged" in sentence or "version" in sentence
    assert level(instrument.capture("await t.wait(200)")[0]) > 0.01


def test_a_damaged_mapping_is_told_and_the_one_before_it_plays_on(instrument: Instrument) -> None:
    instrument.run(TURN)
    before = instrument.capture("await t.wait(200)")[0]
    sentence = instrument.run(
        """
        i.instrument.setMapping(0, { ...i.store.state.piece.voices[0].fitted, parts: [{ inputs: "none" }] });
        await t.until(() => i.store.state.notice !== null, "the complaint");
        return i.store.state.notice.sentence;
        """
    )
    assert "Fit the demonstrations again" in sentence
    after = instrument.capture("await t.wait(200)")[0]
    assert abs(level(after) / level(before) - 1) < 0.1
