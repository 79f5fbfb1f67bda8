"""PortAudio by its C interface (https://portaudio.com/docs/v19-doxydocs/): devices, and a stream whose
callback is the kernel's. The library is the system's, or the one that `sounddevice` brings along.

Calls here may hang when a device is lost, so they are made in the audio host only.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import importlib.util
import sys
from ctypes import POINTER, Structure, c_char_p, c_double, c_int, c_ulong, c_void_p
from pathlib import Path
from typing import Any

from isobath.errors import AudioError
from isobath.outputs.stage.area import RING, Area, callback_address
from isobath.outputs.stage.devices import Asked, Device, Opened, fitting

_FLOATS = 1
_JACK = 12
_CLIP_OFF = 1


class _DeviceInfo(Structure):
    _fields_ = [
        ("version", c_int),
        ("name", c_char_p),
        ("api", c_int),
        ("inputs", c_int),
        ("outputs", c_int),
        ("low_input", c_double),
        ("low_output", c_double),
        ("high_input", c_double),
        ("high_output", c_double),
        ("rate", c_double),
    ]


class _ApiInfo(Structure):
    _fields_ = [
        ("version", c_int),
        ("type", c_int),
        ("name", c_char_p),
        ("devices", c_int),
        ("input", c_int),
        ("output", c_int),
    ]


class _Parameters(Structure):
    _fields_ = [
        ("device", c_int),
        ("channels", c_int),
        ("format", c_ulong),
        ("latency", c_double),
        ("more", c_void_p),
    ]


class _StreamInfo(Structure):
    _fields_ = [("version", c_int), ("input", c_double), ("output", c_double), ("rate", c_double)]


def find_library() -> str | None:
    """The PortAudio of this machine, or None."""
    system = ctypes.util.find_library("portaudio") or ctypes.util.find_library("libportaudio")
    if system is not None:
        return system
    if sys.platform.startswith("linux"):  # find_library needs a compiler or ldconfig
        for name in ("libportaudio.so.2", "libportaudio.so"):
            try:
                ctypes.CDLL(name)
            except OSError:
                continue
            return name
    spec = importlib.util.find_spec("_sounddevice_data")
    for folder in (spec.submodule_search_locations or []) if spec is not None else []:
        ending = {"darwin": "libportaudio.dylib", "win32": "libportaudio64bit.dll"}.get(sys.platform)
        found = Path(folder) / "portaudio-binaries" / (ending or "none")
        if found.is_file():
            return str(found)
    return None


class PortAudio:
    """The library, started."""

    def __init__(self) -> None:
        """Raises AudioError where there is none."""
        name = find_library()
        if name is None:
            raise AudioError(
                "PortAudio is not installed here. On Debian: apt install libportaudio2; elsewhere: "
                "pip install 'isobath[stage]'"
            )
        self._library = ctypes.CDLL(name)
        self._stream = c_void_p()
        self._declare()
        if hasattr(self._library, "PaJack_SetClientName"):
            self._library.PaJack_SetClientName(b"isobath")
        self._checked(self._library.Pa_Initialize(), "start")

    def _declare(self) -> None:
        p, i = c_void_p, c_int
        declared: tuple[tuple[str, Any, list[Any]], ...] = (
            ("GetErrorText", c_char_p, [i]),
            ("GetDeviceInfo", POINTER(_DeviceInfo), [i]),
            ("GetHostApiInfo", POINTER(_ApiInfo), [i]),
            ("IsFormatSupported", i, [p, p, c_double]),
            ("OpenStream", i, [p, p, p, c_double, c_ulong, c_ulong, p, p]),
            ("StartStream", i, [p]),
            ("AbortStream", i, [p]),
            ("CloseStream", i, [p]),
            ("GetStreamInfo", POINTER(_StreamInfo), [p]),
        )
        for name, result, arguments in declared:
            function = getattr(self._library, f"Pa_{name}")
            function.restype, function.argtypes = result, arguments

    def _checked(self, code: int, what: str) -> int:
        if code < 0:
            told = self._library.Pa_GetErrorText(code).decode("utf-8", "replace")
            raise AudioError(f"The sound device did not {what}: {told}. Choose another with --device.")
        return code

    def devices(self) -> list[Device]:
        """Every device that can play, JACK's first, then the system's default."""
        count = self._checked(self._library.Pa_GetDeviceCount(), "answer")
        first = self._library.Pa_GetDefaultOutputDevice()
        found = [self._device(number, first) for number in range(count)]
        return sorted((each for each in found if each.outputs), key=lambda each: not each.default)

    def _device(self, number: int, first: int) -> Device:
        info = self._library.Pa_GetDeviceInfo(number).contents
        api = self._library.Pa_GetHostApiInfo(info.api).contents
        best = api.output == number if api.type == _JACK else first == number and not self._has_jack()
        return Device(
            backend="portaudio",
            name=info.name.decode("utf-8", "replace"),
            api="JACK" if api.type == _JACK else api.name.decode("utf-8", "replace"),
            number=number,
            inputs=info.inputs,
            outputs=info.outputs,
            rate=int(info.rate),
            default=best,
        )

    def _has_jack(self) -> bool:
        for number in range(self._library.Pa_GetHostApiCount()):
            api = self._library.Pa_GetHostApiInfo(number).contents
            if api.type == _JACK and api.output >= 0:
                return True
        return False

    def open(self, area: Area, asked: Asked) -> Opened:
        """Open a device and let the kernel's callback fill it from now on. Raises AudioError."""
        device = fitting(self.devices(), asked)
        info = self._library.Pa_GetDeviceInfo(device.number).contents
        jack = device.api == "JACK"
        outputs, inputs = min(2, device.outputs), min(asked.inputs, device.inputs)
        play = _Parameters(device.number, outputs, _FLOATS, info.low_output, None)
        hear = _Parameters(device.number, inputs, _FLOATS, info.low_input, None) if inputs else None
        rate = device.rate if jack else self._rate(hear, play, asked.rate or area.board.rate, device.rate)
        resampling = area.open(rate, inputs, outputs)
        if jack:  # its period, as far as it says; what really comes is seen from then on
            period = int(info.low_output * area.board.rate)
            area.board.block = min(max(area.board.block, period), RING // 4)
        stream = self._stream
        opened = self._library.Pa_OpenStream(
            ctypes.byref(stream),
            None if hear is None else ctypes.byref(hear),
            ctypes.byref(play),
            float(rate),
            0 if jack else asked.block,
            _CLIP_OFF,
            callback_address("portaudio"),
            area.at,
        )
        self._checked(opened, "open")
        self._checked(self._library.Pa_StartStream(stream), "start")
        told = self._library.Pa_GetStreamInfo(stream).contents
        # PortAudio's JACK reports nonsense under PipeWire (89,478 s): then nothing is said
        delay = told.output if 0.0 <= told.output < 5.0 else 0.0
        return Opened(device.title, device.backend, rate, asked.block, inputs, outputs, resampling + delay)

    def close(self) -> None:
        """Close the stream; hangs where the device is lost."""
        self._library.Pa_AbortStream(self._stream)
        self._library.Pa_CloseStream(self._stream)

    def _rate(self, hear: _Parameters | None, play: _Parameters, wished: int, usual: int) -> int:
        given = None if hear is None else ctypes.byref(hear)
        supported = self._library.Pa_IsFormatSupported(given, ctypes.byref(play), float(wished)) == 0
        return wished if supported else usual
