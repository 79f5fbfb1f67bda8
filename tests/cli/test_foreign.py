"""Other programs' models in the terminal."""

import json

import numpy as np
import pytest
import soundfile

torch = pytest.importorskip("torch")

from tests.foreign import fixtures, hostile  # noqa: E402


@pytest.fixture
def looper(tmp_path):
    return fixtures.save("looper", tmp_path)


def test_a_file_of_another_program_is_tried_kept_told_and_used(run, tmp_path):
    path = fixtures.save("discrete", tmp_path)
    told = run("import", path)
    assert told.exit_code == 0, told.stderr
    assert "is now in the library as discrete" in told.stdout
    assert "64 samples" in told.stdout
    assert "another program" in run("models").stdout
    listed = json.loads(run("models", "--json").stdout)
    assert [model["name"] for model in listed if model["foreign"]] == ["discrete"]
    assert "codes 0 to 36" in run("info", "discrete").stdout
    assert json.loads(run("info", "discrete", "--json").stdout)["decode"] == "decode"
    sound, latents, back = tmp_path / "in.wav", tmp_path / "z.npy", tmp_path / "back.wav"
    soundfile.write(sound, 0.1 * np.sin(np.arange(48000) / 20), 48000)
    told = run("encode", sound, "-m", "discrete", "-o", latents)
    assert told.exit_code == 0, told.stderr
    assert np.load(latents).shape == (3, -(-22050 // 64))
    told = run("decode", latents, "-m", "discrete", "-o", back)
    assert told.exit_code == 0, told.stderr
    assert soundfile.info(back).samplerate == 22050


def test_import_answers_a_program_with_what_was_measured(run, looper):
    answer = json.loads(run("import", looper, "--json").stdout)
    assert {tried["method"]["name"] for tried in answer["methods"]} == {
        "forward",
        "encode",
        "forward_with_latents",
    }
    told = run("info", "looper").stdout
    assert "no latents" in told
    assert "loop_index" in told
    assert max(len(line) for line in told.splitlines()) <= 120


def test_a_hostile_file_is_one_sentence(run, tmp_path):
    path = hostile.save(hostile.Saves(str(tmp_path / "target")), tmp_path / "evil.ts")
    told = run("import", path)
    assert told.exit_code == 1
    assert "evil.ts is not opened" in told.stderr
    assert "Traceback" not in told.stderr
    assert not (tmp_path / "target").exists()
