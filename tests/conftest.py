"""What every test stands on: calm arithmetic, and examples that never time out on a busy machine."""

import os

# A second thread of OpenBLAS or of PyTorch waits for the first by spinning, which on a loaded machine turns
# milliseconds into seconds. It has to be said before either is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
from hypothesis import HealthCheck, settings

slow = [HealthCheck.too_slow]
settings.register_profile("quiet", deadline=None, suppress_health_check=slow, max_examples=30)
settings.load_profile("quiet")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What takes minutes waits until it is asked for."""
    if "long" not in (config.option.markexpr or ""):
        waits = pytest.mark.skip(reason="takes minutes; run with -m long")
        for item in items:
            if item.get_closest_marker("long") is not None:
                item.add_marker(waits)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """A name for functions without one, which would otherwise be called by where they lie in memory: tests
    that run in several processes must be called alike in all of them."""
    return argname if callable(val) and getattr(val, "__name__", "") == "<lambda>" else None
