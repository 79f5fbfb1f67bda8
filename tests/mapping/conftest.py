"""One core, as beside the sound: BLAS threads that wait for each other cost more than they give."""

import pytest
from threadpoolctl import threadpool_limits


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    with threadpool_limits(1):
        yield
