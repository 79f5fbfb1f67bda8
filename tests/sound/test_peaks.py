import numpy as np
import pytest

from isobath.sound.peaks import true_peak, true_peak_db


def test_a_peak_between_samples_is_found() -> None:
    """A sine at a quarter of the rate, 45 degrees: samples at -3 dB, the wave at 0 dB."""
    samples = np.sin(np.pi / 2 * np.arange(4000) + np.pi / 4) * np.hanning(4000)
    assert 20 * np.log10(np.abs(samples).max()) == pytest.approx(-3.01, abs=0.01)
    assert true_peak_db(samples, 4) == pytest.approx(0.0, abs=0.05)
    assert true_peak_db(samples, 16) == pytest.approx(0.0, abs=0.05)


@pytest.mark.parametrize("hz", [50, 997, 5000, 15000, 21000])
def test_a_sine_reads_its_own_height(hz: float) -> None:
    samples = 0.7 * np.sin(2 * np.pi * hz / 48000 * np.arange(9600) + 0.3) * np.hanning(9600) ** 0.1
    assert true_peak(samples, 16) == pytest.approx(0.7, rel=0.02)


def test_the_loudest_side_counts() -> None:
    sides = np.zeros((2, 100))
    sides[1, 50] = -0.8
    assert true_peak(sides) == pytest.approx(0.8)


def test_silence_and_nothing_have_no_peak() -> None:
    assert true_peak(np.zeros((2, 100))) == 0
    assert true_peak(np.zeros((2, 0))) == 0
    assert true_peak_db(np.zeros((1, 10))) == -120
