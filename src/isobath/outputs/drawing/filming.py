"""Marks onto a picture, pictures into a film: Pillow draws, PyAV (FFmpeg's libraries) writes.

Both are in the extra `draw`. The picture is drawn at twice its size and made smaller, so lines are
smooth. The film is MPEG-4 Part 2 or H.264, whichever the installed libraries can write, with AAC.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from isobath.errors import SaveError, UsageError
from isobath.outputs.drawing.scenes import Colour, Mark
from isobath.types import Audio

if TYPE_CHECKING:
    from PIL.Image import Image

Palette = dict[Colour, tuple[int, int, int]]
PALETTES: dict[str, Palette] = {
    "light": {"paper": (243, 241, 233), "ink": (19, 38, 46), "water": (227, 236, 236),
              "mark": (166, 17, 93), "deep": (75, 122, 136)},
    "dark": {"paper": (13, 23, 28), "ink": (226, 235, 234), "water": (16, 33, 42),
             "mark": (255, 128, 185), "deep": (111, 163, 184)},
}  # fmt: skip
"""The page's colours by day and by night."""
_FINER = 2
_CODECS = ("libx264", "libopenh264", "mpeg4")


def _needs(what: str) -> Any:
    """A library of the extra `draw`."""
    import importlib

    try:
        return importlib.import_module(what)
    except ImportError as error:
        raise UsageError("Drawing needs two more libraries: pip install 'isobath[draw]'") from error


def picture(marks: Iterable[Mark], palette: Palette, width: int, height: int) -> Image:
    """Draw marks; sizes in pixels."""
    image_module, draw_module = _needs("PIL.Image"), _needs("PIL.ImageDraw")
    size = (width * _FINER, height * _FINER)
    image = image_module.new("RGB", size, palette["paper"])
    canvas = draw_module.Draw(image, "RGBA")
    half, middle = size[1] / 2, np.array([size[0] / 2, size[1] / 2])
    for mark in marks:
        points = [tuple(p) for p in (middle + mark.points * half).tolist()]
        alpha = round(255 * min(1.0, max(0.0, mark.alpha)))
        if mark.fill is not None:
            canvas.polygon(points, fill=(*palette[mark.fill], alpha))
        if mark.line is not None:
            around = [*points, points[0], points[1]] if mark.closed else points
            thick = max(1, round(mark.width * half))
            canvas.line(around, fill=(*palette[mark.line], alpha), width=thick, joint="curve")
    made: Image = image.resize((width, height), image_module.Resampling.BOX)
    return made


class Film:
    """A film being written: pictures and sound, whole or not at all. Use it in a `with`."""

    def __init__(
        self, path: Path, width: int, height: int, fps: int, sample_rate: int, channels: int
    ) -> None:
        if width % 2 or height % 2:
            raise UsageError(f"A film's sides are even numbers of pixels; {width} x {height} are not.")
        self._av = _needs("av")
        self.path, self._partial = path, path.with_name(path.stem + ".partial" + path.suffix)
        self._fps, self._rate, self._frames, self._samples = fps, sample_rate, 0, 0
        try:
            self._container = self._av.open(str(self._partial), "w")
            self._video = self._stream(width, height, fps)
            self._audio = self._container.add_stream("aac", rate=sample_rate)
            self._audio.layout = "mono" if channels == 1 else "stereo"
        except (OSError, ValueError, self._av.error.FFmpegError) as error:
            self._partial.unlink(missing_ok=True)
            raise SaveError(
                f"{path} cannot be written as a film ({error}). Give a name that ends in .mp4."
            ) from error

    def _stream(self, width: int, height: int, fps: int) -> Any:
        for codec in _CODECS:
            try:
                stream = self._container.add_stream(codec, rate=fps)
            except (ValueError, self._av.error.FFmpegError):
                continue
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            stream.bit_rate = 8 * width * height
            return stream
        raise SaveError("The installed FFmpeg libraries write no film that players open. Update PyAV.")

    def show(self, image: Image) -> None:
        """The next picture."""
        frame = self._av.VideoFrame.from_image(image)
        frame.pts, frame.time_base = self._frames, Fraction(1, self._fps)
        self._frames += 1
        self._container.mux(self._video.encode(frame))

    def sound(self, audio: Audio) -> None:
        """The next sound, (channels, samples)."""
        layout = "mono" if audio.shape[0] == 1 else "stereo"
        planar = np.ascontiguousarray(audio[:2], dtype=np.float32)
        frame = self._av.AudioFrame.from_ndarray(planar, format="fltp", layout=layout)
        frame.sample_rate, frame.pts, frame.time_base = self._rate, self._samples, Fraction(1, self._rate)
        self._samples += audio.shape[1]
        self._container.mux(self._audio.encode(frame))

    def __enter__(self) -> Film:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self._container.mux(self._video.encode(None))
                self._container.mux(self._audio.encode(None))
            self._container.close()
            if kind is None:
                self._partial.replace(self.path)
        except OSError as error:
            raise SaveError(
                f"{self.path} could not be written ({error.strerror}). Make room for it."
            ) from error
        finally:
            self._partial.unlink(missing_ok=True)
