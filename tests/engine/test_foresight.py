"""What is known to be loud is turned down before it is heard: kernel, map, and both together."""

import itertools

import msgspec
import numpy as np
import pytest

from isobath.engine import render_piece
from isobath.engine.controls import VoiceControls
from isobath.engine.foresight import Foresight, fits_together
from isobath.engine.live import Live, prepare
from isobath.engine.surveying import Ground, SurveyCancelled, fingerprint, surveyed
from isobath.engine.voices import voices_of
from isobath.mapping import Settings, fit
from isobath.models.coder import Model
from isobath.protocol.piece import (
    Axis,
    Demonstration,
    MappingSettings,
    Master,
    Piece,
    SafetyMap,
    Shaping,
    Source,
    Take,
    Voice,
)
from isobath.sound.loudness import momentary

from .loudspeaker import RATE, loudspeaker, play, player_of, quiet_noise, sine, statistics

SPEAKER = loudspeaker()


# ------------------------------------------------------------------ the kernel


def trimmed(gains: list[tuple[int, float]], seconds: float = 0.6) -> np.ndarray:
    """The gain that a sound gets, sample by sample, when trim is written at these samples."""
    player = player_of(SPEAKER)
    tone = np.full((1, round(seconds * RATE)), 0.25)
    parts = []
    for start in range(0, tone.shape[1] - 31, 32):
        for at, gain in gains:
            if at == start:
                player.trim(0, gain)
        player.incoming(0, tone[:, start : start + 32].ravel())
        parts.append(player.render(32))
    return np.concatenate(parts, axis=1)[0, player.delay :] / 0.25


def test_a_voice_is_turned_down_within_5_ms_and_comes_back_slowly_without_a_click() -> None:
    gain = trimmed([(9600, 0.1), (14400, 1.0)])
    assert gain[9599] == 1.0
    assert gain[9600 + 240] == pytest.approx(0.1)
    assert gain[14400 + 2400] == pytest.approx(0.1)  # what was loud still dies away in a decoder
    assert gain[-1] > 0.85
    assert np.abs(np.diff(gain[600:])).max() < 0.005


def test_at_the_start_it_is_there_at_once() -> None:
    gain = trimmed([(0, 0.25)], 0.1)
    assert gain[600:] == pytest.approx(0.25)


@pytest.mark.parametrize(("wild", "heard"), [(np.nan, 1.0), (np.inf, 1.0), (-3.0, 0.0), (7.0, 1.0)])
def test_it_only_ever_turns_down(wild: float, heard: float) -> None:
    assert trimmed([(0, wild)], 0.1)[600:] == pytest.approx(heard)


def test_a_player_that_is_asked_nothing_changes_nothing() -> None:
    sound = sine(440, 0.2, 0.3)
    player = player_of(SPEAKER)
    player.trim(0, 1.0)
    np.testing.assert_array_equal(play(player, sound), play(player_of(SPEAKER), sound))


# ------------------------------------------------------------------ a map


def grid(shape: tuple[int, ...], trim: list[int]) -> SafetyMap:
    rest = (0,) * len(trim)
    return SafetyMap(
        axes=len(shape), shape=shape, trim=tuple(trim), loudness=rest, roughness=rest, loud_from=rest
    )


def test_between_nodes_lie_straight_lines() -> None:
    found = Foresight(grid((2, 3), [0, -20, -40, -100, -120, -140]))
    assert found.at([0.0, 0.0], "trim") == 0
    assert found.at([1.0, 1.0], "trim") == -140
    assert found.at([0.5, 0.25], "trim") == pytest.approx(-60)
    assert found.gain(np.array([0.0, 1.0])) == pytest.approx(10 ** (-4 / 20))
    assert Foresight(found.map, 0.5).gain(np.array([0.0, 1.0])) == pytest.approx(10 ** (-2 / 20))


def test_scattered_points_are_met_and_what_is_no_number_is_the_middle() -> None:
    points = ((0, 0, 0, 0, 0), (1000, 1000, 1000, 1000, 1000), (500, 500, 500, 500, 500))
    rest = (0, 0, 0)
    found = Foresight(
        SafetyMap(
            axes=5,
            points=points,
            nearness=50.0,
            slopes=((0.0,) * 5,) * 4,
            trim=(0, -100, -50),
            loudness=rest,
            roughness=rest,
            loud_from=rest,
        )
    )
    assert found.at([1.0] * 5, "trim") == pytest.approx(-100, abs=0.1)
    assert found.at([float("nan")] * 5, "trim") == pytest.approx(-50, abs=0.1)


@pytest.mark.parametrize(
    "change",
    [{"trim": ()}, {"shape": (2, 2)}, {"shape": (6,)}, {"axes": 1}, {"shape": (), "points": ()}],
)
def test_a_map_that_does_not_fit_together_is_as_good_as_none(change: dict) -> None:  # type: ignore[type-arg]
    sound = grid((2, 3), [0] * 6)
    assert fits_together(sound)
    broken = msgspec.structs.replace(sound, **change)
    assert not fits_together(broken)
    assert Foresight.of(Voice(id="v", model="m", safety=broken), 2) is None


def test_where_a_source_speaks_too_nothing_is_foreseen() -> None:
    voice = Voice(id="v", model="m", safety=grid((2, 3), [-10] * 6))
    assert Foresight.of(voice, 2) is not None
    assert Foresight.of(msgspec.structs.replace(voice, source=Source(kind="input")), 2) is None
    assert Foresight.of(msgspec.structs.replace(voice, foresight=0.0), 2) is None
    assert Foresight.of(voice, 3) is None


# ------------------------------------------------------------------ measuring


def hummer() -> Model:
    """The first latent is the level of a noise (a hop of the speaker's), all else is ignored."""
    hop = 32
    noise = quiet_noise(-30.0, 0.3)[0, : hop * 8]
    weight = np.zeros((2, 1, 2 * hop), np.float32)
    weight[0, 0, :hop] = noise[:hop]
    made = msgspec.structs.replace(SPEAKER.description, name="hummer", dims=2, latent=statistics(2, std=1e3))
    return Model(made, {"w": weight})


HUMMER = hummer()
AXES = (Axis(id="x", name="along"), Axis(id="y", name="across"))


def loud_corner() -> Piece:
    """The demonstrations are quiet, and the map climbs to where there are none."""
    shown = [
        Demonstration(id="a", point=(0.0, 0.0), latent=(1.0, 0.0), label="quiet"),
        Demonstration(id="b", point=(0.0, 1.0), latent=(1.0, 0.0)),
    ]
    corners = list(itertools.product((0.0, 1.0), repeat=2))
    settings = Settings(algorithm="polynomial", degree=1)
    mapping = fit(corners, [(1.0 + 100 * x, 0.0) for x, _ in corners], settings=settings)
    voice = Voice(
        id="v", model="hummer", demonstrations=tuple(shown), fitted=mapping.to_plain(),
        shaping=Shaping(clamp=0.0, smoothing_seconds=0.0),
    )  # fmt: skip
    sweep = Take(
        id="s", name="sweep", hop=32, sample_rate=RATE, length=3000, axes=("x", "y"),
        frames=(0, 1500), points=((0.0, 0.1), (1.0, 0.1)),
    )  # fmt: skip
    return Piece(id="p", name="a test", axes=AXES, voices=(voice,), takes=(sweep,))


def measured(piece: Piece, slot: int = 0) -> SafetyMap:
    ready = voices_of(piece, lambda _: HUMMER)
    found = surveyed(piece.voices, ready, slot, len(piece.axes))
    assert found is not None
    return found


def test_a_map_says_how_loud_each_place_is_and_what_to_take_off() -> None:
    piece = loud_corner()
    found = Foresight(measured(piece))
    quiet, loud = [0.0, 0.5], [1.0, 0.5]
    assert fits_together(found.map)
    assert found.at(loud, "loudness") - found.at(quiet, "loudness") == pytest.approx(401, abs=8)
    assert found.at(quiet, "trim") == 0
    assert found.at(loud, "trim") < -100
    over = found.at(loud, "loudness") - found.at(loud, "loud_from")
    assert found.at(loud, "trim") == pytest.approx(-min(over, 480), abs=1)
    held = Voice(id="w", model="hummer")
    still = render_piece(
        msgspec.structs.replace(
            piece, voices=(msgspec.structs.replace(held, shaping=Shaping(hold=(1.0, 0.0), clamp=0.0)),)
        ),
        piece.takes[0],
        lambda _: HUMMER,
    )
    told = found.at(quiet, "loudness") / 10
    assert momentary(still, RATE)[60] == pytest.approx(told, abs=1.0)


def test_what_was_demonstrated_is_never_touched() -> None:
    piece = loud_corner()
    found = Foresight(measured(piece))
    for each in piece.voices[0].demonstrations:
        assert found.gain(np.array(each.point)) == 1.0


def test_a_known_loud_place_is_turned_down_before_it_is_heard() -> None:
    piece = loud_corner()
    voice = msgspec.structs.replace(piece.voices[0], safety=measured(piece))
    free = msgspec.structs.replace(piece.master, guard_db=0.0)

    def peak(amount: float) -> float:
        wary = msgspec.structs.replace(voice, foresight=amount)
        made = msgspec.structs.replace(piece, voices=(wary,), master=free)
        return float(momentary(render_piece(made, made.takes[0], lambda _: HUMMER), RATE).max())

    off, half, whole = peak(0.0), peak(0.5), peak(1.0)
    assert off > half + 2.5 > whole + 5


def test_the_stage_plays_the_same_and_takes_over_what_was_measured() -> None:
    piece = loud_corner()
    voice = msgspec.structs.replace(piece.voices[0], safety=measured(piece))
    piece = msgspec.structs.replace(piece, master=Master(guard_db=0.0))
    wary = msgspec.structs.replace(piece, voices=(voice,))
    loud = np.array([1.0, 0.1])
    live = Live(wary, lambda _: HUMMER, lambda: loud)
    live.play(wary.takes[0])
    played = np.concatenate([live.step() for _ in range(3200)], axis=1)[:, live.player.delay :]
    wanted = render_piece(wary, wary.takes[0], lambda _: HUMMER)
    np.testing.assert_array_equal(played[:, : wanted.shape[1]], wanted)
    live = Live(piece, lambda _: HUMMER, lambda: loud)
    before = np.abs(np.concatenate([live.step() for _ in range(1000)], axis=1)[:, -9000:]).max()
    live.change(prepare(wary, live))
    after = np.abs(np.concatenate([live.step() for _ in range(1000)], axis=1)[:, -9000:]).max()
    assert after < before / 3


@pytest.mark.parametrize("axes", [1, 3, 4, 5, 9])
def test_spaces_of_any_size_have_a_map(axes: int) -> None:
    random = np.random.default_rng(axes)
    points = random.random((6, axes))
    latents = np.stack([1 + 20 * points[:, 0], 0 * points[:, 0]], axis=1)
    shown = tuple(
        Demonstration(id=str(i), point=tuple(p.tolist()), latent=tuple(z.tolist()))
        for i, (p, z) in enumerate(zip(points, latents, strict=True))
    )
    voice = Voice(
        id="v",
        model="hummer",
        demonstrations=shown,
        mapping=MappingSettings(algorithm="ridge"),
        shaping=Shaping(clamp=0.0),
    )
    names = tuple(Axis(id=str(i), name=str(i)) for i in range(axes))
    piece = Piece(id="p", name="", axes=names, voices=(voice,))
    found = Foresight(measured(piece))
    assert fits_together(found.map)
    assert bool(found.map.shape) == (axes <= 4)
    places = np.random.default_rng(1).random((30, axes))
    told = np.array([found.at(place, "loudness") for place in places]) / 10
    true = (
        Ground(voices_of(piece, lambda _: HUMMER)[0], VoiceControls(piece.voices[0].shaping))
        .at(places)
        .loudness
    )
    assert np.median(np.abs(told - true)) < 1.0
    assert np.corrcoef(told, true)[0, 1] > 0.8
    assert len(msgspec.msgpack.encode(found.map)) < 40_000


def test_measuring_stops_when_something_newer_is_asked() -> None:
    piece = loud_corner()
    ready = voices_of(piece, lambda _: HUMMER)
    counted = itertools.count()
    with pytest.raises(SurveyCancelled):
        surveyed(piece.voices, ready, 0, 2, lambda: next(counted) >= 2)
    assert next(counted) == 3


def test_the_fingerprint_follows_what_is_heard() -> None:
    voice = loud_corner().voices[0]
    one = fingerprint(voice, None, 2)
    assert one == fingerprint(msgspec.structs.replace(voice, gain_db=-6.0, foresight=0.1), None, 2)
    assert one != fingerprint(msgspec.structs.replace(voice, shaping=Shaping(clamp=0.5)), None, 2)
    assert one != fingerprint(msgspec.structs.replace(voice, model="other"), None, 2)


def test_without_a_mapping_there_is_nothing_to_measure() -> None:
    piece = Piece(id="p", name="", axes=AXES, voices=(Voice(id="v", model="hummer"),))
    assert surveyed(piece.voices, voices_of(piece, lambda _: HUMMER), 0, 2) is None
