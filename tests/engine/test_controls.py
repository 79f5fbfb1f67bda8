import dataclasses

import pytest

from isobath.engine.controls import Controls, VoiceControls
from isobath.protocol.piece import Master

from .pieces import piece, voice


def test_a_snapshot_says_what_the_piece_says() -> None:
    made = piece(voice(gain_db=-6.0, pan=0.5), voice(muted=True), master=Master(gain_db=3.0))
    controls = Controls.of(made)
    assert [each.gain for each in controls.voices] == [pytest.approx(0.501, abs=1e-3), 0.0]
    assert controls.voices[0].pan == 0.5
    assert controls.voices[0].shaping is made.voices[0].shaping
    assert controls.master.gain_db == 3.0


def test_a_snapshot_cannot_change_under_the_player() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        VoiceControls().gain_db = 3.0  # type: ignore[misc]
