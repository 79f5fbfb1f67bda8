"""The multiplier against its formulas, and that it locks onto the bound."""

import math

import pytest

from isobath.training_symbolic.multiplier import Multiplier


def test_geco_and_rewo_move_as_written():
    geco = Multiplier("geco", 0.02, 1.0, 0.1)
    geco.hear(0.05)
    assert geco.beta == pytest.approx(0.1 * math.exp(-0.03))
    above = Multiplier("rewo", 0.02, 1.0, 0.1)
    above.hear(0.05)
    assert above.beta == pytest.approx(0.1 * math.exp(-0.03))
    assert above.prior_rests
    below = Multiplier("rewo", 0.02, 1.0, 0.1)
    below.hear(0.01)
    assert below.beta == pytest.approx(0.1 * math.exp(math.tanh(0.1 - 1) * -0.01))
    assert not below.prior_rests


def test_fixed_stays():
    fixed = Multiplier("fixed", 0.02, 1.0, 0.2)
    fixed.hear(1.0)
    assert fixed.beta == 0.2


def test_the_relative_rule_locks_an_error_that_answers_to_it():
    multiplier = Multiplier("relative", 0.035, 0.02, 1e-3)
    error = 0.3
    for _ in range(3000):
        # a model that follows: its error settles where the weight of the prior puts it
        error += 0.5 * ((0.02 + 0.05 * multiplier.beta) - error)
        multiplier.hear(error)
    assert error == pytest.approx(0.035, rel=0.1)
    assert multiplier.beta == pytest.approx(0.3, rel=0.3)
