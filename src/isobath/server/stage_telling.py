"""What the stage's device is given, told to other programs and instruments 30 times a second, as a page tells
what it plays itself: loudness, brightness, onsets, bands, the first voice's latent, the axes."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np

from isobath.outputs.outlet import Outlet
from isobath.protocol.messages import Heard
from isobath.sound.descriptors import SIZE, SNAPSHOTS_A_SECOND, Descriptors, Listening

if TYPE_CHECKING:
    from isobath.outputs.stage.engine import StageEngine


class StageTeller:
    """Tells an outlet what the newest stage plays, until `end`."""

    def __init__(self, outlet: Outlet) -> None:
        self._outlet = outlet
        self._engine: StageEngine | None = None
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    def follow(self, engine: StageEngine) -> None:
        """This one plays from now on."""
        self._engine = engine
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="isobath-stage-telling", daemon=True)
            self._thread.start()

    def end(self) -> None:
        """Tell no more. The outlet stays open."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        engine, listening, descriptors = None, Listening(), Descriptors(1)
        while not self._ending.wait(1 / SNAPSHOTS_A_SECOND):
            now = self._engine
            if now is None or now.area.ended:
                continue
            if now is not engine:
                engine, listening = now, Listening()
                descriptors = Descriptors(int(now.area.board.rate))
            sound, _ = now.area.heard(max(0, int(now.area.board.heard) - SIZE), SIZE)
            self._outlet.send(_told(now, descriptors, listening.hear(sound)))


def _told(engine: StageEngine, descriptors: Descriptors, spectrum: np.ndarray) -> Heard:
    latents = engine.latents()
    latent = latents[0][: engine.dims].astype(np.float64) if latents else np.zeros(0)
    found = descriptors.hear(spectrum, latent)
    held = engine.area.held()
    return Heard(
        loudness=found.loudness,
        brightness=found.brightness,
        onset=found.onset,
        bands=tuple(found.bands.tolist()),
        latent=tuple(float(x) for x in found.latent),
        axes=() if held is None else tuple(held[0][:64].tolist()),
    )
