"""Recordings of the page, made smaller without loss."""

import io

import msgspec
import numpy as np
import soundfile

from isobath.protocol.messages import SoundData


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


def _get(served, path):
    with served.client() as client:
        return client.get(path)


def test_a_sound_is_kept_and_comes_at_any_rate(shared):
    wav, samples = recording()
    kept = shared.post("/sounds", wav).json()
    assert (kept["channels"], kept["samples"], kept["sample_rate"]) == (2, 5000, 44100)
    answer = _get(shared, f"/sounds/{kept['id']}/44100")
    data = msgspec.msgpack.decode(answer.content, type=SoundData)
    audio = np.frombuffer(data.audio, "<f4").reshape(data.channels, data.samples)
    np.testing.assert_array_equal(audio.T * 2.0**31, samples)
    other = msgspec.msgpack.decode(_get(shared, f"/sounds/{kept['id']}/22050").content, type=SoundData)
    assert (other.sample_rate, other.samples) == (22050, 2500)


def test_no_file_outside_can_be_asked_for(shared):
    for id in ("..%2F..%2Fsecret", "x" * 64, "0" * 64):
        answer = _get(shared, f"/sounds/{id}/44100")
        assert answer.status_code in (404, 415)
    assert _get(shared, f"/sounds/{'0' * 64}/7").status_code == 415
    assert shared.post("/sounds", b"no sound at all").status_code == 415
