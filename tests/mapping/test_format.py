"""Mappings as text: damaged ones are a sentence, never a bang."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isobath.errors import MappingError
from isobath.mapping import Mapping, Settings, fit

from .golden import SETTINGS, make

MADE = {name: make(name)["mapping"] for name in SETTINGS}


def test_plain_values_and_text_say_the_same():
    for plain in MADE.values():
        assert json.loads(Mapping.from_plain(plain).to_json()) == plain


def test_a_miss_that_is_not_a_number_survives():
    mapping = fit([[0.1], [np.nan], [0.9]], [[1.0], [2.0], [3.0]])
    opened = Mapping.from_json(mapping.to_json())
    assert np.isnan(opened.errors[1])
    assert json.loads(mapping.to_json())["errors"][1] is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "This is not a mapping"),
        ("[]", "not a JSON object"),
        ("{}", "format is None"),
        ('{"format": 99}', "format is 99"),
        (b"\xff\xfe", "This is not a mapping"),
    ],
)
def test_what_is_not_a_mapping_is_a_sentence_with_the_way_out(text, why):
    with pytest.raises(MappingError, match=why) as problem:
        Mapping.from_json(text)
    assert "Fit the demonstrations again" in str(problem.value)


def _paths(value, path=()):
    """Every place in a tree of plain values."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from _paths(inner, (*path, key))


@settings(max_examples=250, deadline=None)
@given(
    name=st.sampled_from(sorted(MADE)),
    where=st.integers(0, 10**6),
    instead=st.sampled_from([None, -1, 10**6, 1e308, float("inf"), float("nan"), "x", [], {}, True, [[1.0]]]),
)
def test_one_wrong_value_anywhere_is_refused_or_harmless(name, where, instead):
    damaged = json.loads(json.dumps(MADE[name]))
    places = [path for path in _paths(damaged) if path]
    path = places[where % len(places)]
    inner = damaged
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = instead
    try:
        mapping = Mapping.from_plain(damaged)
    except MappingError:
        return
    with np.errstate(all="ignore"):
        assert mapping(np.full(mapping.axes, 0.3)).shape == (mapping.dims,)
        mapping.uncertainty(np.full((1, mapping.axes), 0.3))


def test_a_pad_of_eight_dimensions_is_a_few_kilobytes():
    rng = np.random.default_rng(0)
    text = fit(rng.uniform(0, 1, (12, 2)), rng.normal(size=(12, 8)), settings=Settings()).to_json()
    assert len(text) < 8000
