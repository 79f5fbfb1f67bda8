"""The patches for other programs hang together, and say the addresses and ports that Isobath says."""

import json
import os
import re
import shutil
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest

from isobath.inputs.keys import own_action, own_axes
from isobath.inputs.osc.packets import read_packet
from isobath.outputs.osc import encode_heard
from isobath.protocol.piece import Axis
from tests.outputs.test_osc import HEARD

ROOT = Path(__file__).parents[1]
PATCHES = ROOT / "examples" / "patches"
SENT = {m.address for m in read_packet(encode_heard(msgspec.structs.replace(HEARD, onset=0.5, axes=(0.5,))))}
AXES = own_axes([Axis(id="x", name="x"), Axis(id="y", name="y")])


def understood(address):
    return bool(AXES(address)) or own_action(address) is not None


def checked(heard, said, ports):
    """Every address that leaves Isobath is heard, and every one that is said is understood."""
    assert heard == SENT
    assert said
    assert [address for address in sorted(said) if not understood(address)] == []
    assert ports == {"9000", "9001"}


def test_max():
    patcher = json.loads((PATCHES / "isobath.maxpat").read_text())["patcher"]
    boxes = {each["box"]["id"]: each["box"] for each in patcher["boxes"]}
    assert len(boxes) == len(patcher["boxes"])
    for each in patcher["lines"]:
        (source, outlet), (destination, inlet) = each["patchline"]["source"], each["patchline"]["destination"]
        assert outlet < boxes[source]["numoutlets"]
        assert inlet < boxes[destination]["numinlets"]
    for box in boxes.values():
        assert box["numoutlets"] == len(box.get("outlettype", []))
    texts = [box.get("text", "") for box in boxes.values() if box["maxclass"] != "comment"]
    (route,) = (text.split()[1:] for text in texts if text.startswith("route "))
    said = {
        word for text in texts if not text.startswith("route ") for word in re.findall(r"/isobath\S+", text)
    }
    checked(set(route), said, set(re.findall(r"\b9\d\d\d\b", " ".join(texts))))
    (box,) = (box for box in boxes.values() if box.get("text", "").startswith("route "))
    assert box["numoutlets"] == len(route) + 1


def test_pure_data():
    records = re.sub(r"\s*\n", " ", (PATCHES / "isobath.pd").read_text()).split("; ")
    records = [record.strip().rstrip(";") for record in records if record.strip()]
    assert records[0].startswith("#N canvas")
    objects = [each for each in records[1:] if not each.startswith("#X connect")]
    connections = [tuple(map(int, each.split()[2:])) for each in records if each.startswith("#X connect")]
    assert all(re.match(r"#X (obj|msg|text|floatatom) \d+ \d+ ", each) for each in objects)
    words = [each.split()[4:] for each in objects]
    outlets = {"route": lambda w: len(w), "unpack": lambda w: len(w) - 1, "t": lambda w: len(w) - 1}
    for source, outlet, destination, inlet in connections:
        name = words[source][0]
        assert outlet < outlets.get(name, lambda _: 2)(words[source])
        assert inlet < (2 if words[destination][0] == "pack" else 1)
        assert not objects[source].startswith("#X text")
        assert not objects[destination].startswith("#X text")
    routes = [each[1:] for each in words if each[0] == "route"]
    assert routes[0] == ["isobath"]
    said = {"/" + "/".join(each[1:]) for each in words if each[0] == "oscformat"}
    texts = " ".join(each for each in objects if not each.startswith("#X text"))
    checked({f"/isobath/{word}" for word in routes[1]}, said, set(re.findall(r"\b9\d\d\d\b", texts)))


@pytest.mark.skipif(shutil.which("pd") is None, reason="needs pd (puredata-core)")
def test_pure_data_itself_hears_and_says(tmp_path):
    text = (PATCHES / "isobath.pd").read_text()
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as hears,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as says,
    ):
        for each in (hears, free):
            each.bind(("127.0.0.1", 0))
        inside, outside = free.getsockname()[1], hears.getsockname()[1]
        free.close()
        hears.settimeout(20)
        text = text.replace("9000", str(inside)).replace("9001", str(outside))
        text = text.replace("empty empty x", "empty isobath-x x").replace(
            "empty empty y", "empty isobath-y y"
        )
        records = [each for each in text.split(";\n") if each.strip()]
        objects = [each for each in records[1:] if not each.startswith("#X connect")]
        connections = [each for each in records if each.startswith("#X connect")]
        (route,) = (i for i, each in enumerate(objects) if "route loudness" in each)
        for outlet, word in enumerate(objects[route].split()[5:]):
            connections.append(f"#X connect {route} {outlet} {len(objects)} 0")
            objects.append(f"#X obj 0 0 print {word}")
        at = len(objects)
        objects += [
            "#X obj 0 0 netreceive -u " + str(inside + 1 if inside < 65535 else inside - 1),
            "#X msg 0 0 \\; isobath-y 0.75 \\; isobath-x 0.25",
            "#X obj 0 0 bang",
        ]
        connections += [f"#X connect {at} 0 {at + 2} 0", f"#X connect {at + 2} 0 {at + 1} 0"]
        (tmp_path / "t.pd").write_text(";\n".join([records[0], *objects, *connections]) + ";\n")
        command = ["pd", "-nogui", "-noaudio", "-nomidi", "-stderr", str(tmp_path / "t.pd")]
        heard = msgspec.structs.replace(HEARD, onset=0.5, axes=(0.25, 0.5))
        pd = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        try:
            said = {}
            end = time.monotonic() + 20
            hears.settimeout(0.2)
            while len(said) < 2 and time.monotonic() < end:  # until it listens
                says.sendto(encode_heard(heard), ("127.0.0.1", inside))
                says.sendto(b"go;\n", ("127.0.0.1", inside + 1 if inside < 65535 else inside - 1))
                with suppress(TimeoutError):
                    for _ in range(2):
                        said |= {m.address: m.values for m in read_packet(hears.recv(65536))}
        finally:
            pd.terminate()
        printed = pd.communicate(timeout=20)[1]
    assert said == {"/isobath/axis/1": (0.25,), "/isobath/axis/2": (0.75,)}
    for line in ("loudness: 0.5", "brightness: 0.25", "onset: 0.5", "latent: -1.5 2 0.125", "axes: 0.25 0.5"):
        assert line in printed
    assert "bands: 0 0.03125" in printed


def test_supercollider():
    text = (PATCHES / "isobath.scd").read_text()
    code = re.sub(r"//.*", "", text)
    bare = re.sub(r"\"[^\"]*\"|'[^']*'", "0", code)
    open_ = []
    pairs = {")": "(", "]": "[", "}": "{"}
    for letter in bare:
        if letter in pairs.values():
            open_.append(letter)
        elif letter in pairs:
            assert open_.pop() == pairs[letter]
    assert open_ == []
    heard = set(re.findall(r"'(/isobath/\w+)', recvPort: 9000", code))
    said = set(re.findall(r"sendMsg\('([^']+)'", code))
    checked(heard, said, set(re.findall(r"\b9\d\d\d\b", code)))


@pytest.mark.skipif(shutil.which("sclang") is None, reason="needs sclang (supercollider-language)")
def test_supercollider_itself_can_read_it(tmp_path):
    script = tmp_path / "read.scd"
    script.write_text(
        f'(("READ" + thisProcess.interpreter.compile(File.readAllString("{PATCHES}/isobath.scd")).class)'
        ".postln; 0.exit;)"
    )
    here = {name: str(tmp_path) for name in ("HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME")}
    window = {"QT_QPA_PLATFORM": "offscreen", "QTWEBENGINE_DISABLE_SANDBOX": "1"}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ["sclang", "-u", str(port), str(script)]
    done = subprocess.run(
        command, env=os.environ | here | window, capture_output=True, text=True, timeout=60, check=False
    )
    assert "READ Function" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize("address", sorted(SENT))
def test_what_leaves_is_in_the_guide(address):
    assert f"`{address}`" in (ROOT / "docs" / "guide" / "drawing.md").read_text()


def test_the_guide_says_the_ports_of_the_patches():
    guide = (ROOT / "docs" / "guide" / "interop.md").read_text()
    assert "isobath play --osc 127.0.0.1:9000 --osc-in 9001" in guide
