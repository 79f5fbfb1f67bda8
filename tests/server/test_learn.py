"""What the server learns from, and what it refuses to."""

import numpy as np
import pytest

from isobath.protocol.messages import Fit, FitFailed, Fitted
from isobath.protocol.piece import Demonstration, MappingSettings
from isobath.server.learn import learn


def fit(*pairs, axes=2, dims=1):
    shown = tuple(
        Demonstration(id=str(i), point=point, latent=latent) for i, (point, latent) in enumerate(pairs)
    )
    return learn(Fit(request=5, axes=axes, dims=dims, settings=MappingSettings(), demonstrations=shown))


def test_demonstrations_become_a_mapping():
    answer = fit(((0.0, 0.0), (1.0,)), ((1.0, 1.0), (2.0,)))
    assert isinstance(answer, Fitted)
    assert np.max(answer.errors) < 1e-3


@pytest.mark.parametrize(
    ("pairs", "says"),
    [
        ([], "nothing to learn"),
        ([((0.1, float("nan")), (0.0,))], "not a number"),
        ([((0.1,), (0.0,))], "has 1 axes"),
        ([((0.1, 0.1), (0.0, 1.0))], "has 2 latent dimensions"),
        ([((1e308, 1e308), (1e308,)), ((0.0, 1.0), (-1e308,))], "beyond anything that can be played"),
    ],
)
def test_what_cannot_be_learned_from_is_answered_with_a_sentence(pairs, says):
    answer = fit(*pairs)
    assert isinstance(answer, FitFailed)
    assert says in answer.sentence
