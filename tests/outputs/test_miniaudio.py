"""The stage on miniaudio, which stands in where PortAudio is missing."""

from __future__ import annotations

import time

import numpy as np
import pytest

from isobath.errors import AudioError
from isobath.outputs.stage import miniaudio
from isobath.outputs.stage.area import Area
from isobath.outputs.stage.devices import Asked

RATE, BLOCK = 48000, 256
pytestmark = pytest.mark.skipif(not miniaudio.is_there(), reason="pip install 'isobath[stage]'")


def test_a_device_takes_what_a_worker_wrote_until_it_is_closed() -> None:
    """A machine without a sound card has ALSA's null device, which takes everything at once."""
    if not miniaudio.devices():
        pytest.skip("miniaudio finds no device here")
    stage = Area.new(RATE, 128, BLOCK)
    stage.board.workers[0].pid, stage.board.wish = 1, 0
    stage.write(0, np.full((2, 4096), 0.3, np.float32))
    opened, close = miniaudio.open_device(stage, Asked(block=BLOCK))
    try:
        end = time.monotonic() + 20.0
        while stage.fill(0) and time.monotonic() < end:
            time.sleep(0.01)
    finally:
        close()
    frames = stage.board.frames
    assert stage.fill(0) == 0
    assert frames >= 4096
    assert (opened.backend, opened.rate, opened.outputs) == ("miniaudio", RATE, 2)
    time.sleep(0.1)
    assert stage.board.frames == frames


def test_a_device_that_is_not_there_is_told() -> None:
    with pytest.raises(AudioError, match="no such device as this"):
        miniaudio.open_device(Area.new(RATE, 128, BLOCK), Asked(device="no such device as this"))
