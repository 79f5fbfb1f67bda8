import numpy as np
import pytest

from isobath.engine.takes import TakeReader, layers
from isobath.errors import PieceError
from isobath.protocol.piece import Axis, Take

AXES = (
    Axis(id="x", name="x", rest=0.5),
    Axis(id="y", name="y", rest=0.25),
    Axis(id="z", name="z", rest=0.75),
)
HOP, RATE = 100, 48000


def take(
    id: str = "t",
    axes: tuple[str, ...] = ("x", "y"),
    frames: tuple[int, ...] = (0, 4),
    length: int = 8,
    **more,
):  # type: ignore[no-untyped-def]
    points = more.pop(
        "points", tuple(tuple(0.1 * (i + 1) + 0.01 * k for k in range(len(axes))) for i in range(len(frames)))
    )
    return Take(
        id=id,
        name=id,
        hop=HOP,
        sample_rate=RATE,
        length=length,
        axes=axes,
        frames=frames,
        points=points,
        **more,
    )


def at(reader: TakeReader, *frames: int) -> list[list[float]]:
    return [reader(frame * HOP).tolist() for frame in frames]


def test_a_row_holds_from_its_frame_until_the_next() -> None:
    reader = TakeReader(take(), AXES, RATE)
    assert reader(3 * HOP).tolist() == reader(4 * HOP - 1).tolist() == pytest.approx([0.1, 0.11, 0.75])
    assert reader(4 * HOP).tolist() == reader(7 * HOP).tolist() == pytest.approx([0.2, 0.21, 0.75])


def test_an_axis_the_take_lacks_is_at_rest_and_one_the_piece_lacks_is_ignored() -> None:
    reader = TakeReader(take(axes=("gone", "y")), AXES, RATE)
    assert at(reader, 0) == [pytest.approx([0.5, 0.11, 0.75])]


def test_axes_are_matched_by_id_not_by_order() -> None:
    reader = TakeReader(take(axes=("z", "x")), AXES, RATE)
    assert at(reader, 0) == [pytest.approx([0.11, 0.25, 0.1])]


def test_before_the_first_row_every_axis_rests() -> None:
    assert at(TakeReader(take(frames=(2, 4)), AXES, RATE), 1) == [[0.5, 0.25, 0.75]]


def test_the_last_row_holds_to_the_end() -> None:
    reader = TakeReader(take(), AXES, RATE)
    assert at(reader, 5) == at(reader, 500)


def test_a_looped_take_begins_again() -> None:
    reader = TakeReader(take(), AXES, RATE, loop=True)
    assert at(reader, 8, 12) == at(reader, 0, 4)


def test_a_loop_in_time_begins_again_after_its_round_every_time() -> None:
    """Of 7.5 frames here, not after the 8 that hold it."""
    in_time = take(loop=True, seconds=750 / RATE)
    reader = TakeReader(in_time, AXES, RATE, loop=True)
    for turn in range(9):
        begins = 750 * turn
        heard = [reader(begins + sample).tolist() for sample in (0, 399, 400, 749)]
        assert heard == [reader(sample).tolist() for sample in (0, 0, 400, 400)]
        assert [reader.frame(begins + sample) for sample in (0, 399, 400, 749)] == [0, 3, 4, 7]


def test_an_overdub_moves_its_axes_and_leaves_the_others_to_the_take_below() -> None:
    below = take("below")
    over = take("over", axes=("y",), frames=(0, 6), points=((0.7,), (0.9,)), over="below")
    reader = TakeReader(over, AXES, RATE, takes=(below, over))
    assert at(reader, 0, 4, 6) == [
        pytest.approx([0.1, 0.7, 0.75]), pytest.approx([0.2, 0.7, 0.75]), pytest.approx([0.2, 0.9, 0.75]),
    ]  # fmt: skip


def test_a_looping_take_below_goes_round_at_its_own_length() -> None:
    below = take("below", loop=True)
    over = take("over", axes=("y",), frames=(0,), points=((0.7,),), over="below", length=40)
    reader = TakeReader(over, AXES, RATE, takes=(below, over))
    assert at(reader, 8, 12) == at(reader, 0, 4)


def test_a_muted_take_below_is_not_heard() -> None:
    below = take("below", muted=True)
    over = take("over", axes=("y",), over="below")
    assert layers(over, (below, over)) == [over]


def test_takes_over_each_other_in_a_circle_end() -> None:
    one, other = take("one", over="other"), take("other", over="one")
    assert layers(one, (one, other)) == [one, other]


def test_a_take_of_another_rate_keeps_its_time() -> None:
    slow = Take(
        id="t",
        name="t",
        hop=100,
        sample_rate=24000,
        length=8,
        axes=("x",),
        frames=(0, 4),
        points=((0.1,), (0.2,)),
    )
    reader = TakeReader(slow, AXES[:1], RATE)
    assert reader.samples == 1600
    assert (reader(799)[0], reader(800)[0]) == (0.1, 0.2)


@pytest.mark.parametrize(("value", "heard"), [(np.nan, 0.5), (7.0, 1.0), (-1.0, 0.0), (np.inf, 1.0)])
def test_values_are_kept_within_the_axis(value: float, heard: float) -> None:
    assert TakeReader(take(axes=("x",), frames=(0,), points=((value,),)), AXES, RATE)(0)[0] == heard


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (take(frames=(4, 0)), "not in order"),
        (take(frames=(0, 4), points=((0.1, 0.2),)), "do not fit"),
        (take(frames=(0,), points=((0.1,),)), "do not fit its 2 axes"),
    ],
)
def test_a_damaged_take_is_a_sentence(broken: Take, said: str) -> None:
    with pytest.raises(PieceError, match=said):
        TakeReader(broken, AXES, RATE)
