"""What a rehearsal finds in a small piece with a loud corner."""

import msgspec
import numpy as np

from isobath.engine.rehearsing import Rehearsal, rehearse, report, steepest, with_safety
from isobath.protocol.piece import Voice

from .test_foresight import HUMMER, loud_corner


def test_a_rehearsal_names_the_loud_places_and_what_stands_before_them() -> None:
    told: list[float] = []
    found = rehearse(loud_corner(), lambda _: HUMMER, places=2, progress=told.append)
    assert told[-1] == 1.0
    worst = found.loudest[0]
    assert worst.point[0] > 0.9
    assert worst.near == "quiet"
    assert worst.over_lu > 10
    limiter, guard, whole = (each.rise_lu for each in worst.jump)
    assert limiter > guard + 3 > whole + 3
    assert worst.jump[1].guard_db < -3
    assert found.steps[0].lu > 0.5
    assert found.takes[0].name == "sweep"
    assert found.takes[0].point[0] == 1.0
    assert found.takes[0].played[0].rise_lu > found.takes[0].played[2].rise_lu
    assert msgspec.json.decode(msgspec.json.encode(found), type=Rehearsal) == found


def test_the_report_is_a_table_that_can_be_read() -> None:
    piece = loud_corner()
    silent = msgspec.structs.replace(piece, voices=(*piece.voices, Voice(id="w", model="hummer")), takes=())
    text = report(rehearse(silent, lambda _: HUMMER, places=1, takes=False))
    assert text.startswith("# Rehearsal of a test")
    assert "along 100" in text
    assert "hummer has no safety map" in text
    rows = [line.count("|") for line in text.splitlines() if line.startswith("|")]
    assert set(rows) <= {5, 8, 11}


def test_what_was_measured_before_is_kept() -> None:
    piece = with_safety(loud_corner(), lambda _: HUMMER)
    assert piece.voices[0].safety is not None
    assert with_safety(piece, lambda _: HUMMER) is piece


def test_the_steepest_rise_counts_from_what_may_sound_at_once() -> None:
    levels = np.concatenate([np.full(150, -60.0), np.full(150, -20.0), np.full(50, -10.0)])
    assert steepest(levels) == (10.0, 300)
    assert steepest(levels, 340) == (10.0, 340)
