"""Mappings of every kind with what they give, which Python and the page must both reproduce.

`python tests/mapping/golden.py` makes them again, after a change of the format or of
an algorithm; with names, only those.
"""

import json
import sys
from pathlib import Path

import numpy as np

from isobath.mapping import Mapping, Output, Settings, fit

GOLDEN = Path(__file__).parents[1] / "golden"
OUTPUTS = (
    Output(),
    Output(mode="locked", value=-0.75),
    Output(mode="off"),
    Output(axes=(1,)),
)
SETTINGS = {
    "gp": Settings(),
    "gp_smooth": Settings(trust=0.7),
    "perceptron": Settings(algorithm="perceptron", hidden=5),
    "perceptron_deep": Settings(algorithm="perceptron", hidden=4, layers=2),
    "neighbours": Settings(algorithm="neighbours"),
    "inverse_distance": Settings(algorithm="inverse_distance", power=3.0),
    "thin_plate": Settings(algorithm="thin_plate"),
    "linear": Settings(algorithm="linear"),
    "polynomial": Settings(algorithm="polynomial", degree=3),
    "ridge": Settings(algorithm="ridge"),
    "terrain": Settings(algorithm="terrain", hidden=5, layers=2),
    "per_output": Settings(outputs=OUTPUTS, clamp=True),
}


def demonstrations() -> tuple[np.ndarray, np.ndarray]:
    """Nine places in three axes and sounds of four dimensions, in round numbers."""
    rng = np.random.default_rng(36)
    points = np.round(rng.uniform(0, 1, (9, 3)), 3)
    bend = np.column_stack([np.sin(3 * points[:, 0]), points[:, 1] ** 2, points[:, 2] - points[:, 0]])
    return points, np.round(np.column_stack([bend, bend.sum(axis=1)]) + 0.1 * rng.normal(size=(9, 4)), 3)


def places() -> np.ndarray:
    """Demonstrated places, others, places outside, broken gestures."""
    rng = np.random.default_rng(37)
    points, _ = demonstrations()
    odd = np.array([[1.7, -0.4, 0.5], [np.nan, 0.3, 0.9], [1e12, 0.1, 0.1], [0.5, 0.5, 0.5]])
    return np.concatenate([points[:3], np.round(rng.uniform(0, 1, (12, 3)), 3), odd])


def make(name: str) -> dict[str, object]:
    """One golden file: the mapping, places, and what it gives there; NaN travels as null."""
    mapping = fit(*demonstrations(), settings=SETTINGS[name])
    unsure = mapping.uncertainty(places())
    return {
        "mapping": mapping.to_plain(),
        "base": [9.0, 8.0, 7.0, 6.0],
        "places": [[None if v != v else v for v in row] for row in places().tolist()],
        "latents": mapping(places(), base=[9.0, 8.0, 7.0, 6.0]).tolist(),
        "uncertainty": None if unsure is None else unsure.tolist(),
    }


def read(name: str) -> tuple[Mapping, dict[str, np.ndarray]]:
    """The mapping and the arrays of one golden file."""
    data = json.loads((GOLDEN / f"mapping_{name}.json").read_text())
    arrays = {key: np.array(data[key], dtype=float) for key in ("base", "places", "latents", "uncertainty")}
    return Mapping.from_plain(data["mapping"]), arrays


if __name__ == "__main__":
    for each in sys.argv[1:] or SETTINGS:
        (GOLDEN / f"mapping_{each}.json").write_text(json.dumps(make(each)) + "\n")
