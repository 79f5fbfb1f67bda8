"""Wekinator's projects, opened, learned from and written again."""

import io
import json
import zipfile
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isobath.errors import MappingError
from isobath.mapping import Settings
from isobath.mapping.exchange import wekinator
from isobath.mapping.exchange.arff import read_arff, write_arff
from isobath.mapping.exchange.examples import filled, fit_examples
from tests.mapping.exchange import projects


def project(files):
    return wekinator.read_project("mine", files.get, "mine.wekproj")


def test_a_project_says_where_it_listens_what_it_sends_and_what_it_was_shown():
    found = project(projects.files())
    assert (found.name, found.in_port, found.out_port, found.host) == (
        "My & project",
        6449,
        12001,
        "localhost",
    )
    assert found.inputs == projects.INPUTS
    assert [(one.name, one.kind, one.classes) for one in found.outputs] == [
        ("pitch", "number", 0),
        ("pose", "classes", 4),
    ]
    assert found.examples.points.tolist() == [[10, 0.5], [200.5, 0.75], [320, -0.1], [640, 0.125], [40, 0.9]]
    np.testing.assert_array_equal(found.examples.targets[:, 0], [0.25, 0.5, np.nan, 1, 0.75])
    np.testing.assert_array_equal(found.examples.targets[:, 1], [1, np.nan, 2, 3, 1])
    assert found.examples.rounds == (1, 1, 2, 2, 3)
    (note,) = found.notes
    assert "pose: a classifier" in note


def test_each_output_is_learned_from_the_rows_recorded_for_it_and_a_class_is_the_nearest_ones():
    examples = project(projects.files()).examples
    mapping = fit_examples(examples, Settings())
    heard = mapping(examples.points)
    known = np.isfinite(examples.targets)
    np.testing.assert_allclose(heard[known], examples.targets[known], atol=1e-3)
    assert mapping([30.0, 0.85])[1] == 1.0
    assert mapping([600.0, 0.1])[1] == 3.0
    assert max(mapping.errors) < 1e-3
    again = fit_examples(examples, Settings(), previous=mapping)
    np.testing.assert_allclose(again(examples.points), heard)


def test_gaps_are_filled_with_what_the_other_rows_say():
    examples = project(projects.files()).examples
    whole = filled(examples)
    known = np.isfinite(examples.targets)
    np.testing.assert_array_equal(whole.targets[known], examples.targets[known])
    assert whole.targets[1, 1] == 1.0  # the nearest example's class
    assert np.isfinite(whole.targets).all()
    assert "2 of 5 examples were not recorded for every output" in whole.notes[-1]
    assert filled(whole) is whole


def test_an_output_without_examples_stays_and_is_named():
    examples = project(
        projects.files(
            arff=projects.ARFF.replace(",1\n", ",?\n").replace(",2\n", ",?\n").replace(",3\n", ",?\n")
        )
    ).examples
    mapping = fit_examples(examples, Settings())
    assert mapping([30.0, 0.85])[1] == 0.0
    assert "Nothing was recorded for pose" in mapping.warnings[0]


@pytest.mark.parametrize("layers", [1, 2])
def test_what_wekinator_trained_gives_the_same_numbers(layers):
    first, run_first = projects.network(1, layers=layers)
    second, run_second = projects.network(2, names=projects.INPUTS[1:], layers=layers, units=3)
    files = projects.files([projects.numeric("pitch"), projects.numeric("bright")], arff="") | {
        "current/modelSetDescription.json": projects.description([first, second])
    }
    del files["current/currentData.arff"]
    found = project(files)
    places = np.random.default_rng(3).uniform(-100, 700, (40, 2))
    expected = [[run_first(p), run_second(p[1:])] for p in places]
    np.testing.assert_allclose(found.trained(places), expected, rtol=1e-9, atol=1e-9)


def test_what_was_trained_otherwise_is_learned_again_and_said():
    files = projects.files() | {
        "current/modelSetDescription.json": projects.description([{"modelType": "kNN Classificiation"}] * 2)
    }
    found = project(files)
    assert found.trained is None
    assert any("learned from the examples instead" in note for note in found.notes)


def test_gestures_are_named_and_stay_out():
    found = project(projects.files([projects.numeric("pitch"), projects.GESTURES]))
    assert found.outputs[1].kind == "gestures"
    assert found.outputs[1].gestures == ("output_1", "output_2")
    assert any("waves: recorded gestures" in note for note in found.notes)
    assert found.examples.outputs == ("pitch",)


PATHS = [[[[0.1, 0.2], [0.2, 0.3], [0.3, 0.3]]], [[[1.0, 0.0]] * 4, [[0.5, 0.5]] * 5]]


def gesture_project(model):
    files = projects.files([projects.GESTURES])
    del files["current/currentData.arff"]
    return files | {"current/models/model1.xml": model}


def test_recorded_gestures_are_read_from_what_wekinator_serialised():
    found = project(gesture_project(projects.recordings(PATHS)))
    assert found.notes == ()
    kept = json.loads(found.gestures)
    assert kept["inputs"] == 2
    assert [each["name"] for each in kept["gestures"]] == ["output_1", "output_2"]
    assert [each["examples"] for each in kept["gestures"]] == PATHS


@pytest.mark.parametrize(
    "model",
    [
        b"\xac\xed\x00\x05java",
        b"<DtwModel><data><allExamples/></data></DtwModel>",
        b"<DtwModel>",
        b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        projects.recordings([[[[0.1, 0.2], [0.2]]]]),
        projects.recordings([[[[0.1], [0.2]]], [[[0.1, 0.2], [0.2, 0.3]]]]),
        projects.recordings([[[["x", 0.2], [0.2, 0.1]]]]),
    ],
    ids=["a java object", "none", "cut", "with entities", "crooked", "two sizes", "no numbers"],
)
def test_gestures_that_cannot_be_read_are_named(model):
    found = project(gesture_project(model))
    assert found.gestures is None
    assert any("waves: recorded gestures" in note for note in found.notes)


def test_a_zip_is_as_good_as_a_folder(tmp_path):
    files = projects.files()
    data = wekinator.zipped("some folder/mine", files)
    found = wekinator.read_zip("mine", data)
    assert (found.in_port, len(found.examples.points)) == (6449, 5)
    for name, content in files.items():
        (tmp_path / "p" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "p" / name).write_bytes(content)
    (tmp_path / "mine.zip").write_bytes(data)
    for path in (tmp_path / "p", tmp_path / "p" / "mine.wekproj", tmp_path / "mine.zip", tmp_path):
        assert wekinator.open_project(path).inputs == projects.INPUTS


def test_what_is_written_is_opened_as_the_same_project():
    before = project(
        projects.files([projects.numeric("pitch", -3, 2.5, "INTEGER", "HARD"), projects.CLASSIFIER])
    )
    files = wekinator.write_project(before)
    after = wekinator.read_project("again", files.get, f"{before.name}.wekproj")
    assert (after.name, after.inputs, after.outputs, after.in_port) == (
        before.name,
        before.inputs,
        before.outputs,
        before.in_port,
    )
    np.testing.assert_array_equal(after.examples.points, before.examples.points)
    np.testing.assert_array_equal(after.examples.targets, before.examples.targets)
    assert after.examples.rounds == before.examples.rounds


BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    b'<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><OSCOutputGroup><oscMessage>&c;</oscMessage></OSCOutputGroup>'
)
FILE = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>'


@pytest.mark.parametrize("data", [BOMB, FILE])
def test_no_entity_is_expanded(data):
    with pytest.raises(MappingError, match="declares a document type"):
        wekinator.read_xml("outputConfig.xml", data)


def test_depth_and_size_have_an_end(tmp_path):
    with pytest.raises(MappingError, match="nested more than"):
        wekinator.read_xml("x", b"<a>" * 5000)
    (tmp_path / "outputConfig.xml").write_bytes(b" " * (wekinator.XML_BYTES + 1))
    with pytest.raises(MappingError, match="larger than 4 MB"):
        wekinator.open_project(tmp_path)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("p/outputConfig.xml", b" " * (wekinator.XML_BYTES + 1))
    with pytest.raises(MappingError, match="larger than 4 MB"):
        wekinator.read_zip("p", buffer.getvalue())
    with pytest.raises(MappingError, match="no zip"):
        wekinator.read_zip("p", b"nonsense")
    with pytest.raises(MappingError, match="no Wekinator project"):
        wekinator.read_zip("p", wekinator.zipped("p", {"a": b""}))


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_whatever_happens_to_its_files_it_opens_or_says_why(data):
    files = projects.files() | {
        "current/modelSetDescription.json": projects.description([projects.network(1)[0]] * 2)
    }
    name = data.draw(st.sampled_from(sorted(files)))
    content = bytearray(files[name])
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(content) - 1))
        if data.draw(st.booleans()):
            content[at : at + data.draw(st.integers(1, 9))] = data.draw(st.binary(max_size=4))
        else:
            content[at] = data.draw(st.integers(0, 255))
        if not content:
            break
    with suppress(MappingError):
        found = project(files | {name: bytes(content)})
        assert found.examples is not None
        mapping = fit_examples(found.examples, Settings())
        assert np.isfinite(mapping(np.zeros(mapping.axes))).all()


# ------------------------------------------------------------------------------------------- ARFF


def test_names_and_classes_with_every_sign_go_round():
    examples = read_arff(
        "x.arff",
        "@RELATION 'it''s'\n% a word\n@ATTRIBUTE \"a b\" REAL\n@attribute 'it\\'s' Integer\n"
        "@attribute latent1 {soft, 'very loud',\"b,c\"}\n@DATA\n1 , 2,'very loud'\n"
        '-.5,1e3,"b,c"\n?,1,soft\n',
    )
    assert examples.inputs == ("a b", "it's")
    assert examples.targets[:, 0].tolist() == [1, 2, 0]
    assert examples.classes == (3,)
    again = read_arff("y.arff", write_arff(examples), ["latent1"])
    assert again.inputs == examples.inputs
    np.testing.assert_array_equal(again.points, examples.points)
    assert len(examples.readable().points) == 2


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no whole ARFF"),
        ("hello", "line 1, is no line"),
        ("@attribute a numeric\n@data\n1", "which of its 1 columns are outputs"),
        ("@attribute a numeric\n@attribute latent1 numeric\n@data\n1", "has 1 values, but there are 2"),
        ("@attribute a numeric\n@attribute latent1 numeric\n@data\n1,x", "no number to learn from"),
        ("@attribute a numeric\n@attribute latent1 {a,b}\n@data\n1,c", "no number to learn from"),
        ("@attribute a numeric\n@attribute latent1 {1,2}\n@data\n1,3", "unknown class 3"),
        ("@attribute a relational\n@data\n", 'kind "relational"'),
        ("@attribute a {x\n@data\n", "closing brace"),
        ("@attribute a numeric\n@attribute latent1 numeric\n@data\n{0 1}", "sparse"),
        ("@attribute a {p,q}\n@attribute latent1 numeric\n@data\np,1", "as input"),
        ("@attribute latent1 numeric\n@data\n1", "no inputs"),
    ],
)
def test_what_is_no_arff_is_a_sentence(text, says):
    with pytest.raises(MappingError, match=says):
        read_arff("x.arff", text)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.sampled_from(["@data", "@attribute a numeric", "@attribute latent1 {1,2}", "%", "1,2", "'", "?,?"])
        | st.text(max_size=12),
        max_size=8,
    )
)
def test_whatever_lines_there_are_they_are_read_or_a_sentence(lines):
    with suppress(MappingError):
        read_arff("x", "\n".join(lines))


def test_the_last_columns_can_be_named_outputs_by_their_number():
    text = "@attribute a numeric\n@attribute b numeric\n@attribute c numeric\n@data\n1,2,3\n"
    assert read_arff("x", text, 2).outputs == ("b", "c")
    with pytest.raises(MappingError, match="3 of them cannot be outputs"):
        read_arff("x", text, 3)
