import numpy as np
import pytest

from isobath.engine.voices import played, rate_of, settings_of, voices_of
from isobath.errors import MappingError, ModelMismatch, PieceError
from isobath.mapping import fit
from isobath.protocol.piece import Demonstration, MappingSettings, Output, Shaping

from .loudspeaker import loudspeaker
from .pieces import MODELS, demonstrations, piece, voice

WHISTLE = MODELS["whistle"]


def test_a_demonstrated_place_reaches_its_sound() -> None:
    shown = demonstrations()
    there = played(voice(), WHISTLE, 2)
    for each in shown:
        np.testing.assert_allclose(there.latent(np.array(each.point)), each.latent, atol=1e-3)


def test_muted_demonstrations_are_not_learned_from() -> None:
    shown = demonstrations()
    loud, muted = shown[:4], shown[4]
    silenced = Demonstration(id="m", point=muted.point, latent=muted.latent, muted=True)
    with_muted = played(voice(demonstrations=(*loud, silenced)), WHISTLE, 2)
    without = played(voice(demonstrations=loud), WHISTLE, 2)
    at = np.array(muted.point)
    np.testing.assert_allclose(with_muted.latent(at), without.latent(at))


def test_the_mapping_in_the_piece_comes_before_the_demonstrations() -> None:
    kept = fit([[0.0, 0.0], [1.0, 1.0]], [[0, 0, 0, 0], [1, 2, 3, 4]])
    there = played(voice(fitted=kept.to_plain()), WHISTLE, 2)
    np.testing.assert_allclose(there.latent(np.ones(2)), [1, 2, 3, 4], atol=1e-3)


def test_a_slider_that_is_no_number_leaves_the_mean() -> None:
    base = played(voice(demonstrations=(), shaping=Shaping(hold=(float("nan"), 1.0))), WHISTLE, 2).base
    assert base.tolist() == [0, 1, 0, 0]


def test_every_choice_of_a_piece_is_a_choice_of_the_mapping() -> None:
    settings = settings_of(MappingSettings(algorithm="ridge", trust=0.3, outputs=(Output(mode="off"),)))
    assert (settings.algorithm, settings.trust, settings.outputs[0].mode) == ("ridge", 0.3, "off")


def test_a_mapping_of_another_model_or_other_axes_is_a_sentence() -> None:
    three = fit([[0.0, 0.0], [1.0, 1.0]], [[0, 0, 0], [1, 2, 3]]).to_plain()
    with pytest.raises(ModelMismatch, match=r"whistle listens to 4 .* gives 3"):
        played(voice(fitted=three), WHISTLE, 2)
    four = fit([[0.0, 0.0], [1.0, 1.0]], [[0, 0, 0, 0], [1, 2, 3, 4]]).to_plain()
    with pytest.raises(MappingError, match=r"learned with 2 axes; the piece now has 3"):
        played(voice(fitted=four), WHISTLE, 3)


def test_a_damaged_mapping_is_a_sentence() -> None:
    with pytest.raises(MappingError, match="not a mapping"):
        played(voice(fitted={"format": 1, "dims": "many"}), WHISTLE, 2)


def test_the_highest_rate_of_a_piece_is_its_own() -> None:
    own = {"low": loudspeaker(rate=16000), "cd": loudspeaker(rate=44100)}
    voices = [voice(each, demonstrations=()) for each in ("low", "cd", "low")]
    assert rate_of(voices_of(piece(*voices), own.__getitem__)) == 44100
    assert rate_of(voices_of(piece(voices[0]), own.__getitem__)) == 16000


def test_an_unknown_model_is_the_loader_s_own_error() -> None:
    def refusing(name: str) -> None:
        raise PieceError(name)

    with pytest.raises(PieceError, match="whistle"):
        voices_of(piece(), refusing)  # type: ignore[arg-type]
