"""FluCoMa's JSON: the same numbers out as there, computed here by other means."""

import json
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isobath.errors import MappingError
from isobath.mapping import Mapping, Output, Settings, fit
from isobath.mapping.exchange import flucoma
from isobath.mapping.truths import case

ACTIVATIONS = (
    lambda x: x,
    lambda x: 1.0 / (1.0 + np.exp(-x)),
    lambda x: np.where(x > 0, x, 0.0),
    np.tanh,
)


def regressor(seed, sizes, activations):
    """A regressor in the shape that FluCoMa dumps: y = act(x W + b), W (rows, cols)."""
    rng = np.random.default_rng(seed)
    layers = [
        {
            "activation": activation,
            "biases": rng.normal(size=cols).tolist(),
            "cols": cols,
            "rows": rows,
            "weights": rng.normal(size=(rows, cols)).tolist(),
        }
        for rows, cols, activation in zip(sizes[:-1], sizes[1:], activations, strict=True)
    ]
    return {"layers": layers}


def run(data, x):
    """The same, layer by layer, one number at a time in plain Python floats."""
    for layer in data["layers"]:
        sums = [
            sum(value * row[column] for value, row in zip(x, layer["weights"], strict=True)) + bias
            for column, bias in enumerate(layer["biases"])
        ]
        x = [float(ACTIVATIONS[layer["activation"]](np.float64(value))) for value in sums]
    return x


@pytest.mark.parametrize("hidden", range(4))
@pytest.mark.parametrize("last", range(4))
def test_a_regressor_gives_the_same_numbers(hidden, last):
    data = regressor(hidden + 4 * last, (3, 7, 5, 4), (hidden, hidden, last))
    mapping = flucoma.read_regressor("r.json", flucoma.parse("r.json", json.dumps(data)))
    places = np.random.default_rng(9).uniform(-20, 20000, (50, 3)) * [1e-3, 1e-4, 1e-2]
    expected = np.array([run(data, place) for place in places.tolist()])
    np.testing.assert_allclose(mapping(places), expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(mapping(places[0]), expected[0], rtol=1e-12, atol=1e-12)
    travelled = Mapping.from_json(mapping.to_json())
    np.testing.assert_array_equal(travelled(places), mapping(places))


@pytest.mark.parametrize("last", range(4))
@pytest.mark.parametrize("kind", ["normalize", "standardize", "robustscale"])
def test_scalers_before_and_behind_are_part_of_it(kind, last):
    rng = np.random.default_rng(last)
    inputs, outputs = rng.uniform(20, 20000, (40, 2)), rng.normal(5, 3, (40, 3))
    write = getattr(flucoma, f"write_{kind}")
    before = json.loads(write(inputs))
    behind = json.loads(write(outputs))
    data = regressor(5, (2, 4, 3), (1, last))
    mapping = flucoma.read_regressor(
        "r", data, flucoma.read_scaler("b", before), flucoma.read_scaler("a", behind)
    )

    def scaled(scaler, x, undo):
        if kind == "normalize":
            low, high = np.array(scaler["data_min"]), np.array(scaler["data_max"])
            return low + (x - 0.0) * (high - low) if undo else (x - low) / (high - low)
        middle, width = ("mean", "std") if kind == "standardize" else ("median", "range")
        middle, width = np.array(scaler[middle]), np.array(scaler[width])
        return x * width + middle if undo else (x - middle) / width

    expected = [scaled(behind, np.array(run(data, scaled(before, x, False).tolist())), True) for x in inputs]
    np.testing.assert_allclose(mapping(inputs), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    "choices",
    [
        Settings(algorithm="perceptron", hidden=5),
        Settings(algorithm="perceptron", hidden=4, layers=3),
        Settings(algorithm="linear"),
        Settings(
            algorithm="perceptron",
            hidden=3,
            outputs=(Output(mode="locked", value=-0.5), Output(axes=(1,)), Output(axes=())),
        ),
        Settings(algorithm="linear", outputs=(Output(axes=(2,)), Output(mode="locked", value=2.0))),
    ],
)
def test_what_is_written_is_read_as_the_same_map(choices):
    one = case("tanh", 3, 4, 12)
    mapping = fit(one.points, one.latents, settings=choices)
    data = json.loads(flucoma.write_regressor(mapping))
    places = np.random.default_rng(0).uniform(0, 1, (20, 3))
    np.testing.assert_allclose(
        [run(data, place) for place in places.tolist()], mapping(places), rtol=1e-9, atol=1e-9
    )
    again = flucoma.read_regressor("again", data)
    np.testing.assert_allclose(again(places), mapping(places), rtol=1e-9, atol=1e-9)
    assert json.loads(flucoma.write_regressor(again)) == data


def test_a_map_that_does_not_fit_is_a_sentence():
    one = case("tanh", 3, 4, 12)
    for choices, says in (
        (Settings(), "Choose the algorithm perceptron"),
        (Settings(algorithm="terrain"), "Choose the algorithm perceptron"),
        (Settings(algorithm="linear", clamp=True), "clamped"),
        (Settings(algorithm="linear", outputs=(Output(mode="off"),)), "locked"),
    ):
        with pytest.raises(MappingError, match=says):
            flucoma.write_regressor(fit(one.points, one.latents, settings=choices))


def test_data_sets_go_round_and_are_joined_by_name():
    rng = np.random.default_rng(0)
    points, targets = rng.uniform(0, 1, (12, 2)), rng.normal(size=(12, 3))
    left = flucoma.read_dataset("l", flucoma.parse("l", flucoma.write_dataset(points)))
    assert left.ids == tuple(sorted(f"p-{i + 1}" for i in range(12)))
    ids = tuple(f"p-{i + 1}" for i in range(2, 14))
    right = flucoma.read_dataset("r", flucoma.parse("r", flucoma.write_dataset(targets, ids)))
    examples = flucoma.join(left, right)
    assert len(examples.points) == 10
    assert "4 rows are in one data set only" in examples.notes[0]
    by_place = {tuple(p): t for p, t in zip(examples.points, examples.targets, strict=True)}
    for i in range(2, 12):
        np.testing.assert_array_equal(by_place[tuple(points[i])], targets[i - 2])
    empty = flucoma.read_dataset("e", {"cols": 2})
    with pytest.raises(MappingError, match="no name in common"):
        flucoma.join(left, empty)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"layers": []}, "1 to 8 layers"),
        ({"layers": [3]}, "something else than an object"),
        ({"layers": [{"rows": 2, "cols": 2, "activation": 9}]}, "activation 9"),
        ({"layers": [{"rows": 2, "cols": 10**9, "activation": 1}]}, "goes from 1 to 4096"),
        ({"layers": [{"rows": 1, "cols": 1, "activation": 1, "weights": [["a"]]}]}, "weights of layer 1"),
        (
            {"layers": [{"rows": 1, "cols": 1, "activation": 1, "weights": [[1e300]], "biases": [0]}]},
            "absurdly",
        ),
    ],
)
def test_a_damaged_regressor_is_a_sentence(change, says):
    with pytest.raises(MappingError, match=says):
        flucoma.read_regressor("r.json", change)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["cols", "rows", "data", "layers", "weights", "biases", "activation", "mean", "std"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(data=JSON)
def test_whatever_is_in_the_file_is_read_or_a_sentence(data):
    with suppress(MappingError):
        fields = flucoma.parse("x", json.dumps(data))
        kind = flucoma.kind_of(fields)
        if kind == "regressor":
            flucoma.read_regressor("x", fields)
        elif kind == "scaler":
            flucoma.read_scaler("x", fields)
        elif kind == "dataset":
            flucoma.read_dataset("x", fields)
