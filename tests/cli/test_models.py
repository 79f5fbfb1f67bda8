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
