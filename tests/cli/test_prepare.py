"""`isobath prepare` and what `isobath info` tells of a set."""

import json

import numpy as np
import soundfile


def test_a_folder_becomes_a_set_and_is_told(run, tmp_path):
    rng = np.random.default_rng(0)
    (tmp_path / "in").mkdir()
    for i in range(4):
        soundfile.write(tmp_path / "in" / f"{i}.wav", 0.1 * rng.standard_normal(8000), 16000)
    (tmp_path / "in" / "bad.wav").write_text("no")
    result = run("prepare", tmp_path / "in", "-o", tmp_path / "set", "--rate", "16000")
    assert result.exit_code == 0
    assert "left out: bad.wav: cannot be read as a sound" in result.stdout
    assert "4 files (4 done, 1 left out), 2.0 s, mono at 16000 Hz." in result.stdout
    told = json.loads(run("prepare", tmp_path / "in", "-o", tmp_path / "set", "--json").stdout)
    assert (told["done"], told["unchanged"]) == ([], 4)
    assert told["left_out"][0]["name"] == "bad.wav"
    assert told["totals"]["files"] == 4
    shown = run("info", tmp_path / "set")
    assert "4 files" in shown.stdout or "files        4" in shown.stdout
    assert json.loads(run("info", tmp_path / "set", "--json").stdout)["sample_rate"] == 16000


def test_a_wrong_option_is_one_sentence(run, tmp_path):
    soundfile.write(tmp_path / "a.wav", np.ones(100) / 2, 8000)
    result = run("prepare", tmp_path / "a.wav", "-o", tmp_path / "set", "--rate", "3")
    assert result.exit_code == 1
    assert result.stderr == "isobath: sample-rate is 3; it must lie between 8000 and 192000.\n"
    assert not (tmp_path / "set" / "set.json").exists()
