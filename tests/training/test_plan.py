"""Shapes whose rates meet can be built; others are refused."""

from dataclasses import replace

import pytest

from isobath.errors import UsageError
from isobath.training import plan
from isobath.training.autoencoder import Model
from isobath.training.settings import SHAPES

from .small import SHAPE


def test_rates_that_do_not_meet_are_refused() -> None:
    with pytest.raises(UsageError, match="hop is 512"):
        plan.check(replace(SHAPE, hop=512))
    assert Model(SHAPE, 0).warm > 0


@pytest.mark.parametrize("name", SHAPES)
def test_every_named_shape_can_be_built_and_answers_within_its_latency(name: str) -> None:
    shape = SHAPES[name]
    plan.check(shape)
    assert shape.delay / shape.sample_rate <= 0.015
