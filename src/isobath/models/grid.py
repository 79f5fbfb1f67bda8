"""Weights on a grid: rounded to whole steps, finer than is heard, so that they travel in fewer bytes.

    python -m isobath.models.grid MODEL.safetensors ...

Half precision spends eleven bits on every weight, on those that hardly count as well. In a tensor whose
steps are a thousandth of its typical weight what is rounded off is as loud for all, and lies 69 dB below the
sound (voices and landscape, all layers together); and a page fetches a sixth less (`isobath.models.sending`).
Steps are powers of two, so that half precision holds each multiple that it needs to, and a file stays what it
was: float16. The command does so to the decoders of files there are; `isobath train` writes both coders so.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .description import read, write

FINE = 1024.0
"""Steps in a typical weight, at least; less than twice as many."""
SMALLEST = 2000
"""Tensors of fewer weights stay as they are: they weigh nothing."""
_LEAST = -24
"""The exponent of the least step that float16 has."""


def on_grid(weights: NDArray[Any]) -> NDArray[np.float16]:
    """Weights rounded to whole steps, as float16."""
    values = np.asarray(weights, dtype=np.float64)
    typical = float(np.sqrt(np.mean(np.square(values)))) if values.size else 0.0
    if values.size < SMALLEST or not 0.0 < typical < 1e4:
        return values.astype(np.float16)
    # Never so fine that the largest is more than 16 bits of steps.
    exponent = np.floor(np.log2(max(typical / FINE, float(np.abs(values).max()) / 2**14)))
    step = 2.0 ** max(exponent, _LEAST)
    rounded = np.rint(values / step) * step + 0.0  # and no zero with a sign
    return np.asarray(rounded, dtype=np.float16)


def exponent_of(weights: NDArray[np.float16]) -> int | None:
    """The largest power of two of which all are whole multiples of 16 bits; None: there is none."""
    values = weights.astype(np.float64)
    if not np.isfinite(values).all() or not values.any():
        return None
    _, exponents = np.frexp(values[values != 0])
    for exponent in range(int(exponents.max()), _LEAST - 1, -1):
        steps = np.ldexp(values, -exponent)
        if np.abs(steps).max() >= 2**15:
            return None
        if np.array_equal(steps, np.rint(steps)):
            return exponent
    return None


def regrid(path: Path) -> None:
    """Rewrite a model's file with its decoder's weights on a grid."""
    description, tensors = read(path)
    names = {operation.weight for operation in description.decoder if operation.weight}
    write(
        path,
        description,
        {
            name: on_grid(value) if name in names and value.dtype == np.float16 else np.array(value)
            for name, value in tensors.items()
        },
    )


if __name__ == "__main__":
    for each in sys.argv[1:]:
        regrid(Path(each))
        print(each)
