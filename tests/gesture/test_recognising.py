"""Recorded gestures found again: whatever their pace, and nothing where there was none."""

import numpy as np
import pytest

from isobath.gesture.recognising import Recogniser, warped


def wave(frames: int = 30, size: float = 1.0) -> np.ndarray:
    turn = np.linspace(0, 2 * np.pi, frames)
    return np.stack((np.linspace(0, 1, frames), 0.5 + 0.4 * size * np.sin(turn)), axis=1)


def circle(frames: int = 30, size: float = 1.0) -> np.ndarray:
    turn = np.linspace(0, 2 * np.pi, frames)
    return 0.5 + 0.4 * size * np.stack((np.cos(turn), np.sin(turn)), axis=1)


def trembling(path: np.ndarray, seed: int, by: float = 0.01) -> np.ndarray:
    return path + by * np.random.default_rng(seed).standard_normal(path.shape)


def still(at: np.ndarray, frames: int = 20) -> np.ndarray:
    return np.repeat(at[None], frames, axis=0)


def way(a: np.ndarray, b: np.ndarray, frames: int = 15) -> np.ndarray:
    return np.asarray(a + np.linspace(0, 1, frames)[:, None] * (b - a))


EXAMPLES = [
    [trembling(wave(), 1), trembling(wave(36), 2)],
    [trembling(circle(), 3), trembling(circle(25), 4)],
]


def played(recogniser: Recogniser, path: np.ndarray) -> list[int]:
    return [found for point in path if (found := recogniser.put(point)) is not None]


@pytest.mark.parametrize("frames", [20, 30, 50], ids=["hurried", "as recorded", "slowly"])
def test_gestures_are_found_once_each_whatever_their_pace(frames: int) -> None:
    first, second = trembling(wave(frames), 7), trembling(circle(frames), 8)
    rest = np.array([0.5, 0.1])
    path = np.concatenate(
        (still(rest), way(rest, first[0]), first, still(first[-1]), way(first[-1], second[0]), second,
         still(second[-1]))
    )  # fmt: skip
    assert played(Recogniser(EXAMPLES), path) == [0, 1]


def test_twice_is_found_twice() -> None:
    path = np.concatenate((circle(30), still(circle()[0], 8), circle(34), still(circle()[0], 8)))
    assert played(Recogniser(EXAMPLES), path) == [1, 1]


def test_other_movements_are_none() -> None:
    random = np.random.default_rng(5)
    walk = np.clip(0.5 + np.cumsum(0.03 * random.standard_normal((600, 2)), axis=0), 0, 1)
    recogniser = Recogniser(EXAMPLES)
    assert played(recogniser, walk) == []
    assert played(recogniser, still(np.array([0.5, 0.5]), 300)) == []
    assert played(recogniser, way(np.array([0.0, 0.5]), np.array([1.0, 0.5]), 40)) == []


def test_one_example_is_enough() -> None:
    path = np.concatenate((still(circle()[0]), trembling(circle(28), 9), still(circle()[0])))
    assert played(Recogniser([[wave()], [circle()]]), path) == [1]


def test_what_is_no_point_is_left_out() -> None:
    recogniser = Recogniser(EXAMPLES)
    assert recogniser.put([0.5]) is None
    assert recogniser.put([np.nan, 0.5]) is None
    assert recogniser.put([np.inf, 0.5]) is None
    assert Recogniser([[], []]).put([0.5, 0.5]) is None
    assert Recogniser([[np.full((10, 2), np.nan)], [circle()]]).shapes[0].gesture == 1


def test_an_axis_that_never_moves_says_nothing() -> None:
    flat = [[np.column_stack((each, np.full(len(each), 3.0))) for each in own] for own in EXAMPLES]
    path = np.column_stack((np.concatenate((circle(30), still(circle()[0]))), np.full(50, 900.0)))
    assert played(Recogniser(flat), path) == [1]


def test_a_long_example_is_thinned() -> None:
    recogniser = Recogniser([[wave(900)], [circle(1000)]])
    assert max(len(each.points) for each in recogniser.shapes) <= 64
    assert played(recogniser, np.concatenate((circle(950), still(circle()[0], 300)))) == [1]


def test_warping_forgives_time_and_nothing_else() -> None:
    assert warped(wave(30), wave(30)) == 0.0
    assert warped(wave(30), wave(60)) < 0.02
    assert warped(wave(30), circle(30)) > 0.2
