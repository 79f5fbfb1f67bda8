"""Hands in pictures: by colour in a film of our own, by landmarks that a tracker gives, and to an Isobath."""

import math
import time
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner

from isobath.cli.group import isobath
from isobath.errors import UsageError
from isobath.inputs.hands import MODEL, ColourTracker, LandmarkTracker, frames_of
from isobath.inputs.osc.receiver import OscReceiver

RED, BLUE = (208, 32, 32), (30, 60, 200)


def picture(*balls, size=(120, 160), seed=0):
    """A grey, noisy room with balls of these (colour, x, y, radius)."""
    rows, columns = np.mgrid[: size[0], : size[1]]
    room = np.random.default_rng(seed).integers(90, 130, size)[:, :, None].repeat(3, axis=2)
    for colour, x, y, radius in balls:
        inside = (columns - x * size[1]) ** 2 + (rows - y * size[0]) ** 2 <= (radius * size[1]) ** 2
        room[inside] = colour
    return room.astype(np.uint8)


def film(path, pictures):
    av = pytest.importorskip("av", reason="pip install 'isobath[media]'")
    with av.open(str(path), "w") as out:
        stream = out.add_stream("mpeg4", rate=25)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt, stream.bit_rate = "yuv420p", 4_000_000
        for each in pictures:
            out.mux(stream.encode(av.VideoFrame.from_ndarray(each, format="rgb24")))
        out.mux(stream.encode(None))
    return path


def test_a_colour_is_found_where_it_is_as_in_a_mirror():
    track = ColourTracker([RED, BLUE])
    found = track(picture((RED, 0.25, 0.25, 0.06), (BLUE, 0.7, 0.8, 0.1)))
    assert found["first x"] == pytest.approx(0.75, abs=0.01)
    assert found["first y"] == pytest.approx(0.75, abs=0.01)
    assert found["second x"] == pytest.approx(0.3, abs=0.01)
    assert found["second y"] == pytest.approx(0.2, abs=0.01)
    assert found["second size"] > found["first size"] > 0.1


def test_what_is_not_there_says_nothing():
    track = ColourTracker([RED])
    assert track(picture()) == {}
    assert track(picture((BLUE, 0.5, 0.5, 0.1))) == {}
    assert track(np.zeros((4, 4, 3), np.uint8)) == {}
    assert track(picture((RED, 0.5, 0.5, 0.001))) == {}


def test_grey_is_no_colour_to_follow():
    with pytest.raises(UsageError, match="too grey"):
        ColourTracker([(120, 118, 121)])


def hand(x=0.5, y=0.5, size=0.2, pinch=1.0, fist=False, turn=0.0):
    """21 points of a hand that is drawn with a ruler: the wrist below, fingers up."""
    points = np.zeros((21, 3))
    points[0] = (0, 0.5, 0)
    for finger, across in enumerate((-0.6, -0.3, 0.0, 0.3, 0.6)):
        for joint in range(4):
            up = 0.5 - (joint * (0.05 if fist else 0.4))
            points[1 + 4 * finger + joint] = (across * 0.5, up - 0.5 if finger else up, 0)
    points[9] = (0, -0.5, 0)
    points[4] = points[8] + np.array([-pinch, 0, 0])
    c, s = math.cos(turn), math.sin(turn)
    turned = points @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]])
    return [SimpleNamespace(x=x + size * a, y=y + size * b, z=c_) for a, b, c_ in turned]


def seen(*hands_):
    return SimpleNamespace(
        hand_landmarks=[points for _, points in hands_],
        handedness=[[SimpleNamespace(category_name=side)] for side, _ in hands_],
    )


def told(tmp_path, *hands_):
    return LandmarkTracker(tmp_path, lambda _: seen(*hands_))(picture())


def test_landmarks_become_values_of_each_hand(tmp_path):
    found = told(tmp_path, ("Right", hand(0.25, 0.3)), ("Left", hand(0.8, 0.6, pinch=0.0, fist=True)))
    assert found["right x"] == pytest.approx(0.75, abs=0.05)
    assert found["right y"] == pytest.approx(0.7, abs=0.05)
    assert found["left x"] == pytest.approx(0.2, abs=0.05)
    assert found["right pinch"] > 0.7 > 0.05 > found["left pinch"]
    assert found["right open"] > found["left open"]
    assert found["right turn"] == pytest.approx(0.5, abs=0.01)
    left = told(tmp_path, ("Right", hand(turn=0.6)))["right turn"]
    right = told(tmp_path, ("Right", hand(turn=-0.6)))["right turn"]
    assert {left < 0.4, right < 0.4} == {True, False}
    assert all(0.0 <= value <= 1.0 for value in found.values())


def test_landmarks_that_are_none_are_left_out(tmp_path):
    broken = hand()
    broken[3].x = math.nan
    assert told(tmp_path, ("Right", broken)) == {}
    assert told(tmp_path, ("Right", hand()[:5])) == {}
    assert told(tmp_path, ("Third", hand())) == {}
    assert told(tmp_path) == {}


def test_a_film_moves_a_piece_by_osc(tmp_path):
    path = film(tmp_path / "hand.mp4", [picture((RED, 0.2 + 0.05 * i, 0.5, 0.08), seed=i) for i in range(13)])
    assert len(list(frames_of(str(path)))) == 13
    heard = []
    receiver = OscReceiver("127.0.0.1", 0, lambda message: heard.append((message.address, message.values[0])))
    try:
        done = CliRunner().invoke(
            isobath, ["hands", str(path), "--colour", "#d02020", "--osc", f"127.0.0.1:{receiver.address[1]}"]
        )
        assert done.exit_code == 0, done.output
        for _ in range(100):
            if len(heard) >= 39:
                break
            time.sleep(0.02)
    finally:
        receiver.close()
    xs = [value for address, value in heard if address == "/isobath/hands/first/x"]
    np.testing.assert_allclose(xs, 0.8 - 0.05 * np.arange(13), atol=0.02)


def test_where_the_model_of_hands_is_to_be_had_is_told(tmp_path):
    other = tmp_path / "hand_landmarker.task"
    for there in (False, True):
        if there:
            other.write_bytes(b"<html>not found</html>")
        done = CliRunner().invoke(isobath, ["hands", "--model", str(other), "--watch"])
        assert done.exit_code == 2
        assert MODEL in done.output
        assert done.output.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--model", "some.task", "--colour", "#d02020"), "say one of"),
        (("--colour", "#d02020"), "Say where to"),
        (("--colour", "red", "--watch"), "no colour"),
        (("--model", "nowhere.task", "--watch"), "not there"),
        (("--colour", "#d02020", "--to", "ws://127.0.0.1:9/controllers?key=x"), "Nobody lets us in"),
        (("--colour", "#d02020", "--to", "nonsense"), "Nobody lets us in"),
    ],
    ids=["two trackers", "nowhere", "no colour", "no model", "nobody there", "no address"],
)
def test_what_is_missing_is_told_in_a_sentence(words, says):
    done = CliRunner().invoke(isobath, ["hands", *words])
    assert done.exit_code == 2
    assert says in done.output


def drawn(x, y, apart=1.0, size=(480, 640)):
    """A left hand, its palm to the camera, drawn with round pencils."""
    from PIL import Image, ImageDraw, ImageFilter

    image = Image.new("RGB", size[::-1], (70, 85, 95))
    pencil, skin = ImageDraw.Draw(image), (214, 164, 132)
    middle, base = x * size[1], y * size[0]

    def limb(begin, end, thick, thin):
        for t in np.linspace(0, 1, 60):
            at, r = (1 - t) * np.array(begin) + t * np.array(end), (1 - t) * thick + t * thin
            pencil.ellipse([*(at - r), *(at + r)], fill=skin)

    pencil.rounded_rectangle([middle - 52, base - 60, middle + 52, base + 60], radius=30, fill=skin)
    limb((middle, base + 40), (middle, base + 200), 38, 42)
    for across, length in ((-42, 100), (-15, 118), (14, 110), (40, 85)):
        lean = 0.22 * across / 42 * apart
        root = (middle + across, base - 45)
        limb(root, (root[0] + length * math.sin(lean), root[1] - length * math.cos(lean)), 15, 11)
    limb((middle + 48, base + 15), (middle + 105, base - 45), 18, 12)
    return np.asarray(image.filter(ImageFilter.GaussianBlur(1.2)))


def test_mediapipe_finds_a_bare_hand():
    pytest.importorskip("mediapipe", reason="pip install 'isobath[hands]'")
    for x in (0.35, 0.65):
        track = LandmarkTracker()
        found = [track(drawn(x, 0.6)) for _ in range(5)][-1]
        side = "left" if "left x" in found else "right"
        assert found[f"{side} x"] == pytest.approx(1 - x, abs=0.06)
        assert found[f"{side} y"] == pytest.approx(0.38, abs=0.08)
        assert found[f"{side} open"] > 0.5
        assert found[f"{side} pinch"] > 0.3
        assert found[f"{side} turn"] == pytest.approx(0.5, abs=0.08)
