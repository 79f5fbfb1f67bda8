"""Pieces whose voices listen, dream and follow: offline here, and the same samples in the page's loop."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest

from isobath.engine import render_piece
from isobath.engine.listening import matching
from isobath.engine.player import Player
from isobath.engine.sources import Recorded, quantised
from isobath.engine.voices import leaders, voices_of
from isobath.errors import ModelMismatch, PieceError
from isobath.mapping import fit
from isobath.models.coder import Model
from isobath.protocol.piece import (
    Master,
    Piece,
    SafetyMap,
    Scene,
    SceneChange,
    Shaping,
    Source,
    Take,
    Voice,
)
from isobath.protocol.world import Box, Carried, Edge, Landmark, WalkAxes, World
from isobath.types import Audio

from .loudspeaker import RATE, listener, quiet_noise, repeater, whistle
from .pieces import AXES, circle, demonstrations, voice

ROOT = Path(__file__).parents[2]
NODE, BUNDLER = shutil.which("node"), ROOT / "web" / "node_modules" / ".bin" / "rolldown"
MODELS: dict[str, Model] = {
    "whistle": whistle(loudness=0.5),
    "listener": listener(),
    "wide": listener(channels=2, seed=5),
    "repeater": repeater(hop=32),
    "cd": listener(rate=44100),
    "radio": whistle(loudness=0.5, rate=16000),
    "radio ear": listener(channels=2, seed=5, rate=16000),
}
LOOP = "a" * 64
LIVE = "b" * 64
SOUNDS = {
    LOOP: quiet_noise(-20.0, 1.0)[:, :7001].astype(np.float32),
    LIVE: quantised(np.tile(quiet_noise(-26.0, 1.0)[:, :9000], (2, 1)) * [[1.0], [0.5]]),
}
DREAM = np.random.default_rng(8).standard_normal((400, 4)).astype(np.float32)
LIVELY = Shaping(drift=0.5, drift_seconds=0.1, noise=(0.1,) * 4, smoothing_seconds=0.01)
RAW = Shaping(smoothing_seconds=0.0, clamp=0.0)


def load_model(name: str) -> Model:
    return MODELS[name]


def load_sound(name: str, rate: int) -> Audio:
    assert rate == RATE
    return SOUNDS[name]


def dream_of(model: str, source: Source) -> Iterator[np.ndarray]:
    assert model == "listener"
    yield from DREAM * source.temperature


def piece(*voices: Voice, take: Take | None = None, **more) -> Piece:  # type: ignore[no-untyped-def]
    return Piece(id="p", name="a test", axes=AXES, voices=voices, takes=(take or circle(),), **more)


def render(made: Piece) -> Audio:
    return render_piece(made, made.takes[-1], load_model, load_sound=load_sound, dream_of=dream_of)


def fitted() -> dict:  # type: ignore[type-arg]
    shown = demonstrations()
    return fit([d.point for d in shown], [d.latent for d in shown]).to_plain()


def of(id: str, model: str, source: Source | None = None, **more) -> Voice:  # type: ignore[no-untyped-def]
    more.setdefault("shaping", LIVELY)
    return Voice(id=id, model=model, source=source or Source(), **more)


def hilly(nodes: int = 5) -> SafetyMap:
    """Quieter and quieter towards one corner."""
    trim = [-8 * (i + j) ** 2 // 4 for i in range(nodes) for j in range(nodes)]
    rest = (0,) * len(trim)
    return SafetyMap(
        axes=2, shape=(nodes, nodes), trim=tuple(trim), loudness=rest, roughness=rest, loud_from=rest
    )


def scattered(count: int = 40) -> SafetyMap:
    random = np.random.default_rng(3)
    rest = (0,) * count
    return SafetyMap(
        axes=2, points=tuple(tuple(row) for row in random.integers(0, 1001, (count, 2)).tolist()),
        nearness=90.0,
        slopes=((0.0, 0.0), (0.0, 0.0), (-40.0, 10.0), (0.0, 0.0)),
        trim=tuple(random.integers(-200, 1, count).tolist()), loudness=rest, roughness=rest, loud_from=rest,
    )  # fmt: skip


def orchestra() -> Piece:
    """One mapping drives all; one listens to a sound, one to the room, one to a neighbour, one dreams."""
    return piece(
        of("lead", "whistle", fitted=fitted(), gain_db=-6.0, pan=-0.5, safety=hilly(), foresight=0.8),
        of("wary", "whistle", fitted=fitted(), gain_db=-6.0, safety=scattered()),
        of("loop", "listener", Source(kind="sound", sound=LOOP, loudness=-22.0, wet=0.7, manner=("bias",)),
           fitted=fitted()),
        of("room", "wide", Source(kind="input", gain_db=3.0, manner=("absolute", "scale"), amount=(0.5,)),
           follows="lead", pan=0.4),
        of("near", "listener", Source(kind="voice", voice="room", wet=0.9), muted=False, gain_db=-3.0),
        of("dream", "listener", Source(kind="prior", manner=("follow", "bias"), temperature=0.8),
           follows="loop"),
        of("self", "repeater", Source(kind="voice", voice="self", gain_db=-6.0, wet=0.5), muted=True,
           shaping=RAW),
        take=msgspec.structs.replace(circle(length=200), input=LIVE),
        master=Master(gain_db=3.0),
    )  # fmt: skip


def travellers() -> Piece:
    """Three rates at once: a lead and its take at 16 kHz, listeners at 44.1 and 16 kHz, the player at 48."""
    return piece(
        of("lead", "radio", fitted=fitted(), gain_db=-6.0, pan=-0.5),
        of("loop", "cd", Source(kind="sound", sound=LOOP, loudness=-22.0, wet=0.7, manner=("bias",)),
           fitted=fitted()),
        of("room", "radio ear", Source(kind="input", gain_db=3.0, manner=("absolute",), amount=(0.5,)),
           follows="lead", pan=0.4),
        of("near", "cd", Source(kind="voice", voice="room", wet=0.9), gain_db=-3.0),
        of("high", "wide", Source(kind="voice", voice="near", wet=0.8), follows="loop"),
        take=msgspec.structs.replace(circle(length=70), input=LIVE, sample_rate=16000),
        master=Master(gain_db=3.0),
    )  # fmt: skip


# ------------------------------------------------------------------ alone


def test_a_sound_comes_out_of_the_repeater_over_and_over() -> None:
    made = piece(
        of("r", "repeater", Source(kind="sound", sound=LOOP, match=False, gain_db=-12.0), shaping=RAW)
    )
    heard = render(made)[0]
    wanted = np.take(SOUNDS[LOOP][0], np.arange(heard.size), mode="wrap") * 10**-0.6
    np.testing.assert_allclose(heard[512:], wanted[512 - 32 : -32], atol=1e-6)


def test_recorded_input_replays_to_the_sample_and_ends_in_silence() -> None:
    take = msgspec.structs.replace(circle(length=200), input=LIVE)
    source = Source(kind="input", match=False, gain_db=-12.0)
    heard = render(piece(of("r", "repeater", source, shaping=RAW), take=take))[0]
    wanted = SOUNDS[LIVE].mean(axis=0) * 10**-0.6
    np.testing.assert_allclose(heard[512:9000], wanted[512 - 32 : 9000 - 32], atol=1e-6)
    assert np.abs(heard[9032:]).max() == 0.0


def test_an_overdub_hears_the_input_of_the_take_below() -> None:
    below = msgspec.structs.replace(circle(length=200), input=LIVE)
    top = msgspec.structs.replace(circle(length=200), id="top", over="circle", axes=(), points=((),) * 100)
    voices = (of("r", "repeater", Source(kind="input"), shaping=RAW),)
    made = Piece(id="p", name="a test", axes=AXES, voices=voices, takes=(below, top))
    alone = piece(*voices, take=below)
    np.testing.assert_array_equal(render(made), render(alone))


def test_without_recorded_input_the_room_is_silent() -> None:
    assert np.abs(render(piece(of("r", "repeater", Source(kind="input"), shaping=RAW)))).max() == 0.0


def test_the_same_piece_sounds_the_same() -> None:
    np.testing.assert_array_equal(render(orchestra()), render(orchestra()))


@pytest.mark.parametrize("kind", ["input", "sound", "voice"])
def test_a_model_that_cannot_listen_says_so(kind: str) -> None:
    with pytest.raises(ModelMismatch, match="no encoder"):
        render(piece(of("w", "whistle", Source(kind=kind, sound=LOOP))))  # type: ignore[arg-type]


def test_a_dream_without_a_prior_and_a_sound_without_a_library_say_so() -> None:
    for source, said in ((Source(kind="prior"), "prior"), (Source(kind="sound", sound=LOOP), "not here")):
        made = piece(of("l", "listener", source))
        with pytest.raises(PieceError, match=said):
            render_piece(made, made.takes[0], load_model)


def test_a_recording_loops_with_its_take() -> None:
    sound = np.arange(10, dtype=np.float32)[None].repeat(2, axis=0)
    np.testing.assert_array_equal(Recorded(sound, 6, loop=True)(4, 5)[0], [4, 5, 0, 1, 2])
    np.testing.assert_array_equal(Recorded(sound, 6)(4, 8)[0], [4, 5, 6, 7, 8, 9, 0, 0])
    in_time = Recorded(sound, 2.5, loop=True)
    np.testing.assert_array_equal(in_time(0, 10)[0], [0, 1, 2, 0, 1, 0, 1, 2, 0, 1])


def test_matching_knows_what_it_knows() -> None:
    assert matching(Source(kind="sound", loudness=-20.0), -26.0) == (pytest.approx(10**-0.3), 0.0)
    assert matching(Source(kind="sound", loudness=-90.0), -26.0) == (pytest.approx(10**1.2), 0.0)
    assert matching(Source(kind="sound"), -26.0) == (1.0, -26.0)
    assert matching(Source(kind="input"), -26.0) == (1.0, -26.0)
    assert matching(Source(kind="input", match=False), -26.0) == (1.0, 0.0)
    assert matching(Source(), -26.0) == (1.0, 0.0)


# ------------------------------------------------------------------ several voices


def test_one_mapping_drives_all_voices_in_units_of_their_spread() -> None:
    voices = (voice(), of("far", "listener", follows="whistle"), of("further", "wide", follows="far"))
    lead, far, further = voices_of(piece(*voices), load_model)
    gesture = np.array([0.3, 0.7])
    np.testing.assert_allclose(far.latent(gesture), lead.latent(gesture))
    np.testing.assert_allclose(further.latent(gesture), lead.latent(gesture))


def test_dimensions_that_the_leader_lacks_stay_at_the_base() -> None:
    many = of("many", "repeater", follows="whistle", shaping=Shaping(hold=(0.5,) * 32))
    _, follower = voices_of(piece(voice(), many), load_model)
    latent = follower.latent(np.array([0.3, 0.7]))
    assert np.abs(latent[:4]).max() > 1.0  # the repeater's deviation is 1000
    np.testing.assert_array_equal(latent[4:], 0.5)


def test_who_follows_in_a_circle_or_nobody_plays_alone() -> None:
    def chain(**follows: str | None) -> dict[str, str]:
        return leaders([Voice(id=id, model="m", follows=whom) for id, whom in follows.items()])

    assert chain(a=None, b="a", c="b") == {"b": "a", "c": "a"}
    assert chain(a="b", b="a", c="gone", d="c", e="e") == {}


def test_solo_silences_the_others_but_not_what_they_are_listened_to_for() -> None:
    lead = voice(gain_db=-12.0)
    ear = of("ear", "repeater", Source(kind="voice", voice="whistle", match=False), solo=True, shaping=RAW)
    heard = render(piece(lead, ear))
    muted = render(piece(msgspec.structs.replace(lead, muted=True), msgspec.structs.replace(ear, solo=False)))
    np.testing.assert_array_equal(heard, muted)
    assert heard.std() > 1e-3
    silent = render(piece(lead, msgspec.structs.replace(ear, muted=True)))
    assert np.abs(silent).max() == 0.0


def staged() -> Piece:
    """A take through three scenes: a long way, another one in the midst of it, and another model."""
    lead = of("lead", "whistle", fitted=fitted(), gain_db=-3.0, shaping=Shaping(smoothing_seconds=0.01))
    other = of("other", "wide", fitted=fitted(), muted=True, gain_db=-3.0)
    back = msgspec.structs.replace(
        lead,
        fitted=None,
        demonstrations=(),
        pan=0.6,
        gain_db=-9.0,
        shaping=Shaping(smoothing_seconds=0.01, hold=(0.5, -0.5, 1.0, 0.0), bias=(0.2,)),
    )
    loud = msgspec.structs.replace(other, muted=False)
    changes = (
        SceneChange(frame=40, scene="back", seconds=0.2),
        SceneChange(frame=70, scene="lead", seconds=0.1),
        SceneChange(frame=150, scene="loud", seconds=0.05),
    )
    return piece(
        lead,
        other,
        take=msgspec.structs.replace(circle(length=260), scenes=changes),
        scenes=tuple(
            Scene(id=name, name=name, voices=(each,))
            for name, each in (("back", back), ("lead", lead), ("loud", loud))
        ),
    )


def wanderers() -> Piece:
    """A world where everything is placed: two voices, one of them on a landmark, a sound, boxes, an edge."""
    at = Carried(kind="voice", voice="wide", reference=2.0)
    marks = (
        Landmark(id="one", position=(8.0, 0.0, -5.0), size=(2.0, 2.0, 2.0), carries=at),
        Landmark(id="two", position=(-6.0, 0.0, 3.0), carries=Carried(sound=LOOP, gain_db=-6.0)),
    )
    boxes = (
        Box(id="hall", position=(-12.0, 0.0, 0.0), size=(12.0, 12.0, 12.0), wet=0.5),
        Box(id="mist", position=(12.0, 0.0, 0.0), filter="low", wet=0.2, decay=1.0, fade=6.0),
    )
    world = World(
        axes=WalkAxes(x="x", azimuth="y"),
        size=(40.0, 40.0, 40.0),
        placement="head",
        landmarks=marks,
        boxes=boxes,
        edge=Edge(metres=5.0),
    )
    return piece(of("lead", "whistle", fitted=fitted()), of("wide", "wide", gain_db=-3.0), world=world)


# ------------------------------------------------------------------ the page's loop


@pytest.fixture(scope="module")
def page_audio(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if NODE is None or not BUNDLER.exists():
        pytest.skip("Node or web/node_modules is not here: the page's loop cannot be run")
    out = tmp_path_factory.mktemp("page") / "audio.mjs"
    entry = Path(__file__).parent / "page_audio.ts"
    command = [str(BUNDLER), str(entry), "--format", "esm", "--file", str(out)]
    done = subprocess.run(command, capture_output=True, timeout=60, check=False, cwd=ROOT / "web")
    assert done.returncode == 0, done.stderr.decode()
    return out


@pytest.mark.parametrize(
    ("make", "block"),
    [(orchestra, 128), (orchestra, 96), (travellers, 128), (staged, 96), (wanderers, 96)],
    ids=lambda each: str(each)[:20],
)
def test_the_page_plays_the_same_samples(
    page_audio: Path, tmp_path: Path, make: Callable[[], Piece], block: int
) -> None:
    made = make()
    here = render(made)
    blocks = [block] * (-(-(here.shape[1] + 500) // block))
    script = {
        "rate": RATE,
        "piece": msgspec.to_builtins(made),
        "take": msgspec.to_builtins(made.takes[-1]),
        "dream": (DREAM * 0.8).tolist(),
        "blocks": blocks,
        "models": {
            name: {
                "mean": list(each.description.latent.mean),
                "std": list(each.description.latent.std),
                "match_lufs": each.match_lufs,
                "hop": each.hop,
                "sample_rate": each.sample_rate,
            }
            for name, each in MODELS.items()
        },
    }
    (tmp_path / "script.json").write_text(json.dumps(script))
    for slot, each in enumerate(made.voices):
        (tmp_path / f"{slot}.blob").write_bytes(
            MODELS[each.model].blob(encoder=MODELS[each.model].can_encode)
        )
    for name, sound in SOUNDS.items():
        (tmp_path / f"{name}.f32").write_bytes(np.broadcast_to(sound, (2, sound.shape[1])).tobytes())
    command = [NODE or "node", str(Path(__file__).parent / "play_loop.mjs"), str(page_audio),
               str(ROOT / "kernel" / "wasm" / "isobath.simd.wasm"), str(tmp_path / "script.json"),
               str(tmp_path)]  # fmt: skip
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr.decode()
    there = np.frombuffer(done.stdout, np.float32).reshape(-1, 2, block).transpose(1, 0, 2).reshape(2, -1)
    late = Player(RATE).delay  # which `isobath render` takes out
    assert here.std() > 0.02
    np.testing.assert_allclose(there[:, late : late + here.shape[1]], here, atol=1e-4)
