"""The mapping as a regressor of scikit-learn: in its pipelines, searches and comparisons.

    from isobath.mapping.regressor import MappingRegressor

    scores = cross_val_score(MappingRegressor(trust=0.9), points, latents)

scikit-learn is no part of Isobath; without it, importing this module says so.
"""

from typing import Any

import numpy as np

from isobath.mapping.fitting import fit
from isobath.mapping.settings import Settings

try:
    from sklearn.base import BaseEstimator, MultiOutputMixin, RegressorMixin
    from sklearn.utils.validation import check_is_fitted, validate_data
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError(
        "MappingRegressor needs scikit-learn 1.6 or later: pip install scikit-learn."
    ) from missing


class MappingRegressor(MultiOutputMixin, RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Learns y (n,) or (n, outputs) from X (n, axes), as `isobath.fit` does; `mapping_` is the map.

    The parameters are those of `isobath.Settings`. Axes whose values lie in 0..1 keep that range; any
    other is scaled by its own.
    """

    def __init__(
        self,
        algorithm: str = "gp",
        *,
        trust: float = 1.0,
        neighbours: int = 3,
        power: float = 2.0,
        degree: int = 2,
        hidden: int = 16,
        layers: int = 1,
        seed: int = 0,
        detail: float = 1.0,
        clamp: bool = False,
    ) -> None:
        self.algorithm = algorithm
        self.trust = trust
        self.neighbours = neighbours
        self.power = power
        self.degree = degree
        self.hidden = hidden
        self.layers = layers
        self.seed = seed
        self.detail = detail
        self.clamp = clamp

    def fit(self, X: Any, y: Any) -> "MappingRegressor":
        """Learn."""
        X, y = validate_data(self, X, y, multi_output=True, y_numeric=True)
        target = np.asarray(y, dtype=np.float64)
        self._flat = target.ndim == 1
        self.mapping_ = fit(X, target.reshape(len(target), -1), settings=Settings(**self.get_params()))
        return self

    def predict(self, X: Any) -> Any:
        """y of X (n, axes)."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False)
        answer = self.mapping_(X)
        return answer[:, 0] if self._flat else answer
