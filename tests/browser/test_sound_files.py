"""A recording dropped on the page: the model hears it, and one scrubs through its latents."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from isobath.models.coder import bundled, load
from tests.browser.instrument import Instrument

PICK = "isobath-sound-file input[type=file]"


@pytest.fixture
def guitar(instrument: Instrument) -> Instrument:
    """A page that plays a model with an encoder."""
    if "guitar" not in bundled():
        pytest.skip("The bundled guitar has not been trained yet.")
    instrument.new_piece("guitar")
    instrument.start()
    if instrument.page.locator(PICK).count() == 0:  # the panel is folded away
        instrument.page.click("nav.rail [data-panel=explore]")
    return instrument


def test_a_dropped_recording_is_scrubbed_and_each_place_sounds_as_it_was_encoded(
    guitar: Instrument, tmp_path: Path
) -> None:
    model = load("guitar")
    n = np.arange(2 * model.sample_rate)
    pluck = 0.5 * np.sin(2 * np.pi * 196 * n / model.sample_rate) * np.exp(-n / model.sample_rate)
    path = tmp_path / "pluck.wav"
    soundfile.write(path, pluck.astype(np.float32), model.sample_rate, subtype="FLOAT")
    guitar.page.set_input_files(PICK, str(path))
    explore = "const explored = () => [...i.store.state.explore.values()].find((e) => e.file !== null);"
    guitar.run(explore + "await t.until(() => explored() !== undefined, 'the encoded file', 20000);")
    latents = model.encode(pluck.astype(np.float32)[None, :])
    frame = 60
    strip = guitar.page.locator("isobath-sound-file input[type=range]")
    strip.evaluate("(e, at) => { e.value = at; e.dispatchEvent(new Event('input')); }", frame)
    latent, listen = guitar.run(explore + "return [explored().latent, i.store.state.listen];")
    assert listen == "explore"
    np.testing.assert_allclose(latent, latents[:, frame], atol=1e-3)
    heard = guitar.capture("await t.wait(400)")
    assert np.sqrt((heard[:, -8820:] ** 2).mean()) > 1e-4


def test_a_file_that_is_no_sound_is_refused_with_a_sentence(guitar: Instrument, tmp_path: Path) -> None:
    path = tmp_path / "letter.wav"
    path.write_text("Dear musician, this is no sound.")
    guitar.page.set_input_files(PICK, str(path))
    sentence = guitar.page.locator("isobath-sound-file [role=alert]").inner_text(timeout=10000)
    assert "letter.wav" in sentence or "sound" in sentence.lower()
    assert guitar.run("return i.instrument.state") == "running"
