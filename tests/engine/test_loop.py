import numpy as np
import pytest

from isobath.engine.controls import Controls, VoiceControls
from isobath.engine.loop import aligned, player_of, sound
from isobath.engine.player import Player
from isobath.engine.voices import Played
from isobath.protocol.piece import Master
from isobath.types import Gesture

from .loudspeaker import RAW, loudspeaker


def counting() -> tuple[list[int], tuple[Played, ...], Player]:
    """Two voices of hops 32 and 48 over nothing, and the moments at which the gesture was asked for."""
    voices = tuple(Played(loudspeaker(hop=hop), np.zeros(hop)) for hop in (32, 48))
    return [], voices, player_of(voices, Controls((VoiceControls(RAW),) * 2, Master(guard_db=0.0)))


def test_the_gesture_is_asked_for_whenever_a_voice_is_due_and_only_then() -> None:
    asked, voices, player = counting()

    def gesture_at(sample: int) -> Gesture:
        asked.append(sample)
        return np.zeros(0)

    stretches = sound(player, voices, gesture_at, seed=1)
    done = sum(next(stretches).shape[1] for _ in range(9))
    assert asked == [at for at in range(done) if at % 32 == 0 or at % 48 == 0]


def test_each_voice_gets_the_latent_of_its_own_due_moment() -> None:
    """A gesture that changes in the middle of a hop is heard from the voice's next frame on."""
    _, (fast, _), _ = counting()

    class Follows(Played):
        def latent(self, gesture: Gesture) -> np.ndarray:
            return np.full(32, gesture[0])

    voices = (Follows(fast.model, fast.base),)
    player = player_of(voices, Controls((VoiceControls(RAW),), Master(guard_db=0.0)))
    changed, gestures = 1000, (np.array([0.1]), np.array([0.3]))
    stretches = sound(player, voices, lambda sample: gestures[int(sample >= changed)], seed=1)
    heard = np.concatenate(list(aligned(stretches, player.delay, 1600)), axis=1)[0]
    np.testing.assert_allclose(heard[600:1024], 0.1, rtol=1e-5)
    np.testing.assert_allclose(heard[1024:], 0.3, rtol=1e-5)


@pytest.mark.parametrize("delay", [0, 5, 10, 37, 64])
def test_the_delay_is_dropped_and_nothing_else(delay: int) -> None:
    ramp = np.arange(1000, dtype=np.float32)[None]
    stretches = iter(ramp[:, i : i + 10] for i in range(0, 1000, 10))
    heard = np.concatenate(list(aligned(stretches, delay, 333)), axis=1)
    np.testing.assert_array_equal(heard[0], np.arange(delay, delay + 333))
