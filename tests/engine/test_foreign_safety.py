"""Models of other programs, and voices that sound plays: what foresight knows, and that the guard holds
where it knows nothing.

The model is strange to the kernel (tests/engine/test_apart.py) and answers late, as such models do.
"""

import numpy as np
import pytest

from isobath.engine import render_piece
from isobath.engine.apart import Apart
from isobath.engine.controls import Controls, VoiceControls
from isobath.engine.player import Player
from isobath.engine.surveying import SurveyCancelled, surveyed
from isobath.engine.voices import voices_of
from isobath.mapping import fit
from isobath.models.coder import Model
from isobath.protocol.piece import Axis, Demonstration, Master, Piece, Shaping, Source, Take, Voice
from isobath.sound.loudness import momentary

from .loudspeaker import RATE, Sound, repeater, whistle
from .test_adversarial import WILD, check
from .test_apart import Strange

LATE = 64 * 40
"""Samples; longer than foresight holds on by itself."""


class Late(Strange):
    """Answers LATE samples later than it is asked."""

    def __init__(self, model: Model) -> None:
        super().__init__(model)
        self.delay = LATE

    def decoder(self, seed: int = 0):  # type: ignore[no-untyped-def]
        return Behind(self._model.decoder(seed=seed), self.channels)


class Behind:
    """A decoder whose sound comes later."""

    def __init__(self, decoder, channels: int) -> None:  # type: ignore[no-untyped-def]
        self._decoder, self._channels = decoder, channels
        self.reset()

    def reset(self, voice: int = -1, seed: int = 0) -> None:
        self._decoder.reset(voice, seed)
        self._waiting = np.zeros((self._channels, LATE), np.float32)

    def __call__(self, block: np.ndarray) -> np.ndarray:
        sound = np.concatenate([self._waiting, self._decoder(block)], axis=1)
        samples = sound.shape[1] - LATE
        self._waiting = sound[:, samples:].copy()
        return sound[:, :samples]


def bell() -> Model:
    """One latent that is how loud a tone is: 1 is -36 dBFS, 10 is 20 dB more. Hop 64."""
    model = whistle()
    tone = np.sin(2 * np.pi * 1500 / RATE * np.arange(64))
    weight = np.zeros((4, 1, 128), np.float32)
    weight[0, 0, :64] = 0.016 * tone
    import msgspec

    from isobath.models.description import Operation

    description = msgspec.structs.replace(
        model.description, name="bell",
        decoder=[Operation("conv_transpose", "latent", "audio", weight="w", stride=64)],
    )  # fmt: skip
    return Model(description, {"w": weight})


def wild_piece(takes: tuple[Take, ...] = ()) -> Piece:
    """One axis: quiet at both demonstrations, 20 dB louder between them, where nothing was demonstrated."""
    shown = tuple(
        Demonstration(id=str(i), point=(x,), latent=(1.0, 0.0, 0.0, 0.0)) for i, x in enumerate((0.1, 0.9))
    )
    between = [[0.1], [0.4], [0.5], [0.6], [0.9]]
    latents = [[1.0, 0, 0, 0], [10.0, 0, 0, 0], [10.0, 0, 0, 0], [10.0, 0, 0, 0], [1.0, 0, 0, 0]]
    voice = Voice(
        id="v",
        model="m",
        shaping=Shaping(clamp=0.0, smoothing_seconds=0.0),
        demonstrations=shown,
        fitted=fit(between, latents).to_plain(),
    )
    return Piece(
        id="p",
        name="wild",
        axes=(Axis(id="x", name="x"),),
        voices=(voice,),
        takes=takes,
        master=Master(guard_db=0.0),
    )


def test_another_programs_model_has_a_safety_map() -> None:
    model, piece = Late(bell()), wild_piece()
    found = surveyed(piece.voices, voices_of(piece, lambda _: model), 0, 1)  # type: ignore[arg-type, return-value]
    ours = surveyed(piece.voices, voices_of(piece, lambda _: bell()), 0, 1)
    assert found is not None
    assert ours is not None
    assert len(found.trim) == 17
    assert found.trim[8] < -80
    assert found.trim[2] > -10
    every = len(ours.loudness) // 16
    np.testing.assert_allclose(found.loudness, ours.loudness[::every], atol=1)
    with pytest.raises(SurveyCancelled):
        surveyed(piece.voices, voices_of(piece, lambda _: model), 0, 1, lambda: True)  # type: ignore[arg-type, return-value]


def test_foresight_lasts_until_the_late_sound_has_been_heard() -> None:
    """A dash through the loud place: the sound comes when the hand is quiet again."""
    import msgspec

    frames = (0, 320, 360)
    take = Take(id="t", name="t", hop=64, sample_rate=RATE, length=600, axes=("x",),
                frames=frames, points=((0.1,), (0.5,), (0.1,)))  # fmt: skip
    model = Late(bell())
    piece = wild_piece((take,))
    safety = surveyed(piece.voices, voices_of(piece, lambda _: model), 0, 1)  # type: ignore[arg-type, return-value]
    known = msgspec.structs.replace(piece, voices=(msgspec.structs.replace(piece.voices[0], safety=safety),))
    loudest = [
        float(momentary(render_piece(each, take, lambda _: model), RATE).max())  # type: ignore[arg-type, return-value]
        for each in (piece, known)
    ]
    assert loudest[0] - loudest[1] > 6.0
    quiet = float(momentary(render_piece(known, take, lambda _: model)[:, : 320 * 64], RATE).max())  # type: ignore[arg-type, return-value]
    assert loudest[1] - quiet < 4.0


def hostile(dims: int, count: int, seed: int) -> np.ndarray:
    """Latents (frames, dims) for a model of which nothing is known: near, far, no numbers, and two ends in
    turn that last long enough to be heard."""
    random = np.random.default_rng(seed)
    latents = random.standard_normal((count, dims)) * 10 ** random.uniform(-2, 2, (count, 1))
    latents[1::7] = random.choice(WILD, (len(latents[1::7]), dims))
    latents[4::17] = np.where(np.arange(len(latents[4::17]))[:, None] % 2, 30.0, 0.05)
    frames = random.choice([1, 2, 4], count)
    frames[4::17] = 64
    return np.repeat(latents, frames, axis=0)


def fed(model: object, latents: np.ndarray, source: Source, came: Sound | None = None) -> Sound:
    """What is heard of a voice made apart, with the guard as it usually is and nothing else in the way."""
    apart = Apart(model)  # type: ignore[arg-type]
    controls = VoiceControls(Shaping(clamp=0.0, smoothing_seconds=0.0), source=source)
    apart.set(controls)
    player = Player(RATE)
    hop = apart.model.hop
    player.feed(0, apart.model.channels, hop, RATE)
    player.set(Controls((VoiceControls(),), Master(gain_db=6.0)))
    player.reset(1)
    apart.reset(1)
    parts = []
    for k, latent in enumerate(latents):
        heard = None if came is None or k == 0 else came[:, (k - 1) * hop : k * hop]
        player.fill(0, apart.hop(latent, heard))
        parts.append(player.render(hop))
    return np.concatenate(parts, axis=1)


@pytest.mark.parametrize(
    "count", [1000, pytest.param(10_000, marks=[pytest.mark.long, pytest.mark.timeout(300)])]
)
def test_the_guard_holds_for_hostile_latents_of_another_programs_model(count: int) -> None:
    model = Late(whistle(loudness=3.0))
    check(fed(model, hostile(4, count, 5), Source()), model)  # type: ignore[arg-type]


def test_the_guard_holds_where_sound_plays_the_voice() -> None:
    """Silence, whispers and roars in turn come in and go through the model as they are."""
    random = np.random.default_rng(6)
    model = Strange(repeater(std=1.0))
    frames = 3000
    levels = np.repeat(10 ** random.uniform(-3, 0.5, frames // 300), 300 * model.hop)
    came = np.tile(random.standard_normal(len(levels)) * levels, (2, 1)).astype(np.float32)
    source = Source(kind="sound", sound="a" * 64, match=False, manner=("absolute",))
    check(fed(model, np.zeros((frames, 32)), source, came), model)  # type: ignore[arg-type]
