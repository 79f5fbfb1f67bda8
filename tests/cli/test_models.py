"""`isobath models`, `info` and `import`."""

import json

import pytest

from tests.library.modelfiles import model_bytes


@pytest.fixture
def whale(tmp_path):
    path = tmp_path / "whale.safetensors"
    path.write_bytes(model_bytes("whale"))
    return path


def test_an_imported_model_is_listed_and_described(run, whale):
    assert "whale" in run("import", whale).stdout
    assert "whale" in run("models").stdout
    listed = json.loads(run("models", "--json").stdout)
    assert "whale" in [model["name"] for model in listed]
    told = run("info", "whale")
    assert "22050 Hz" in told.stdout
    assert json.loads(run("info", "whale", "--json").stdout)["name"] == "whale"


def test_a_model_file_is_described_without_importing_it(run, whale):
    assert "22050 Hz" in run("info", whale).stdout


def test_a_file_that_is_no_model_is_refused(tmp_path, run):
    (tmp_path / "letter.safetensors").write_text("dear friend")
    result = run("import", tmp_path / "letter.safetensors")
    assert result.exit_code == 1
    assert "This file cannot be used as a model" in result.stderr


def test_a_training_checkpoint_is_told_apart_by_what_is_in_it(run, tmp_path):
    torch = pytest.importorskip("torch")
    for i, zipped in enumerate((True, False)):
        path = tmp_path / f"last{i}.ckpt"
        torch.save({"state_dict": {}}, path, _use_new_zipfile_serialization=zipped)
        told = run("import", path)
        assert told.exit_code == 1
        assert path.name in told.stderr
        assert "Export the model" in told.stderr


def test_what_a_model_was_trained_on_reads_like_a_card(run):
    from isobath.models.coder import bundled

    for name in bundled():
        told = run("info", name).stdout
        assert "How it was trained" in told
        assert "How well it does" in told
        assert "Its limits" in told
        assert max(len(line) for line in told.splitlines()) <= 100
        assert "{" not in told
        assert "[" not in told


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"value": 2.5604, "unit": "dB"}, "2.56 dB"),
        ({"value": 0.85, "unit": "of 20", "least": 0.5}, "0.85 of 20 (least 0.5)"),
        ({"hop": 256, "dims": 8}, ""),
        ([f"notes_{i}.flac" for i in range(16)], "16, from notes_0.flac to notes_15.flac"),
        (["a", "b"], "a, b"),
        ("8a342a4682133f4c90adc7cb86b63fb39cc01189", "8a342a4682"),
        (True, "yes"),
    ],
)
def test_every_kind_of_fact_is_told_in_words(value, told):
    from isobath.cli.models import _short

    assert _short(value) == told


def test_a_file_of_rave_is_imported_and_its_latent_cut_anew(run, tmp_path):
    pytest.importorskip("torch")
    from tests.foreign.rave_like import save

    path = save("v2", tmp_path)
    told = json.loads(run("import", path, "--name", "loon", "--dims", "3", "--json").stdout)
    assert (told["name"], told["dims"], told["hop"]) == ("loon", 3, 32)
    again = json.loads(run("import", "loon", "--dims", "5", "--json").stdout)
    assert again["dims"] == 5
    assert "7 cannot be chosen" in run("import", path, "--dims", "7").stderr
    assert "no file" in run("import", tmp_path / "gone.ts").stderr
