"""The browser's build of the player against the native one: the same piece, the same samples."""

import ctypes
import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from isobath.engine.controls import Controls, VoiceControls
from isobath.engine.player import Player
from isobath.protocol.piece import Master, Shaping

from .loudspeaker import RATE, Sound, whistle

WASM = Path(__file__).parents[2] / "kernel" / "wasm"
NODE = shutil.which("node")
FRAMES = 400
MODELS = (whistle(loudness=2.0), whistle(channels=2, seed=1))
VOICES = (
    VoiceControls(
        Shaping(drift=1.0, drift_seconds=0.1, noise=(0.2,) * 4, smoothing_seconds=0.01, scale=(1.5,) * 4),
        gain_db=6.0, pan=-0.3,
    ),
    VoiceControls(Shaping(held=(1.0, 0.5), hold=(2.0, -1.0), clamp=0.5), pan=0.8),
)  # fmt: skip
MASTER = Master(gain_db=3.0)
LATENTS = np.random.default_rng(6).standard_normal((2, FRAMES, 4)).astype(np.float32) * 2
BLOCKS = [128] * (FRAMES * 64 // 128)


def native() -> tuple[Sound, list[list[float]]]:
    """What the native player makes, and the shaping it was given, as floats."""
    player = Player(RATE)
    for slot, model in enumerate(MODELS):
        player.put(slot, model)
    player.set(Controls(VOICES, MASTER))
    floats = [
        list(
            (ctypes.c_float * 646).from_buffer_copy(
                player._library.ib_player_shaping(player._at, slot).contents
            )
        )
        for slot in range(2)
    ]
    player.reset(3)
    parts = []
    for frame in range(FRAMES):
        for slot in range(2):
            player.incoming(slot, LATENTS[slot, frame])
        parts.append(player.render(64))
    return np.concatenate(parts, axis=1), floats


@pytest.mark.skipif(NODE is None, reason="Node is not installed: the browser's kernel cannot be run here")
@pytest.mark.parametrize("build", ["isobath.simd.wasm", "isobath.relaxed.wasm"])
def test_the_browser_plays_the_same_samples(build: str, tmp_path: Path) -> None:
    here, shaping = native()
    script = {
        "rate": RATE, "seed": 3, "gain": 10 ** (MASTER.gain_db / 20),
        "ceiling": MASTER.ceiling_db, "guard": MASTER.guard_db, "blocks": BLOCKS,
        "voices": [{"shaping": shaping[slot], "latents": LATENTS[slot].tolist()} for slot in range(2)],
    }  # fmt: skip
    (tmp_path / "script.json").write_text(json.dumps(script))
    for slot, model in enumerate(MODELS):
        (tmp_path / f"{slot}.blob").write_bytes(model.blob(encoder=False))
    command = [
        NODE or "node", str(Path(__file__).parent / "play_wasm.mjs"), str(WASM / build),
        str(tmp_path / "script.json"), str(tmp_path / "0.blob"), str(tmp_path / "1.blob"),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    if b"CompileError" in done.stderr and "relaxed" in build:
        pytest.skip("This Node does not know relaxed SIMD")
    assert done.returncode == 0, done.stderr.decode()
    there = np.frombuffer(done.stdout, np.float32).reshape(-1, 2, 128).transpose(1, 0, 2).reshape(2, -1)
    assert here.std() > 0.05
    np.testing.assert_allclose(there, here, atol=1e-5 if "simd" in build else 1e-4)
