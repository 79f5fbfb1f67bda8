"""Files that Wekinator's messages name: only those in the folder that was given, and nothing else."""

import os
import shutil

import msgspec
import numpy as np
import pytest

from isobath.inputs import wekinator_files
from isobath.inputs.wekinator import CONTROL, DONE, REFUSED
from isobath.inputs.wekinator_files import Folder, read_model
from isobath.library.files import write_whole
from tests.inputs.test_wekinator import TRUTH, Patch, gestures_patch
from tests.mapping.exchange import projects


def write(path, data):
    write_whole(path, [data])


def patch_in(folder, **more):
    folder.mkdir(exist_ok=True)
    return Patch(files=Folder(folder, write), **more)


def project_in(folder, name="mine"):
    for name_of, data in projects.files([projects.numeric("pitch")]).items():
        path = folder / name / name_of
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def inside(folder):
    return sorted(one.name for one in folder.iterdir())


def refusal(patch):
    address, (_, sentence) = patch.sent[-1]
    assert address == REFUSED
    return sentence


def test_a_model_is_kept_and_comes_back_as_another_output(tmp_path):
    patch = patch_in(tmp_path)
    patch.teach()
    patch.say("startRunning")
    heard = [patch.inputs(x, y)[1][1] for x, y in TRUTH[:, :2].tolist()]
    patch.say("saveModelToFile", 2, "second.json")
    other = patch_in(tmp_path, fixed=(False, False))
    other.say("loadModelFromFile", 1.0, str(tmp_path / "second.json"))
    other.say("outputs", 0.0, 0.625)
    other.say("startRunning")
    again = [other.inputs(x, y)[1] for x, y in TRUTH[:, :2].tolist()]
    np.testing.assert_allclose([a for a, _ in again], heard, atol=1e-9)
    assert {b for _, b in again} == {0.625}  # nothing was learned for it: it stays
    assert len(other.engine.examples.points) == 0


def test_with_data_its_examples_come_too_and_can_be_learned_again(tmp_path):
    patch = patch_in(tmp_path)
    patch.teach()
    before = patch.engine.examples
    patch.say("saveModelToFile", 1, "first")
    patch.say("deleteExamplesForOutput", 1)
    patch.say("loadModelFromFile", 1, "first", "WITHDATA")
    np.testing.assert_array_equal(patch.engine.examples.points, before.points)
    np.testing.assert_array_equal(patch.engine.examples.targets, before.targets)
    assert not patch.engine.saved.is_set()
    patch.say("train")
    patch.engine.settle()
    assert not patch.engine._loaded
    patch.say("saveModelToFile", 1, "first", "WITHOUTDATA")  # over the one of before
    assert read_model("", (tmp_path / "first").read_bytes()).points == ()


def test_a_project_is_opened_and_runs(tmp_path):
    project_in(tmp_path)
    left = []
    patch = patch_in(tmp_path, leave=lambda: left.append(len(patch.engine.examples.points)))
    patch.teach()
    for words in (("mine",), ("mine/mine.wekproj", "STOPCURRENTLISTENING")):
        patch.sent.clear()
        patch.say("runNewProject", *words)
        patch.engine.settle()
        assert patch.sent == [(DONE, ())]
        assert [one.name for one in patch.engine.project.outputs] == ["pitch"]
        address, values = patch.inputs(10.0, 0.5)
        assert address == "/wek/outputs"
        assert values == pytest.approx((0.25,), abs=1e-3)
    assert left[0] == 4
    for words in (("mine", "KEEPCURRENTRUNNING"), ("mine", "x"), (), (1,), ("nothing",)):
        patch.say("runNewProject", *words)
        assert refusal(patch)
    assert patch.engine.running


def test_a_bundle_of_inputs_is_answered_by_one_of_outputs(tmp_path):
    said = []
    patch = patch_in(tmp_path, send_bundle=lambda *words: said.append(words))
    (tmp_path / "in.csv").write_text("0, 0\n1,0\n\n0.5,1.0\n0.2,6e-1\n")
    patch.engine.take("/wek/inputs/bundle", ("in.csv",))
    assert "Nothing is learned" in refusal(patch)
    patch.teach()
    patch.engine.take("/wek/inputs/bundle", ("in.csv",))
    patch.engine.settle()
    ((address, (path,)),) = said
    assert (address, path) == ("/wek/outputs/bundle", str(tmp_path.resolve() / "in.outputs.csv"))
    np.testing.assert_allclose(np.loadtxt(path, delimiter=","), TRUTH[:, 2:], atol=1e-3)
    for wrong in ("0,0\n1\n", "0,0\n1,x\n", "1,2,3\n", "nan,0\n", "\n", "\0\xff"):
        (tmp_path / "in.csv").write_text(wrong)
        patch.engine.take("/wek/inputs/bundle", ("in.csv",))
        patch.engine.settle()
        assert "in.csv" in refusal(patch)
    assert len(said) == 1


@pytest.mark.parametrize(
    "name",
    ["../out", "/etc/passwd", "", " ", "a\0b", "link", "inside/../../out", "x" * 5000],
    ids=["up", "whole", "none", "blank", "nul", "link", "around", "long"],
)
def test_a_path_that_leads_out_is_neither_read_nor_written(tmp_path, name):
    outside = tmp_path / "out"
    outside.write_text("0,0\n")
    root = tmp_path / "files"
    patch = patch_in(root)
    (root / "link").symlink_to(outside)
    patch.teach()
    for word, values in (
        ("saveModelToFile", (1, name)),
        ("loadModelFromFile", (1, name)),
        ("runNewProject", (name,)),
    ):
        patch.say(word, *values)
        assert refusal(patch)
        assert patch.sent[-1][1][0] == CONTROL + word
    patch.engine.take("/wek/inputs/bundle", (name,))
    patch.engine.settle()
    assert patch.sent[-1][1][0] == "/wek/inputs/bundle"
    assert outside.read_text() == "0,0\n"
    assert inside(root) == ["link"]
    assert inside(tmp_path) == ["files", "out"]


def test_a_project_whose_files_are_links_out_of_the_folder_is_refused(tmp_path):
    root = tmp_path / "files"
    patch = patch_in(root)
    project_in(root)
    shutil.move(root / "mine" / "current" / "currentData.arff", tmp_path / "secret.arff")
    (root / "mine" / "current" / "currentData.arff").symlink_to(tmp_path / "secret.arff")
    patch.say("runNewProject", "mine")
    assert "not in the folder" in refusal(patch)
    assert len(patch.engine.project.outputs) == 2


def test_what_is_too_large_or_no_file_is_refused(tmp_path, monkeypatch):
    patch = patch_in(tmp_path)
    patch.teach()
    with (tmp_path / "large").open("wb") as file:
        file.truncate(wekinator_files.MODEL_BYTES + 1)
    patch.say("loadModelFromFile", 1, "large")
    assert "larger than 16 MB" in refusal(patch)
    os.mkfifo(tmp_path / "pipe")
    patch.say("loadModelFromFile", 1, "pipe")
    assert "no file" in refusal(patch)
    patch.say("loadModelFromFile", 1, ".")
    assert "no file" in refusal(patch)
    monkeypatch.setattr(wekinator_files, "MOST_FILES", 2)
    patch.say("saveModelToFile", 1, "one more")
    assert "Delete some" in refusal(patch)
    monkeypatch.setattr(wekinator_files, "MODEL_BYTES", 10)
    patch.say("saveModelToFile", 1, "one more")
    assert "would be larger" in refusal(patch)
    assert inside(tmp_path) == ["large", "pipe"]


def test_nothing_is_written_over_a_file_of_another_kind(tmp_path):
    patch = patch_in(tmp_path)
    patch.say("saveModelToFile", 1, "mine")
    assert "Nothing is learned" in refusal(patch)
    patch.teach()
    (tmp_path / "song.txt").write_text("la")
    for values in ((1, "song.txt"), (1, "no/folder"), (1,), (3, "x"), (1, "x", "y"), (1, 2)):
        patch.say("saveModelToFile", *values)
        assert refusal(patch)
    assert inside(tmp_path) == ["song.txt"]
    assert (tmp_path / "song.txt").read_text() == "la"


def test_a_model_that_does_not_fit_is_refused(tmp_path):
    patch = patch_in(tmp_path)
    patch.teach()
    patch.say("saveModelToFile", 1, "good")
    good = msgspec.json.decode((tmp_path / "good").read_bytes())
    changes = (
        {"inputs": ["a"]},
        {"targets": [1.0]},
        {"axes": [7]},
        {"axes": []},
        {"index": 9},
        {"map": {"format": 1}},
        {"kind": "classes", "classes": 3},
        {"wekinator_model": 2},
        {"map": None},
    )
    for number, change in enumerate(changes):
        (tmp_path / "bad").write_bytes(msgspec.json.encode(good | change))
        patch.say("loadModelFromFile", 1, "bad")
        assert refusal(patch), number
    (tmp_path / "bad").write_bytes(b"\xac\xed\0\5")
    patch.say("loadModelFromFile", 1, "bad")
    assert "Java objects" in refusal(patch)
    assert not patch.engine._loaded
    gestures = Patch(project=gestures_patch().engine.project, files=Folder(tmp_path, write))
    gestures.say("saveModelToFile", 1, "moves")
    assert "--save" in refusal(gestures)
