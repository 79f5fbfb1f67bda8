"""`isobath stage`: on a clock instead of a device, with everything that leaves it."""

import json
import socket
import time
from types import SimpleNamespace

import msgspec
import soundfile

from isobath.cli.stage import _let_in
from isobath.inputs.osc.packets import AT_ONCE, Message
from isobath.protocol.piece import Piece, Scene, Voice
from isobath.server.controllers import Controllers


def test_what_the_stage_plays_is_recorded_and_told(run, tmp_path):
    path = tmp_path / "stage.flac"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        other.settimeout(5.0)
        port = other.getsockname()[1]
        told = run(
            *("stage", "Drifting", "--device", "null", "--no-spare", "--midi", "off", "--seconds", "1"),
            *("--record", path, "--osc", f"127.0.0.1:{port}", "--json"),
        )
        assert told.exit_code == 0, told.stderr
        assert other.recv(65536).startswith(b"#bundle")
    assert f"Recorded: {path}" in told.stderr
    status = json.loads(told.stdout)
    assert status["rate"] == soundfile.info(path).samplerate
    assert 0.3 < soundfile.info(path).duration < 30.0


def test_without_a_page_a_pedal_goes_on_freezes_fades_and_silences():
    did = []
    engine = SimpleNamespace(
        status=SimpleNamespace(frozen=False, faded=True),
        panic_or_begin=lambda: did.append("panic"),
        freeze=lambda on: did.append(("freeze", on)),
        fade=lambda to, _: did.append(("fade", to)),
        set_piece=lambda piece: did.append((piece.scene, piece.voices)),
    )
    voice = Voice(id="v", model="guitar")
    first, second = (Scene(id=id, name=id, voices=voices) for id, voices in (("a", (voice,)), ("b", ())))
    piece = Piece(id="p", name="p", axes=(), voices=(), scenes=(first, second))
    controllers = Controllers()
    _let_in(controllers, engine, piece)
    try:
        for action in ("freeze", "fade", "panic", "previous", "next", "next", "next", "previous"):
            controllers.hub.osc(Message(f"/isobath/{action}", (1.0,), AT_ONCE))
        end = time.monotonic() + 10.0
        while len(did) < 6 and time.monotonic() < end:
            time.sleep(0.01)
    finally:
        controllers.close()
    assert did[:3] == [("freeze", True), ("fade", 1.0), "panic"]
    muted = msgspec.structs.replace(voice, muted=True)
    assert did[3:] == [("a", (voice,)), ("b", (muted,)), ("a", (voice,))]


def test_a_file_of_sound_is_no_device(run, tmp_path):
    told = run(
        "stage", "Drifting", "--device", f"file:{tmp_path / 'a.wav'}", "--seconds", "1", "--clock-out", "x"
    )
    assert told.exit_code != 0
    assert "need a device" in told.stderr
