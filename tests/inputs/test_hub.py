"""Storms, and every number of axes and dimensions."""

import threading
import time

import numpy as np
import pytest

from isobath.inputs.hub import Hub
from isobath.inputs.osc.packets import read_packet
from isobath.inputs.osc.receiver import OscReceiver
from isobath.mapping import fit
from isobath.protocol.controllers import Input, OscSource
from isobath.protocol.piece import Axis, Piece
from tests.inputs.packets import message


def piece(axes):
    named = tuple(Axis(id=f"a{i}", name=f"axis {i}") for i in range(axes))
    inputs = tuple(
        Input(id=f"i{i}", axis=f"a{i}", source=OscSource(address="/body/{left,right}/*", argument=i))
        for i in range(axes)
    )
    return Piece(id="p", name="p", axes=named, inputs=inputs)


def osc(hub, data):
    for each in read_packet(data):
        hub.osc(each)


@pytest.mark.parametrize("dims", [4, 64])
@pytest.mark.parametrize("axes", [2, 3, 6, 15, 64])
def test_so_many_axes_reach_so_many_dimensions(axes, dims):
    random = np.random.default_rng(axes + dims)
    now = [0.0]
    hub, at = Hub(lambda: now[0]), {}
    hub.tell(lambda _, moved, values: at.update(zip(moved, values, strict=True)), lambda *_: None)
    hub.show(piece(axes))
    points, latents = [], []
    for k in range(8):
        gesture = random.random(axes)
        osc(hub, message("/body/left/hand", "f" * axes, *gesture))
        for _ in range(40):
            now[0] += 0.005
            hub.step(now[0])
        point = [at[f"a{i}"] for i in range(axes)]
        assert point == pytest.approx(gesture, abs=0.021 if k else 1e-6)
        points.append(point)
        latents.append(random.normal(size=dims))
    mapping = fit(points, latents)
    assert mapping(points[3]) == pytest.approx(latents[3], abs=1e-6)
    assert np.isfinite(mapping(random.random(axes))).all()


def test_a_storm_moves_the_axes_at_most_two_hundred_times_a_second_and_stalls_nothing():
    hub, told = Hub(), []
    hub.tell(lambda *moved: told.append((time.monotonic(), moved[2])), lambda *_: None)
    hub.show(piece(8))
    hub.start()
    packet = [message("/body/left/x", "f" * 8, *([i / 2000] * 8)) for i in range(2000)]
    gaps, stop = [], threading.Event()

    def beat():
        then = time.monotonic()
        while not stop.wait(0.002):
            now = time.monotonic()
            gaps.append(now - then)
            then = now

    heart = threading.Thread(target=beat)
    heart.start()
    began = time.monotonic()
    for k in range(50_000):
        osc(hub, packet[k % 2000])
        if k % 500 == 499:
            time.sleep(max(0.0, k / 50_000 - (time.monotonic() - began)))
    took = time.monotonic() - began
    osc(hub, message("/body/left/x", "f" * 8, *[0.125] * 8))
    time.sleep(0.3)
    stop.set()
    heart.join()
    hub.stop()
    assert told[-1][1] == [0.125] * 8
    assert len(told) <= 205 * (took + 0.4)
    assert len(told) > 20
    assert np.median(gaps) < 0.05


def test_a_storm_of_addresses_fills_no_memory_and_hides_nobody():
    hub, at = Hub(), {}
    hub.tell(lambda _, moved, values: at.update(zip(moved, values, strict=True)), lambda *_: None)
    hub.show(piece(4))
    for k in range(12_000):
        osc(hub, message(f"/storm/{k}", "f", 0.5))
    assert len(hub.heeded()) <= 64
    assert hub.unheard == 12_000
    osc(hub, message("/body/right/foot", "ffff", 0.1, 0.2, 0.3, 0.4))
    for k in range(40):
        hub.step(time.monotonic() + k / 100)
    assert list(at.values()) == pytest.approx([0.1, 0.2, 0.3, 0.4])


def test_a_listener_may_come_and_go_while_messages_come():
    hub = Hub()
    hub.show(piece(2))
    receiver = OscReceiver("127.0.0.1", 0, hub.osc)
    try:
        heard = []
        hub.listeners = (lambda key, value: heard.append((key, value)),)
        receiver.packet(message("/body/left/x", "if", 3, 0.5))
        hub.listeners = ()
        receiver.packet(message("/body/left/x", "if", 3, 0.5))
    finally:
        receiver.close()
    assert heard == [(("osc", "/body/left/x", 0), 3), (("osc", "/body/left/x", 1), 0.5)]
