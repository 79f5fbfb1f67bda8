"""A voice made by the server for a page: a real server, its pump, and a page that speaks WebSocket."""

import json
import os
import signal
import sys
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec
import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from isobath.engine.apart import Apart
from isobath.engine.controls import VoiceControls
from isobath.models.coder import load
from isobath.protocol.piece import Shaping, Source
from isobath.protocol.stream import (
    FRAME_BYTES,
    Begin,
    Control,
    Latents,
    Ready,
    Trouble,
    read_latents,
    read_sound,
    told,
    write_latents,
)
from isobath.server import streams as door
from tests.library.modelfiles import model_bytes
from tests.server.serving import serving

SOON = 20.0
LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")


class Voice:
    """A page's end of one streamed voice."""

    def __init__(self, socket):
        self.socket = socket

    def say(self, message):
        self.socket.send(msgspec.json.encode(message).decode())

    def ask(self, *asked):
        for each in asked:
            self.socket.send(write_latents(each))

    def hear(self, timeout=SOON):
        found = self.socket.recv(timeout)
        return told(found.encode()) if isinstance(found, str) else read_sound(found)

    def sound(self, count):
        return [self.hear() for _ in range(count)]


@contextmanager
def voice_of(served, model="whale", page="page", ready=True, **how):
    with served.socket(path=f"/stream/voice?model={model}&page={page}", **how) as socket:
        voice = Voice(socket)
        if ready:
            voice.ready = voice.hear()
            assert isinstance(voice.ready, Ready), voice.ready
        yield voice


def path_of(dims, frames, seed=1):
    return np.random.default_rng(seed).standard_normal((frames, dims)).astype(np.float32)


def threads_of(process):
    """Where the system tells of the threads of a process; none of one that is gone."""
    with suppress(OSError):
        return list(Path(f"/proc/{process}/task").iterdir())
    return []


def children_of(process):
    """The numbers of the processes that a process started."""
    found = set()
    for thread in threads_of(process):
        with suppress(OSError):
            found |= {int(each) for each in (thread / "children").read_text().split()}
    return found


def pumps():
    """The numbers of the processes behind all doors here."""
    own = children_of(os.getpid())
    return {c for c in own if b"isobath.server.pump" in Path(f"/proc/{c}/cmdline").read_bytes()}


def wait_for(check, seconds=SOON):
    end = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)
    return found


# ---------------------------------------------------------------------------- the wire itself


@pytest.mark.parametrize("given", [False, True])
@pytest.mark.parametrize("heard", [0, 64])
def test_frames_come_back_as_they_were_sent(given, heard):
    latent, dream = path_of(5, 2)
    sound = path_of(64, 2) if heard else None
    back = read_latents(write_latents(Latents(7, 9, latent, dream if given else None, sound)))
    assert (back.epoch, back.frame) == (7, 9)
    assert np.array_equal(back.latent, latent)
    assert (back.given is None) != given
    assert not given or np.array_equal(back.given, dream)
    assert (back.heard is None) == (heard == 0)
    assert not heard or np.array_equal(back.heard, sound)


@pytest.mark.parametrize("cut", [0, 3, 19, 21, 39])
def test_half_a_frame_is_none(cut):
    with pytest.raises(ValueError, match="bytes"):
        read_latents(write_latents(Latents(1, 0, np.zeros(5, np.float32)))[:cut])


# ------------------------------------------------------------------------------------- sound


def test_hops_are_what_the_voice_makes_offline_to_the_sample(shared):
    model = load(shared.library.models.get("whale").path)
    shaping = Shaping(scale=(1.5,) * model.dims, noise=(0.2,) * model.dims, smoothing_seconds=0.05)
    latents = path_of(model.dims, 40)
    offline = Apart(model)
    offline.set(VoiceControls(shaping))
    offline.reset(5)
    wanted = [offline.hop(z) for z in latents]
    with voice_of(shared) as voice:
        assert (voice.ready.hop, voice.ready.dims) == (model.hop, model.dims)
        voice.say(Control(shaping=shaping))
        voice.say(Begin(epoch=3, seed=5))
        voice.ask(*(Latents(3, k, z) for k, z in enumerate(latents)))
        made = voice.sound(len(latents))
    assert [hop.frame for hop in made] == list(range(40))
    assert all(np.array_equal(hop.audio, each) for hop, each in zip(made, wanted, strict=True))
    assert np.array_equal(made[-1].latent, offline.shaped)


def test_a_voice_listens_to_what_the_page_hears(shared):
    model = load(shared.library.models.get("whale").path)
    source = Source(kind="input", match=False)
    heard = 0.3 * path_of(2 * model.hop, 12).reshape(12, 2, model.hop)
    latents = path_of(model.dims, 12)
    offline = Apart(model)
    offline.set(VoiceControls(source=source))
    offline.reset(1)
    wanted = [offline.hop(z, x) for z, x in zip(latents, heard, strict=True)]
    with voice_of(shared) as voice:
        voice.say(Control(source=source))
        voice.say(Begin(epoch=1))
        voice.ask(*(Latents(1, k, latents[k], None, heard[k]) for k in range(12)))
        made = voice.sound(12)
    assert all(np.array_equal(hop.audio, each) for hop, each in zip(made, wanted, strict=True))


def test_a_new_beginning_leaves_old_frames_unanswered(shared):
    zero = np.zeros(4, np.float32)
    with voice_of(shared) as voice:
        zero = np.zeros(voice.ready.dims, np.float32)
        voice.say(Begin(epoch=1))
        voice.ask(Latents(0, 0, zero))
        voice.say(Begin(epoch=2))
        voice.ask(Latents(1, 1, zero), Latents(2, 0, zero))
        assert voice.hear().epoch == 2


def test_several_voices_do_not_hear_of_each_other(shared):
    with voice_of(shared) as one, voice_of(shared) as two:
        z = path_of(one.ready.dims, 2)
        for voice, latent in ((one, z[0]), (two, z[1])):
            voice.say(Begin(epoch=1))
            voice.ask(*(Latents(1, k, latent) for k in range(8)))
        first, second = one.sound(8), two.sound(8)
    assert not np.allclose(first[-1].audio, second[-1].audio)


# ---------------------------------------------------------------------------- who may not


def test_strangers_are_shown_the_door(shared):
    with pytest.raises((InvalidStatus, ConnectionClosed)), voice_of(shared, cookie="isobath=wrong"):
        pass
    with pytest.raises((InvalidStatus, ConnectionClosed)), voice_of(shared, origin="http://elsewhere"):
        pass


def test_a_model_that_is_not_there_is_one_sentence(shared):
    with voice_of(shared, model="nothing", ready=False) as voice:
        answer = voice.hear()
        assert isinstance(answer, Trouble)
        assert answer.lasting
        assert "no model" in answer.sentence


def test_a_page_has_a_limit_and_so_has_the_server(served, monkeypatch):
    monkeypatch.setattr(door, "MOST_A_PAGE", 1)
    monkeypatch.setattr(door, "MOST_PAGES", 1)
    with voice_of(served):
        for page, said in (("page", "voices already"), ("other", "pages")):
            with voice_of(served, page=page, ready=False) as refused:
                answer = refused.hear()
                assert isinstance(answer, Trouble)
                assert said in answer.sentence
    wait_for(lambda: _free(served))


def _free(shared):
    with voice_of(shared, ready=False) as voice:
        return isinstance(voice.hear(), Ready)


def test_what_is_no_frame_is_told_and_the_voice_plays_on(shared):
    with voice_of(shared) as voice:
        voice.say(Begin(epoch=1))
        for nonsense in (b"", b"\0" * 17, json.dumps({"type": "begin"}), "[" * 2000):
            voice.socket.send(nonsense)
        trouble = voice.hear()
        assert isinstance(trouble, Trouble)
        assert "no frame" in trouble.sentence
        assert not trouble.lasting
        voice.ask(Latents(1, 0, np.zeros(voice.ready.dims, np.float32)))
        wait_for(lambda: not isinstance(voice.hear(), Trouble))


def test_values_that_are_no_numbers_make_no_noise(shared):
    with voice_of(shared) as voice:
        voice.say(Begin(epoch=1))
        voice.ask(*(Latents(1, k, np.full(voice.ready.dims, v, np.float32))
                    for k, v in enumerate((np.nan, np.inf, -np.inf, 1e30))))  # fmt: skip
        assert all(np.isfinite(hop.audio).all() for hop in voice.sound(4))


def test_too_large_a_frame_ends_the_stream(shared):
    with voice_of(shared) as voice:
        voice.socket.send(b"\0" * (FRAME_BYTES + 1))
        with pytest.raises(ConnectionClosed) as ended:
            voice.hear()
        assert ended.value.rcvd.code == 1009


def test_a_flood_is_slowed_down_and_answered(shared):
    with voice_of(shared) as voice:
        seconds = voice.ready.hop / voice.ready.sample_rate
        count = int(6.0 / seconds / 4)  # 1.5 s of sound beyond the burst at three times the pace
        flood = int(12.0 / seconds) + count
        voice.say(Begin(epoch=1))
        start = time.monotonic()
        zero = np.zeros(voice.ready.dims, np.float32)
        frames = [write_latents(Latents(1, k, zero)) for k in range(flood)]
        threading.Thread(target=lambda: [voice.socket.send(each) for each in frames], daemon=True).start()
        voice.sound(flood)
        assert time.monotonic() - start > 0.8 * count * seconds / 3


# --------------------------------------------------------------------------------- endings


@LINUX
def test_a_pump_that_dies_takes_nobody_along(served):
    others = pumps()
    with voice_of(served) as voice:
        (pump,) = pumps() - others
        os.kill(pump, signal.SIGKILL)
        with pytest.raises(ConnectionClosed):
            voice.hear()
    with voice_of(served) as voice:
        voice.say(Begin(epoch=1))
        voice.ask(Latents(1, 0, np.zeros(voice.ready.dims, np.float32)))
        assert voice.hear().frame == 0


@LINUX
def test_a_page_that_closes_frees_its_voice_and_the_server_its_pump(home, static):
    others = pumps()
    home.make()
    (home.models / "whale.safetensors").write_bytes(model_bytes("whale"))
    with serving(home, static) as served:
        with voice_of(served):
            (pump,) = pumps() - others
            threads = len(threads_of(pump))
        wait_for(lambda: len(threads_of(pump)) < threads)
    wait_for(lambda: pump not in pumps())


def test_a_model_of_bars_is_a_voice_in_the_tempo_of_the_piece(shared):
    from isobath.library.bars import played_bars
    from isobath.protocol.piece import BarsPlayed

    played = played_bars("drums-2")
    phrases = played.model.statistics.phrases
    asked = [Latents(1, k, phrases[3 if k < 60 else 9]) for k in range(100)]
    bars = BarsPlayed(every="beat")
    with voice_of(shared, model="drums-2", page="bars") as voice:
        assert (voice.ready.dims, voice.ready.channels, voice.ready.hop) == (32, 2, played.hop)
        voice.say(Control(bars=bars, bpm=180.0))
        voice.say(Begin(epoch=1, seed=1))
        voice.ask(*asked)
        heard = np.concatenate([each.audio for each in voice.sound(len(asked))], axis=1)
    apart = Apart(played)
    apart.set(VoiceControls(bars=bars, bpm=180.0))
    apart.reset(1)
    assert np.array_equal(heard, np.concatenate([apart.hop(each.latent) for each in asked], axis=1))
    assert np.abs(heard).max() > 0.05
    with shared.client() as client:
        told = client.get("/models/drums-2").json()
        listed = {each["name"]: each for each in client.get("/models").json()}
    assert told["runs_apart"]
    assert len(told["latent"]["mean"]) == 32
    assert listed["melody"]["bars"] == "melody"
    assert listed["drums"]["bars"] == ""
