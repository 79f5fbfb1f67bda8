"""The bench measures what it says."""

import time

import numpy as np
import pytest
from scipy.stats import spearmanr

from isobath.mapping import bench


def test_taking_turns_measures_each_ones_own_time():
    def busy():
        until = time.process_time() + 0.01
        while time.process_time() < until:
            pass

    slow, quick = bench.in_turn([busy, lambda: None], calls=3, warm=0)
    assert slow >= 0.01
    assert quick < 0.005


def test_ranks_correlate_as_scipy_says():
    rng = np.random.default_rng(0)
    a = rng.normal(size=50)
    b = a + rng.normal(size=50)
    assert bench.spearman(a, b) == pytest.approx(spearmanr(a, b)[0])


def test_a_goal_is_met_or_not():
    assert bench.below("x", 3.0, "ms", 4).met is True
    assert bench.below("x", 5.0, "ms", 4).met is False


def test_what_a_musician_hears_meets_its_goals():
    missed = [row for row in bench.character() if row.met is False]
    assert missed == []
