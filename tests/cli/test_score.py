"""`isobath score`, from MIDI files to tables."""

import importlib.util
import json

from isobath.symbolic.bars import to_midi
from tests.symbolic.small import beat


def test_from_a_folder_to_a_model_and_tables(run, tmp_path):
    for i in range(16):
        (tmp_path / f"{i}.mid").write_bytes(to_midi(beat(i, bars=6)))
    said = run("score", "prepare", tmp_path, "-o", tmp_path / "sets" / "groove", "--json")
    assert said.exit_code == 0, said.stderr
    assert json.loads(said.stdout)["pieces"] == 16
    small = ("--steps", 3, "--batch", 4)
    made = run("score", "train", tmp_path / "sets" / "groove", "-o", tmp_path / "run", *small, "--quick")
    assert made.exit_code == 0, made.stderr
    assert (tmp_path / "run" / "drums-2.safetensors").is_file()
    if importlib.util.find_spec("tensorboard") is not None:
        assert list((tmp_path / "run" / "tensorboard").iterdir())
    order = (tmp_path / "sets", "-o", tmp_path / "eval", *small, "--small", "--seeds", 1)
    table = run("score", "evaluate", *order, "--only", "drums-2_ours_seed1")
    assert table.exit_code == 0, table.stderr
    assert "Table 2" in table.stdout
    assert "drums-2" in table.stdout


def test_what_is_not_there_is_told(run, tmp_path):
    assert "no folder" in run("score", "prepare", tmp_path / "none", "-o", tmp_path / "x").stderr
    assert "--from" in run("score", "prepare", "cello", "-o", tmp_path / "x").stderr
    assert "no set of scores" in run("score", "train", tmp_path, "-o", tmp_path / "x").stderr
    assert "no kind" in run("score", "train", tmp_path, "-o", tmp_path / "x", "--config", "none").stderr
