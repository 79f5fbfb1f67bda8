"""Poses as bytes: the same ones stand in web/src/walk/company.test.ts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isobath.protocol.poses import read_frame, read_pose, write_crowd, write_frame, write_pose, write_poses
from isobath.protocol.room import POSE_BYTES

PLACE = (0.25, 1.0, 0.75, 0.5, -0.125)
MINE = "010008004001f4ffbfffff"
FRAME = "020107000008004002f4ffbfffff03000102003c00c0"

share = st.floats(0.0, 1.0)
turn = st.floats(0.0, 1.0, exclude_max=True)
tilt = st.floats(-0.25, 0.25)


def test_a_pose_is_these_bytes():
    assert write_pose(PLACE, 1).hex() == MINE
    found, state = read_pose(bytes.fromhex(MINE))
    assert found == pytest.approx(PLACE, abs=1e-3)
    assert state == 1


def test_a_frame_is_these_bytes():
    poses = write_poses(np.array([PLACE]), np.array([2]), np.array([3]))
    assert poses.shape == (1, POSE_BYTES)
    assert write_frame(7, poses.tobytes(), write_crowd([np.array([1.0, -2.0])])).hex() == FRAME
    tick, seen, crowd = read_frame(bytes.fromhex(FRAME))
    assert tick == 7
    assert seen[3] == pytest.approx((*PLACE, 2.0), abs=1e-3)
    assert [each.tolist() for each in crowd] == [[1.0, -2.0]]


@given(share, share, share, turn, tilt, st.integers(0, 3))
def test_a_pose_is_read_as_it_was_written(x, y, z, azimuth, elevation, state):
    found, kept = read_pose(write_pose((x, y, z, azimuth, elevation), state))
    assert kept == state
    assert found[0] == pytest.approx(x, abs=1e-6)
    assert found[1] == pytest.approx(y, abs=1e-5)
    assert found[2] == pytest.approx(z, abs=1e-6)
    assert min(abs(found[3] - azimuth), 1.0 - abs(found[3] - azimuth)) <= 1.3e-4
    assert found[4] == pytest.approx(elevation, abs=3e-4)


@given(st.binary(max_size=40))
def test_any_bytes_are_a_place_in_the_world_or_none(data):
    try:
        found, _ = read_pose(data)
    except ValueError:
        return
    assert all(0.0 <= each <= 1.0 for each in found[:4])
    assert -0.25 <= found[4] <= 0.25


@given(st.lists(st.tuples(share, share, share, turn, tilt, st.integers(0, 65535)), max_size=255))
def test_one_by_one_and_all_together_are_the_same_bytes(walkers):
    shares = np.array([each[:5] for each in walkers]).reshape(len(walkers), 5)
    ids = np.array([each[5] for each in walkers], dtype=np.uint16)
    together = write_poses(shares, np.zeros(len(walkers), int), ids)
    for each, row in zip(walkers, together, strict=True):
        assert row[:10].tobytes() == write_pose(each[:5])[1:]
    assert len(read_frame(write_frame(1, together.tobytes()))[1]) == len(set(ids.tolist()))
