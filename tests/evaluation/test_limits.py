"""A model's limits are told from its figures, and only what was measured is told."""

import pytest

from isobath.evaluation.figures import Figures, figure
from isobath.evaluation.limits import UNLIKE, limits

GOOD: Figures = {
    "log_mel_distance": figure(1.5, "dB"),
    "loudness_error": figure(1.0, "dB"),
    "pitch_accuracy": figure(96.0, "% of 120 pitched frames within 50 cents"),
    "onset_f": figure(0.95, ""),
    "frechet_distance": figure(0.05, ""),
    "frechet_of_halves": figure(0.03, ""),
    "held_log_mel_distance": figure(2.0, "dB"),
    "hop_buzz": figure(0.01, ""),
    "movement_least": figure(5.0, "dB"),
    "silence": figure(-110.0, "dBFS RMS"),
}


def test_a_good_model_still_plays_only_what_it_knows() -> None:
    assert limits(GOOD) == [UNLIKE]
    assert limits({}) == []
    assert limits({"remark": "none", "sizes": {"1": 2.0}}) == []


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("log_mel_distance", 2.6, "no copy: what comes back is 2.6 dB"),
        ("log_mel_distance", 6.0, "Another sound comes back: 6.0 dB"),
        ("loudness_error", 2.56, "off by 2.6 dB"),
        ("pitch_accuracy", 51.0, "51 % of 120 pitched frames within 50 cents."),
        ("onset_f", 0.79, "F-measure 0.79"),
        ("frechet_distance", 0.18, "Fréchet distance 0.18, between halves of them 0.03"),
        ("held_log_mel_distance", 3.4, "3.4 dB away from the moment"),
        ("hop_buzz", 0.18, "buzzes: 18 %"),
        ("movement_least", 0.075, "next to nothing: 0.075 dB"),
        ("silence", -40.0, "not silent at rest: -40 dBFS"),
    ],
)
def test_what_is_weak_is_said(name: str, value: float, says: str) -> None:
    told = limits({**GOOD, name: figure(value, GOOD[name]["unit"])})
    assert len(told) == 2
    assert says in told[0]


def test_notes_are_held_against_what_can_be_found_in_the_source() -> None:
    labelled = {**GOOD, "notes_recovered": figure(60.0, "%"), "pitch_accuracy": figure(10.0, "%")}
    assert limits({**labelled, "notes_in_source": figure(65.0, "%")}) == [UNLIKE]
    assert (
        "60 % of notes, 95 % in the source" in limits({**labelled, "notes_in_source": figure(95.0, "%")})[0]
    )
