"""The bench's flood of OSC: that it floods, and that a gesture among it arrives."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import pytest

from isobath.outputs.stage.bench import probe_model, probe_piece
from isobath.server.stage_flood import Door, flooded


class Engine:
    """What of an engine a door needs."""

    def __init__(self) -> None:
        self.first: list[float] = []

    def gesture(self, values: list[float]) -> None:
        self.first.append(float(np.asarray(values)[0]))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="sendmmsg")
def test_a_gesture_comes_through_a_flood(tmp_path: Path) -> None:
    probe_model(tmp_path / "probe.safetensors", 64)
    engine = Engine()
    door = Door(engine, probe_piece(tmp_path / "probe.safetensors", 2))  # type: ignore[arg-type]
    try:
        with flooded(door, 5000.0) as stands:
            door.say(1.0)
            end = time.monotonic() + 10.0
            while (1.0 not in engine.first or door.packets < 2000) and time.monotonic() < end:
                time.sleep(0.01)
            found = stands()
    finally:
        door.close()
    assert 1.0 in engine.first
    assert found.wanted == 5000.0
    assert found.taken > 100.0
