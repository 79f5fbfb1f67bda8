"""A short run of the benchmark of walkers: everybody is told of the others, within the bytes that were
agreed."""

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from isobath.protocol.room import ROOM_BYTES_PER_SECOND
from isobath.server.bench_walk import measure


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_walkers_are_told_of_each_other_within_their_bytes():
    with ThreadPoolExecutor(1) as beside:  # a browser's test may have a loop of its own in this thread
        found = beside.submit(measure, walkers=30, minutes=0.05).result()
    assert found.lost == 0
    assert found.others_in_a_frame > 1
    assert 0 < found.most_down_bytes_per_second <= ROOM_BYTES_PER_SECOND
    assert found.all_median_ms > 0
