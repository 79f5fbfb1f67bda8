"""Voices made hop by hop, apart from the player that mixes them."""

import msgspec
import numpy as np
import pytest

from isobath.engine import render_piece
from isobath.engine.apart import Apart
from isobath.engine.controls import Controls, VoiceControls
from isobath.engine.player import Player
from isobath.errors import ModelMismatch, PieceError
from isobath.models.coder import Model
from isobath.protocol.piece import Master, Piece, Shaping, Source, Voice

from .loudspeaker import RATE, listener, quiet_noise, repeater, whistle
from .pieces import AXES, circle

FREE = Master(guard_db=0.0)
LIVELY = Shaping(drift=1.0, drift_seconds=0.05, noise=(0.3,) * 4, smoothing_seconds=0.01)
SOUND = np.repeat(quiet_noise(-20.0, 1.0)[:, :6400], 2, axis=0).astype(np.float32)
LATENTS = np.random.default_rng(3).standard_normal((100, 4))


class Strange:
    """Another program's model: the face of ours, but nothing that a kernel could play."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self.name, self.dims, self.hop, self.delay = "strange", model.dims, model.hop, model.delay
        self.sample_rate, self.channels = model.sample_rate, model.channels
        self.input_channels, self.can_encode = model.channels, model.can_encode
        self.description = object()

    def encoder(self):  # type: ignore[no-untyped-def]
        return self._model.encoder()

    def decoder(self, seed: int = 0):  # type: ignore[no-untyped-def]
        return self._model.decoder(seed=seed)


@pytest.mark.parametrize(
    "source",
    [
        Source(),
        Source(kind="input", manner=("bias", "scale"), gain_db=6.0),
        Source(kind="prior", manner=("follow", "absolute"), amount=(1.0, 0.5)),
    ],
)
def test_a_voice_made_apart_makes_the_hops_of_one_in_a_player(source: Source) -> None:
    controls = VoiceControls(LIVELY, source=source)
    player, apart = Player(RATE), Apart(listener())
    player.put(0, listener())
    if source.kind == "input":
        player.listen(0)
    player.set(Controls((controls,), FREE))
    apart.set(controls)
    player.reset(5)
    apart.reset(5)
    before = None
    for k, latent in enumerate(LATENTS):
        came = SOUND[:, k * 64 : (k + 1) * 64]
        player.incoming(0, latent)
        player.give(0, -latent)
        player.hear(0, came)
        player.render(64)
        np.testing.assert_array_equal(apart.hop(latent, before, -latent), player.hop(0))
        before = came


def piece(source: Source, shaping: Shaping) -> Piece:
    voice = Voice(id="v", model="m", source=source, shaping=shaping)
    return Piece(id="p", name="a test", axes=AXES, voices=(voice,), takes=(circle(length=100),))


def rendered(made: Piece, model: object) -> np.ndarray:
    return render_piece(
        made,
        made.takes[0],
        lambda _: model,  # type: ignore[arg-type, return-value]
        load_sound=lambda *_: SOUND,
    )


def test_another_programs_model_is_a_voice_of_a_piece() -> None:
    """Shaped, fed and mixed: the same as if the kernel had played it, but for what it knows of itself."""
    raw = Shaping(smoothing_seconds=0.0, clamp=0.0)
    source = Source(kind="sound", sound="a" * 64, match=False, manner=("scale",))
    ours = repeater(std=1.0)
    np.testing.assert_allclose(
        rendered(piece(source, raw), Strange(ours)), rendered(piece(source, raw), ours), atol=1e-6
    )
    lively = piece(Source(), Shaping(drift=0.2, hold=(0.1,) * 32))
    np.testing.assert_allclose(
        rendered(lively, Strange(ours))[:, 480:], rendered(lively, ours)[:, 480:], atol=1e-5
    )


def test_what_another_programs_model_cannot_do_is_told() -> None:
    both = piece(Source(kind="voice", voice="v"), LIVELY)
    with pytest.raises(PieceError, match="cannot listen to another voice"):
        rendered(both, Strange(listener()))
    with pytest.raises(ModelMismatch, match="no encoder"):
        rendered(piece(Source(kind="sound", sound="a" * 64), LIVELY), Strange(whistle()))
    deaf = Strange(listener())
    deaf.dims = 0
    with pytest.raises(ModelMismatch, match="isobath transfer"):
        Apart(deaf)  # type: ignore[arg-type]
    wide = Strange(listener())
    wide.channels = 3
    with pytest.raises(ModelMismatch, match="3 channels"):
        Apart(wide)  # type: ignore[arg-type]


def test_a_source_may_be_opened_and_closed_on_the_way() -> None:
    for model in (listener(), Strange(listener())):
        apart = Apart(model)  # type: ignore[arg-type]
        apart.reset(1)
        for source in (Source(), Source(kind="input"), Source(kind="prior"), Source()):
            apart.set(VoiceControls(LIVELY, source=msgspec.structs.replace(source, gain_db=3.0)))
            for k in range(3):
                assert np.isfinite(apart.hop(LATENTS[k], SOUND[:, :64])).all()
