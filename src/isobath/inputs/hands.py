"""Hands in front of a camera, as values with names: by MediaPipe's landmarks, or by the colour that is worn.

    tracker = ColourTracker([(200, 30, 30)])
    tracker(frame)          # {"first x": 0.31, "first y": 0.78, "first size": 0.12}

x and y are 0..1 as in a mirror: left, and down, are 0. A hand that is not seen says nothing.
"""

from __future__ import annotations

import math
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isobath.errors import UsageError

Frame = NDArray[np.uint8]
"""(rows, columns, 3), red, green, blue."""

Tracker = Callable[[Frame], dict[str, float]]

MISSING = "Hands are found by MediaPipe and OpenCV. Get them with: pip install 'isobath[hands]'"
MODEL = (
    "https://storage.googleapis.com/mediapipe-models/hand_landmarker/hand_landmarker/float16/1/"
    "hand_landmarker.task"
)
"""Where MediaPipe's pages have its model of hands for download, as of 2026-11."""
ORDINALS = ("first", "second")
_THINNED = 160
"""Columns that colours are looked for in."""
_LIKE = 0.93
"""Cosine from which on a colour is the one that is looked for, grey taken off."""
_VIVID = 0.12
"""Least distance from grey, 0..1."""
_FEWEST = 0.0004
"""Share of the picture that is a hand and no speck."""


class ColourTracker:
    """A glove, a ball or a lamp in each hand: the middle of everything of its colour."""

    def __init__(self, colours: Sequence[tuple[int, int, int]]) -> None:
        """colours: red, green, blue, 0..255; one or two, neither of them grey."""
        self._wanted = []
        for colour in colours[: len(ORDINALS)]:
            tone = np.array(colour, dtype=np.float32) / 255
            tone -= tone.mean()
            if np.linalg.norm(tone) < _VIVID:
                named = "".join(f"{part:02x}" for part in colour)
                raise UsageError(f"#{named} is too grey to be told from the room. Wear something vivid.")
            self._wanted.append(tone / np.linalg.norm(tone))

    def __call__(self, frame: Frame) -> dict[str, float]:
        """Values of a picture."""
        step = max(1, frame.shape[1] // _THINNED)
        tones = frame[::step, ::step].astype(np.float32) / 255
        tones -= tones.mean(axis=2, keepdims=True)
        vivid = np.linalg.norm(tones, axis=2)
        found: dict[str, float] = {}
        for name, wanted in zip(ORDINALS, self._wanted, strict=False):
            like = (tones @ wanted >= _LIKE * vivid) & (vivid >= _VIVID)
            share = float(like.mean())
            if share < _FEWEST:
                continue
            rows, columns = np.nonzero(like)
            found[f"{name} x"] = 1.0 - (float(columns.mean()) + 0.5) / like.shape[1]
            found[f"{name} y"] = 1.0 - (float(rows.mean()) + 0.5) / like.shape[0]
            found[f"{name} size"] = min(1.0, math.sqrt(share) * 2)
        return found


class LandmarkTracker:
    """MediaPipe's 21 points of each hand, as place, pinch, openness and turn."""

    def __init__(self, model: Path | None = None, detect: Callable[[Frame], Any] | None = None) -> None:
        """model: a `hand_landmarker.task` of MediaPipe; None the networks that are in its package.
        detect: instead of both.

        Raises UsageError where MediaPipe or the model is missing.
        """
        self._detect = detect or (_packaged() if model is None else _mediapipe(model))

    def __call__(self, frame: Frame) -> dict[str, float]:
        """Values of a picture."""
        result = self._detect(frame)
        found: dict[str, float] = {}
        for points, sides in zip(result.hand_landmarks, result.handedness, strict=False):
            side = str(sides[0].category_name).lower() if sides else ""
            if side in {"left", "right"} and len(points) == 21:
                places = np.array([(each.x, each.y, each.z) for each in points], dtype=np.float64)
                if np.isfinite(places).all():
                    found |= {f"{side} {name}": value for name, value in told_of(places).items()}
        return found


WRIST, THUMB, INDEX_ROOT, INDEX, MIDDLE_ROOT, LITTLE_ROOT = 0, 4, 5, 8, 9, 17
FINGERTIPS = (8, 12, 16, 20)


def told_of(places: NDArray[np.float64]) -> dict[str, float]:
    """Of the 21 points of a hand (x to the right, y down, shares of the picture): 0..1 each.

    pinch: thumb and index apart, 0 together; open: 0 a fist; turn: 0.5 upright, less to the left.
    """
    palm = places[[WRIST, INDEX_ROOT, LITTLE_ROOT]].mean(axis=0)
    size = max(float(np.linalg.norm(places[MIDDLE_ROOT] - places[WRIST])), 1e-6)
    tips = float(np.linalg.norm(places[list(FINGERTIPS)] - palm, axis=1).mean())
    pinch = float(np.linalg.norm(places[THUMB] - places[INDEX]))
    along = places[MIDDLE_ROOT] - places[WRIST]
    told = {
        "x": 1.0 - float(palm[0]),
        "y": 1.0 - float(palm[1]),
        "pinch": pinch / (1.2 * size),
        "open": (tips / size - 0.6) / 1.0,
        "turn": 0.5 - math.atan2(float(along[0]), -float(along[1])) / math.pi,
    }
    return {name: min(1.0, max(0.0, value)) for name, value in told.items()}


def _packaged() -> Callable[[Frame], Any]:
    """Finds the landmarks of up to two hands, frame after frame, with what MediaPipe brings itself."""
    try:
        from mediapipe.python.solutions.hands import Hands
    except ImportError as error:
        raise UsageError(MISSING) from error
    finder = Hands(max_num_hands=2)

    def detect(frame: Frame) -> Any:
        found = finder.process(np.ascontiguousarray(frame))
        sides = [
            [SimpleNamespace(category_name=each.label) for each in side.classification]
            for side in found.multi_handedness or ()
        ]
        points = [hand.landmark for hand in found.multi_hand_landmarks or ()]
        return SimpleNamespace(hand_landmarks=points, handedness=sides)

    return detect


def _mediapipe(model: Path) -> Callable[[Frame], Any]:
    """Finds the landmarks of up to two hands, frame after frame."""
    if not model.is_file():
        raise UsageError(
            f"{model} is not there. It is MediaPipe's hand_landmarker.task, to be had from {MODEL}; without "
            "--model, the networks in MediaPipe's package are used."
        )
    if not zipfile.is_zipfile(model):
        raise UsageError(f"{model} is not MediaPipe's model of hands. Get that from {MODEL}.")
    try:
        import mediapipe
        from mediapipe.tasks.python import BaseOptions, vision
    except ImportError as error:
        raise UsageError(MISSING) from error
    options = vision.HandLandmarkerOptions(
        base_options=BaseOptions(model_asset_path=str(model)),
        running_mode=vision.RunningMode.VIDEO,
        num_hands=2,
    )
    try:
        landmarker = vision.HandLandmarker.create_from_options(options)
    except (RuntimeError, ValueError, OSError) as error:
        why = str(error).strip().partition("\n")[0][:200]
        raise UsageError(
            f"{model} is no model of hands to MediaPipe ({why}). Get it from {MODEL}."
        ) from error
    at = 0

    def detect(frame: Frame) -> Any:
        nonlocal at
        at += 33
        image = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=np.ascontiguousarray(frame))
        return landmarker.detect_for_video(image, at)

    return detect


def frames_of(source: str) -> Iterator[Frame]:
    """Pictures of a camera, by its number, or of a film. Raises UsageError where it cannot be opened."""
    try:
        import cv2
    except ImportError as error:
        if Path(source).is_file():
            yield from _frames_of_film(Path(source))
            return
        raise UsageError(MISSING) from error
    capture = cv2.VideoCapture(int(source) if source.isdigit() else source)
    if not capture.isOpened():
        raise UsageError(f"Camera {source} cannot be opened. Is it plugged in, and used by nothing else?")
    try:
        while True:
            read, picture = capture.read()
            if not read:
                return
            yield picture[:, :, ::-1]
    finally:
        capture.release()


def _frames_of_film(path: Path) -> Iterator[Frame]:
    try:
        import av
    except ImportError as error:
        raise UsageError(MISSING) from error
    try:
        with av.open(str(path)) as film:
            for picture in film.decode(video=0):
                yield picture.to_ndarray(format="rgb24").astype(np.uint8, copy=False)
    except (av.FFmpegError, IndexError) as error:
        raise UsageError(f"{path.name} is no film that can be read ({error}).") from error
