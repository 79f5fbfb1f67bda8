"""Messages made for Wekinator, from oscsend and from sockets of our own."""

import math
import shutil
import socket
import struct
import subprocess
import sys
import time
from dataclasses import replace

import msgspec
import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import settings as trying
from hypothesis import strategies as st

from isobath.cli.group import isobath
from isobath.errors import MappingError
from isobath.inputs.osc.packets import read_packet
from isobath.inputs.osc.receiver import OscReceiver
from isobath.inputs.wekinator import CONTROL, DONE, REFUSED, Wekinator
from isobath.inputs.wekinator_gestures import read_gestures
from isobath.mapping.exchange.wekinator import Project, ProjectOutput, open_project, write_project
from isobath.outputs.osc import OscOutput
from tests.mapping.exchange import projects

TRUTH = np.array([[0.0, 0.0, 0.1, 0.9], [1.0, 0.0, 0.5, 0.5], [0.5, 1.0, 0.9, 0.1], [0.2, 0.6, 0.3, 0.0]])


class Patch:
    """A Wekinator and everything it says."""

    def __init__(self, inputs=2, outputs=2, project=None, **more):
        self.sent, self.told = [], []
        project = project or Project(
            "p",
            tuple(f"inputs-{i + 1}" for i in range(inputs)),
            tuple(ProjectOutput(f"outputs-{i + 1}") for i in range(outputs)),
        )
        self.engine = Wekinator(
            project, lambda a, v: self.sent.append((a, tuple(v))), self.told.append, **more
        )

    def say(self, word, *values):
        self.engine.take(CONTROL + word, values)

    def inputs(self, *values):
        self.engine.take("/wek/inputs", values)
        return self.sent[-1] if self.sent else None

    def teach(self, truth=TRUTH):
        for x, y, a, b in truth.tolist():
            self.say("outputs", a, b)
            self.say("startRecording")
            self.inputs(x, y)
            self.say("stopRecording")
        self.say("train")
        self.engine.settle()
        assert (DONE, ()) in self.sent


def test_record_train_and_run_as_a_patch_does():
    patch = Patch()
    patch.teach()
    before = len(patch.sent)
    patch.inputs(0.0, 0.0)
    assert len(patch.sent) == before  # not running yet
    patch.say("startRunning")
    for x, y, a, b in TRUTH.tolist():
        address, values = patch.inputs(x, y)
        assert address == "/wek/outputs"
        assert values == pytest.approx((a, b), abs=1e-3)
    patch.say("stopRunning")
    before = len(patch.sent)
    patch.inputs(0.0, 0.0)
    assert len(patch.sent) == before


def test_every_kind_of_number_is_one_and_what_is_none_is_left_out():
    patch = Patch()
    patch.teach()
    patch.say("startRunning")
    assert patch.inputs(0, 0)[1] == pytest.approx((0.1, 0.9), abs=1e-3)
    before = len(patch.sent)
    for wrong in (("a", 0.0), (math.nan, 0.0), (math.inf, 0.0), (None, 0.0), (0.0,), (0.0, 0.0, 0.0), ()):
        patch.inputs(*wrong)
    assert len(patch.sent) == before
    assert (patch.engine.counts.no_numbers, patch.engine.counts.wrong_size) == (4, 3)
    for _ in range(1000):
        patch.inputs(math.nan, 0.0)
    assert len(patch.told) < 30


def test_each_output_is_recorded_and_run_by_itself():
    patch = Patch()
    patch.say("disableModelRecording", 2)
    patch.teach()
    patch.say("startRunning")
    patch.say("outputs", 0.25, 0.75)
    assert patch.inputs(1.0, 0.0)[1] == pytest.approx((0.5, 0.0), abs=1e-3)  # never recorded: 0
    patch.say("disableModelRunning", 1.0, 2.0)
    patch.say("outputs", 0.25, 0.75)
    assert patch.inputs(1.0, 0.0)[1] == (0.25, 0.75)
    patch.say("enableModelRunning", 1)
    assert patch.inputs(1.0, 0.0)[1] == pytest.approx((0.5, 0.75), abs=1e-3)
    patch.say("enableModelRecording", 2)
    patch.teach()
    patch.say("enableModelRunning", 2)
    assert patch.inputs(1.0, 0.0)[1] == pytest.approx((0.5, 0.5), abs=1e-3)


def test_an_output_listens_to_the_inputs_it_is_given():
    patch = Patch()
    patch.say("selectInputsForOutput", 2, 1)
    patch.teach()
    patch.say("startRunning")
    first, second = patch.inputs(0.3, 0.1)[1], patch.inputs(0.3, 0.9)[1]
    assert first[0] != second[0]
    assert first[1] == second[1]


def test_examples_are_deleted_for_all_or_for_one():
    patch = Patch()
    patch.teach()
    patch.say("deleteExamplesForOutput", 1)
    assert np.isnan(patch.engine.examples.targets[:, 0]).all()
    assert np.isfinite(patch.engine.examples.targets[:, 1]).all()
    patch.say("deleteExamplesForOutput", 2)
    assert len(patch.engine.examples.points) == 0
    patch.teach()
    patch.say("deleteAllExamples")
    patch.say("train")
    assert patch.sent[-1][0] == REFUSED
    assert "nothing to learn from" in patch.sent[-1][1][1]


def test_names_are_taken_if_there_are_enough_and_no_two_are_the_same():
    patch = Patch()
    patch.say("setInputNames", "x", "y")
    patch.say("setOutputNames", "pitch", "bright")
    assert patch.engine.examples.inputs == ("x", "y")
    assert patch.engine.examples.outputs == ("pitch", "bright")
    for wrong in (("a",), ("a", "a"), (1, 2), ()):
        patch.say("setInputNames", *wrong)
        assert patch.sent[-1][1][0] == CONTROL + "setInputNames"
    assert patch.engine.examples.inputs == ("x", "y")


@pytest.mark.parametrize(
    ("word", "values", "says"),
    [
        ("startDtwRecording", (0,), "no gesture 0; they are numbered 1 to 64"),
        ("startDtwRecording", (), "Say which gesture"),
        ("loadModelFromFile", (1, "/etc/passwd"), "started with --files FOLDER"),
        ("saveModelToFile", (1, "/tmp/x"), "started with --files FOLDER"),
        ("runNewProject", ("/tmp/x",), "started with --files FOLDER"),
        ("enableModelRunning", (3,), "no output 3; they are numbered 1 to 2"),
        ("disableModelRecording", ("a",), "no output a"),
        ("selectInputsForOutput", (1, 9), "no input 9"),
        ("selectInputsForOutput", (1,), "Say which input"),
        ("deleteExamplesForOutput", (), "Say which output"),
        ("outputs", (1.0, 2.0, 3.0), "3 values came for 2 outputs"),
    ],
)
def test_what_is_not_done_is_refused_by_name(word, values, says):
    patch = Patch()
    patch.say(word, *values)
    address, (what, sentence) = patch.sent[-1]
    assert (address, what) == (REFUSED, CONTROL + word)
    assert says in sentence
    patch.say(word, *values)
    assert len([line for line in patch.told if says in line]) == 1


def test_without_numbers_given_the_first_messages_say_how_many_there_are():
    patch = Patch(fixed=(False, False))
    patch.inputs(0.1, 0.2, 0.3)
    patch.say("outputs", 1.0)
    assert (len(patch.engine.project.inputs), len(patch.engine.values)) == (3, 1)
    patch.say("startRecording")
    patch.inputs(0.1, 0.2, 0.3)
    patch.inputs(0.1, 0.2)
    assert patch.engine.counts.wrong_size == 1


def test_a_training_that_was_cancelled_changes_nothing():
    patch = Patch()
    patch.teach()
    before = patch.engine.mapping
    patch.say("train")
    patch.say("cancelTrain")
    patch.engine.settle()
    assert patch.engine.mapping is before or DONE in [a for a, _ in patch.sent[-2:]]


def test_ranges_and_classes_of_a_project_are_kept():
    files = projects.files([projects.numeric("pitch", 0, 0.5, "REAL", "HARD"), projects.CLASSIFIER])
    from isobath.mapping.exchange.wekinator import read_project

    patch = Patch(project=read_project("mine", files.get, "mine.wekproj"))
    patch.say("train")
    patch.engine.settle()
    patch.say("startRunning")
    pitch, pose = patch.inputs(640, 0.125)[1]
    assert (pitch, pose) == (0.5, 3.0)  # 1 was shown, but never beyond 0.5


@trying(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                ["train", "outputs", "startRecording", "enableModelRunning", "_train", "values", ""]
            )
            | st.text(max_size=12),
            st.lists(
                st.floats() | st.integers() | st.text(max_size=4) | st.none() | st.binary(max_size=3),
                max_size=4,
            ),
        ),
        max_size=12,
    )
)
def test_no_message_harms_it(messages):
    patch = Patch()
    patch.teach()
    for word, values in messages:
        patch.say(word, *values)
        patch.engine.take("/" + word, values)
        patch.inputs(*values)
    patch.engine.settle()


# -------------------------------------------------------------------------------- real programs


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def heard_of(listener):
    return [(m.address, m.values) for m in read_packet(listener.recv(65536))]


@pytest.mark.skipif(shutil.which("oscsend") is None, reason="needs oscsend (liblo-tools)")
def test_oscsend_records_trains_and_runs_the_command(tmp_path):
    port = free_port()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(20)
        out = f"127.0.0.1:{listener.getsockname()[1]}"
        command = [sys.executable, "-m", "isobath.cli", "wekinator", "--in", str(port), "--out", out]
        server = subprocess.Popen(
            [*command, "--save", str(tmp_path / "mine")], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        try:
            assert b"Listens on" in server.stdout.readline()

            def send(address, types="", *values):
                words = [str(value) for value in values]
                subprocess.run(["oscsend", "127.0.0.1", str(port), address, types, *words], check=True)
                time.sleep(0.02)

            for x, a in ((0.0, 0.25), (1.0, 0.75)):
                send("/wekinator/control/outputs", "f", a)
                send("/wekinator/control/startRecording")
                send("/wek/inputs", "if", int(x), 1.0 - x)
                send("/wekinator/control/stopRecording")
            send("/wekinator/control/train")
            assert heard_of(listener) == [(DONE, ())]
            send("/wekinator/control/startRunning")
            send("/wek/inputs", "dd", 1.0, 0.0)
            ((address, (value,)),) = heard_of(listener)
            assert address == "/wek/outputs"
            assert value == pytest.approx(0.75, abs=1e-3)
            send("/wekinator/control/runNewProject", "s", "/tmp/x")
            ((address, (what, _)),) = heard_of(listener)
            assert (address, what) == (REFUSED, "/wekinator/control/runNewProject")
        finally:
            server.terminate()
            assert server.wait(20) == 0
    kept = open_project(tmp_path / "mine")
    assert kept.examples.points.tolist() == [[0, 1], [1, 0]]
    assert kept.examples.targets.tolist() == [[0.25], [0.75]]


def test_malformed_packets_pass_by_and_answers_go_on():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(10)
        output = OscOutput(*listener.getsockname())
        engine = Patch().engine
        engine._send = output.say
        receiver = OscReceiver("127.0.0.1", 0, lambda m: engine.take(m.address, m.values))
        sender = OscOutput("127.0.0.1", receiver.address[1])
        try:
            random = np.random.default_rng(0)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as raw:
                for _ in range(1000):
                    raw.sendto(random.bytes(int(random.integers(1, 60))), receiver.address)
                raw.sendto(b"/wek/inputs\0,ff\0" + struct.pack(">f", 1.0), receiver.address)
            for x, y, a, b in TRUTH.tolist():
                for address, values in (
                    ("outputs", (a, b)),
                    ("startRecording", ()),
                    ("", (x, y)),
                    ("stopRecording", ()),
                ):
                    sender.say(CONTROL + address if address else "/wek/inputs", values)
            sender.say(CONTROL + "train", ())
            assert heard_of(listener) == [(DONE, ())]
            sender.say(CONTROL + "startRunning", ())
            sender.say("/wek/inputs", (1.0, 0.0))
            ((_, values),) = heard_of(listener)
            assert values == pytest.approx((0.5, 0.5), abs=1e-3)
            assert receiver.counts.malformed >= 1000
        finally:
            receiver.close()


def test_a_port_that_is_taken_is_a_wrong_use_of_its_own_option():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        answer = CliRunner().invoke(isobath, ["wekinator", "--in", str(other.getsockname()[1])])
        assert answer.exit_code == 2
        assert "Choose another one for --in." in answer.stderr
    answer = CliRunner().invoke(isobath, ["wekinator", "--in", "here"])
    assert answer.exit_code == 2
    assert "as in --in 9001" in answer.stderr


WAVE = [(t / 20, 0.5 + 0.4 * math.sin(t / 3.2)) for t in range(21)]
DIVE = [(0.5 + 0.4 * math.cos(t / 6.4), 1 - t / 20) for t in range(21)]


def gestures_patch(**more):
    outputs = (ProjectOutput("moves", "gestures", gestures=("wave", "dive")),)
    return Patch(project=Project("p", ("x", "y"), outputs, **more))


def record(patch, number, path):
    patch.say("startDtwRecording", number)
    for point in path:
        patch.inputs(*point)
    patch.say("stopDtwRecording")


def test_recorded_gestures_are_followed_and_leave_by_name():
    patch = gestures_patch()
    record(patch, 1, WAVE)
    record(patch, 2.0, DIVE)
    patch.say("train")
    assert patch.sent == [(DONE, ())]
    patch.say("startRunning")
    for point in (*DIVE, *[DIVE[-1]] * 8, *WAVE, *[WAVE[-1]] * 8):
        patch.inputs(*point)
    assert [address for address, _ in patch.sent if address not in {DONE, "/wek/outputs"}] == [
        "/dive",
        "/wave",
    ]
    distances = [values for address, values in patch.sent if address == "/wek/outputs"]
    assert len(distances) == len(DIVE) + len(WAVE) + 16
    assert {len(each) for each in distances} == {2}
    patch.say("deleteExamplesForOutput", 2)
    assert [len(each.examples) for each in patch.engine.gestures.file.gestures] == [1, 0]
    patch.say("deleteAllExamples")
    assert patch.engine.gestures.recorded == 0


def test_a_gesture_too_short_or_of_other_inputs_is_left_out_and_named():
    patch = gestures_patch()
    record(patch, 1, WAVE[:2])
    assert "needs 3" in patch.told[-1]
    patch.say("stopDtwRecording")
    record(patch, 1, WAVE)
    patch.inputs(0.5)
    assert patch.engine.gestures.recorded == 1


def test_a_project_keeps_its_gestures(tmp_path):
    patch = gestures_patch()
    record(patch, 1, WAVE)
    kept = msgspec.json.encode(patch.engine.gestures.file)
    for name, data in write_project(replace(patch.engine.project, gestures=kept)).items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    again = open_project(tmp_path)
    assert again.notes == ()
    assert again.outputs[0].gestures == ("wave", "dive")
    engine = Wekinator(again, lambda *_: None, lambda _: None)
    assert engine.gestures.names == ("wave", "dive")
    assert engine.gestures.recorded == 1


@pytest.mark.parametrize(
    "data",
    [b"{", b'{"inputs": 2, "gestures": [{"name": "a", "examples": [[[0.1]]]}]}', b'{"inputs": "a"}', b"\xff"],
    ids=["cut", "other inputs", "no number", "no text"],
)
def test_a_damaged_file_of_gestures_is_named(data):
    with pytest.raises(MappingError, match=r"gestures\.json"):
        read_gestures(data)
