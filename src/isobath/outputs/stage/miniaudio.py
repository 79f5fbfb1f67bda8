"""miniaudio (https://miniaud.io) by the `miniaudio` package: sound where PortAudio is missing.

The package's own callbacks are Python; the device is opened through its interface to the C library, so that
the callback is the kernel's.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from typing import Any

from isobath.errors import AudioError
from isobath.outputs.stage.area import Area, callback_address
from isobath.outputs.stage.devices import Asked, Device, Opened, fitting

_KEPT: list[Any] = []
"""What must live as long as the device: nobody else holds it."""


def is_there() -> bool:
    """Whether the package is installed."""
    return importlib.util.find_spec("miniaudio") is not None


def devices() -> list[Device]:
    """Every device that can play, the system's default first."""
    module: Any = importlib.import_module("miniaudio")
    found = module.Devices()
    inputs = len(found.get_captures())
    return [
        Device(
            backend="miniaudio",
            name=each["name"],
            api=found.backend,
            number=number,
            inputs=2 if inputs else 0,
            default=number == 0,
        )
        for number, each in enumerate(found.get_playbacks())
    ]


def open_device(area: Area, asked: Asked) -> tuple[Opened, Callable[[], None]]:
    """Open a device and let the kernel's callback fill it from now on; how to close it. Raises AudioError."""
    module: Any = importlib.import_module("miniaudio")
    ffi, lib = module.ffi, module.lib
    chosen = fitting(devices(), asked)
    playback = module.Devices().get_playbacks()[chosen.number]["id"]
    inputs = min(asked.inputs, chosen.inputs)
    kind = lib.ma_device_type_duplex if inputs else lib.ma_device_type_playback
    rate = asked.rate or area.board.rate
    config = lib.ma_device_config_init(kind)
    config.sampleRate = rate
    config.periodSizeInFrames = asked.block
    config.playback.channels, config.playback.format = 2, lib.ma_format_f32
    config.playback.pDeviceID = playback
    if inputs:
        config.capture.channels, config.capture.format = inputs, lib.ma_format_f32
    config.dataCallback = ffi.cast(ffi.typeof(config.dataCallback), callback_address("miniaudio"))
    area.library.ib_stage_for_miniaudio(area.at)
    resampling = area.open(rate, inputs, 2)
    device = ffi.new("ma_device *")
    _KEPT.extend((config, device, playback))
    code = lib.ma_device_init(ffi.NULL, ffi.addressof(config), device)
    code = code if code != lib.MA_SUCCESS else lib.ma_device_start(device)
    if code != lib.MA_SUCCESS:
        raise AudioError(f"The sound device {chosen.title} did not open (miniaudio says {code}).")
    opened = Opened(chosen.title, "miniaudio", rate, asked.block, inputs, 2, resampling)
    return opened, lambda: lib.ma_device_uninit(device)
