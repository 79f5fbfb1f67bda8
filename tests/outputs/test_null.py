from isobath.engine import rendering
from isobath.outputs.null import times_real_time
from tests.engine.pieces import circle, load_model, piece


def test_the_engine_is_faster_than_real_time() -> None:
    take = circle(length=1500)
    assert times_real_time(rendering(piece(take=take), take, load_model)) > 1.0
