"""How demonstrations become a mapping: the choices a musician has."""

from dataclasses import dataclass
from typing import Literal, get_args

from isobath.errors import MappingError

Algorithm = Literal[
    "gp",
    "perceptron",
    "neighbours",
    "inverse_distance",
    "thin_plate",
    "linear",
    "polynomial",
    "ridge",
    "terrain",
    "direct",
]
ALGORITHMS: tuple[Algorithm, ...] = get_args(Algorithm)


@dataclass(frozen=True, kw_only=True)
class Output:
    """How one latent dimension is learned, as Wekinator allows per output.

    `locked` stays at `value`. `off` leaves the dimension to whoever asks (the sliders).
    `axes` are the indices of the axes this dimension listens to; None means all of them.
    """

    mode: Literal["learned", "locked", "off"] = "learned"
    value: float = 0.0
    axes: tuple[int, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that decides how a mapping is fitted.

    - `trust` 0..1: at 1 the demonstrations are met exactly; towards 0 the map is smoother and
      passes them by (gp, thin_plate, ridge, terrain).
    - `neighbours`: how many demonstrations are heard at once (neighbours).
    - `power`: how steeply a demonstration's pull falls with distance (neighbours, inverse_distance).
    - `degree`: of the polynomial.
    - `hidden`, `layers`: units and hidden layers of each perceptron, and of the terrain's one network;
      `seed` starts them.
    - `detail`: about how many hills a terrain has along an axis.
    - `reach`: the latent at either end of an axis (direct).
    - `clamp`: keep every output inside the range its demonstrations span, plus a tenth of it.
    - `outputs`: one entry per latent dimension; dimensions beyond the list are learned from all axes.
    """

    algorithm: Algorithm = "gp"
    trust: float = 1.0
    neighbours: int = 3
    power: float = 2.0
    degree: int = 2
    hidden: int = 16
    layers: int = 1
    seed: int = 0
    detail: float = 1.0
    reach: float = 3.0
    clamp: bool = False
    outputs: tuple[Output, ...] = ()


def check_settings(settings: Settings, axes: int, dims: int) -> None:
    """Raise MappingError, in one sentence, for the first setting outside its range."""
    if settings.algorithm not in ALGORITHMS:
        raise MappingError(
            f"There is no mapping algorithm called '{settings.algorithm}'. "
            f"Choose one of {', '.join(ALGORITHMS)}."
        )
    ranges: tuple[tuple[str, float, float, float], ...] = (
        ("trust", settings.trust, 0, 1),
        ("neighbours", settings.neighbours, 1, 1000),
        ("power", settings.power, 0.1, 16),
        ("degree", settings.degree, 1, 8),
        ("hidden", settings.hidden, 1, 256),
        ("layers", settings.layers, 1, 4),
        ("seed", settings.seed, 0, 2**32 - 1),
        ("detail", settings.detail, 0.1, 16),
        ("reach", settings.reach, 0, 64),
    )
    for name, value, low, high in ranges:
        if not low <= value <= high:
            raise MappingError(f"The mapping's {name} is {value:g}; it goes from {low:g} to {high:g}.")
    if len(settings.outputs) > dims:
        raise MappingError(
            f"The settings describe {len(settings.outputs)} outputs, but the demonstrations have {dims} "
            "latent dimensions. Open a model that fits, or clear the per-output settings."
        )
    for index, output in enumerate(settings.outputs):
        _check_output(index, output, axes)


def _check_output(index: int, output: Output, axes: int) -> None:
    if output.mode not in ("learned", "locked", "off"):
        raise MappingError(f"Output {index + 1} is '{output.mode}'; it can be learned, locked or off.")
    if not abs(output.value) < float("inf"):
        raise MappingError(f"Output {index + 1} is locked at {output.value}, which is not a number to play.")
    for axis in output.axes or ():
        if not 0 <= axis < axes:
            raise MappingError(
                f"Output {index + 1} listens to axis {axis + 1}, but there are {axes} axes. "
                "Choose its inputs again."
            )
