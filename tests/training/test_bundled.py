"""The recipes are those of the files that are shipped."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from isobath.training import bundled, reference
from isobath.training.settings import course_from, shape_from

BUNDLED = Path(reference.__file__).parents[1] / "models" / "bundled"


@pytest.mark.parametrize("name", bundled.RECIPES)
def test_the_recipe_is_what_the_file_says_of_itself(name: str) -> None:
    recipe = bundled.RECIPES[name]
    said = reference.load(BUNDLED / f"{name}.safetensors").description
    training = said["training"]
    assert shape_from(training["shape"]) == replace(recipe.shape, dims=recipe.axes or recipe.shape.dims)
    assert training["steps"] == recipe.stages[-1].course.steps
    assert training["held_out"] == list(recipe.held_out)
    assert said["credit"] == recipe.words.credit
    last = recipe.stages[-1].course
    assert course_from(training["course"]) == last


def test_held_out_files_are_never_trained_on(tmp_path: Path) -> None:
    folder = tmp_path / "drums_kit"
    folder.mkdir()
    for name in ("01_funk.flac", *bundled.DRUMS.held_out):
        soundfile.write(folder / name, np.zeros(100), 44100)
    heard, kept = bundled.files(bundled.DRUMS, tmp_path)
    assert [p.name for p in heard] == ["01_funk.flac"]
    assert [p.name for p in kept] == list(bundled.DRUMS.held_out)


def test_notes_of_a_long_phrase_are_told_from_the_beginning_of_each_stretch(tmp_path: Path) -> None:
    folder = tmp_path / "guitar_archtop"
    for part, columns in (("notes", "start,end"), ("phrases", "onset,offset")):
        (folder / part).mkdir(parents=True)
        table = "index.csv" if part == "notes" else "notes.csv"
        (folder / part / table).write_text(
            f"file,{columns},midi\nlong 2 s.flac,1,2,60\nlong 2 s.flac,23,24,62\n"
        )
    path = tmp_path / "long 2 s.flac"
    soundfile.write(path, np.zeros(30 * 8000), 8000)
    clips = list(bundled.heard_for_measuring(bundled.GUITAR, [path], tmp_path))
    assert [clip.start for clip in clips] == [0.0, 20.0]
    assert {note.start for note in clips[1].notes or ()} == {3.0}
