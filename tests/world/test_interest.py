"""Of whom each walker is told."""

import numpy as np

from isobath.world.interest import FIRST, Interest


def told(count, ticks, room, moves=lambda shares: shares + 1e-3, seed=0):
    """How often each was told of each, over a walk."""
    random = np.random.default_rng(seed)
    shares = random.random((count, 5))
    interest = Interest(count)
    places = np.arange(count)
    seen = np.zeros((count, count), int)
    for tick in range(1, ticks + 1):
        shares = moves(shares)
        chosen = interest.choose(tick, places, shares, (shares[:, :3] * 200.0).astype(np.float32), room)
        for i, others in enumerate(chosen):
            assert len(others) <= room
            assert i not in others
            seen[i, others] += 1
    return seen, (shares[:, :3] * 200.0)


def test_the_nearest_are_told_every_time_and_nobody_is_forgotten():
    seen, metres = told(100, 60, 22)
    apart = np.linalg.norm(metres[:, None] - metres[None], axis=2)
    for i in range(100):
        nearest = np.argsort(apart[i])[1 : FIRST + 1]
        assert (seen[i, nearest] == 60).all()
        others = np.delete(np.arange(100), i)
        assert seen[i, others].min() >= 2  # once in two seconds at the very least


def test_who_stands_is_told_once():
    seen, _ = told(10, 20, 22, moves=lambda shares: shares)
    assert seen.sum() == 90
    assert seen.max() == 1


def test_who_comes_back_is_told_all_of_it_again():
    random = np.random.default_rng(1)
    shares = random.random((5, 5))
    interest, places = Interest(5), np.arange(5)
    metres = (100 * shares[:, :3]).astype(np.float32)
    interest.choose(1, places, shares, metres, 22)
    assert [len(each) for each in interest.choose(2, places, shares, metres, 22)] == [0] * 5
    interest.forget_told(3)
    assert [len(each) for each in interest.choose(3, places, shares, metres, 22)] == [0, 0, 0, 4, 0]
    interest.forget(2)
    assert [len(each) for each in interest.choose(4, places, shares, metres, 22)] == [1, 1, 4, 1, 1]
