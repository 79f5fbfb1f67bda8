"""Recordings of the page, made smaller without loss."""

import io

import numpy as np
import soundfile


def recording(frames: int = 5000) -> tuple[bytes, np.ndarray]:
    wave = np.random.default_rng(0).uniform(-0.9, 0.9, (frames, 2))
    file = io.BytesIO()
    soundfile.write(file, wave, 44100, subtype="PCM_24", format="WAV")
    return file.getvalue(), soundfile.read(io.BytesIO(file.getvalue()), dtype="int32")[0]


def test_flac_holds_the_very_samples_of_the_wav(shared):
    wav, samples = recording()
    answer = shared.post("/sounds/flac", wav)
    assert answer.headers["content-type"] == "audio/flac"
    back, rate = soundfile.read(io.BytesIO(answer.content), dtype="int32")
    assert rate == 44100
    np.testing.assert_array_equal(back, samples)


def test_what_is_no_sound_is_told(shared):
    answer = shared.post("/sounds/flac", b"no sound at all")
    assert answer.status_code == 415
    assert "not an audio file" in answer.json()["sentence"]


def test_nothing_is_left_behind(served):
    served.post("/sounds/flac", recording()[0])
    served.post("/sounds/flac", b"no sound at all")
    assert list(served.library.home.incoming.iterdir()) == []
