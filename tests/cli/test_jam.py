"""`isobath jam`: a rehearsal, kept, gone on with, and heard."""

import json

import pytest

from isobath import symbolic
from isobath.sound.files import read_audio
from isobath.symbolic.jam.keeping import read_session


@pytest.fixture
def groove(tmp_path):
    hits = [(float(s), 0 if s % 8 == 0 else 2, 0.7) for s in range(0, 32, 2)]
    path = tmp_path / "groove.mid"
    path.write_bytes(symbolic.to_midi(symbolic.drums_of_hits(hits, 32), bpm=120))
    return path


def test_a_rehearsal_is_kept_gone_on_with_and_heard(run, groove, tmp_path):
    folder, sound = tmp_path / "kept", tmp_path / "jam.wav"
    fast = ("jam", "--human", groove, "--bpm", 160, "--json")
    said = run(*fast, "--minutes", 0.2, "--bars", 1, "-o", folder, "--seed", 1)
    assert said.exit_code == 0, said.stderr
    assert json.loads(said.stdout)["phrases"] == 4
    assert {f.name for f in folder.iterdir()} >= {"jam.json", "human.mid", "machine.mid", "both.mid"}
    said = run(*fast, "--minutes", 0.1, "--go-on", folder, "--wav", sound)
    assert said.exit_code == 0, said.stderr
    assert json.loads(said.stdout)["phrases"] > 4
    kept = read_session(folder).settings
    assert (kept.bars, kept.bpm) == (1, 160)  # bars as before, the tempo as asked
    heard, rate = read_audio(sound)
    assert rate == 48000
    assert heard.shape[0] == 2
    assert 0.05 < abs(heard).max() <= 1.0


def test_a_session_of_the_library_is_listed_and_gone_on_with(run, groove, home):
    run("jam", "--human", groove, "--minutes", 0.05, "--bars", 1, "-o", home.jams / "one")
    assert json.loads(run("jam", "--sessions", "--json").stdout)[0]["id"] == "one"
    assert "one: 2 phrases, drums-2" in run("jam", "--sessions").stdout
    said = run("jam", "--human", groove, "--minutes", 0.05, "--go-on", "one", "--json")
    assert json.loads(said.stdout)["phrases"] == 2
    assert "--sessions" in run("jam", "--human", groove, "--go-on", "another").stderr


def test_files_that_play_nobody_are_a_sentence(run, tmp_path, groove):
    cello = tmp_path / "cello.mid"
    cello.write_bytes(symbolic.to_midi(symbolic.Melody.silence(16)))
    assert "no drums" in run("jam", "--human", cello).stderr
    cello.write_bytes(groove.read_bytes()[:-20])
    assert "damaged" in run("jam", "--human", cello).stderr
    assert "no jam" in run("jam", "--human", groove, "--go-on", tmp_path / "nowhere").stderr
