"""Real packets on a real socket, by liblo's own program where it is installed."""

import random
import shutil
import socket
import subprocess
import threading
import time

import pytest

from isobath.errors import UsageError
from isobath.inputs.osc.receiver import OscReceiver, read_doorway
from tests.inputs.packets import bundle, date_of, message


class Box:
    """What came in."""

    def __init__(self):
        self.messages = []
        self.came = threading.Event()

    def take(self, message):
        self.messages.append(message)
        self.came.set()

    def wait(self, count, seconds=5.0):
        end = time.monotonic() + seconds
        while len(self.messages) < count and time.monotonic() < end:
            time.sleep(0.005)
        return self.messages


@pytest.fixture
def box():
    return Box()


@pytest.fixture
def receiver(box):
    receiver = OscReceiver("127.0.0.1", 0, box.take)
    yield receiver
    receiver.close()


@pytest.fixture
def udp(receiver):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.connect(receiver.address)
        yield sender


def test_what_oscsend_says_arrives(box, receiver):
    oscsend = shutil.which("oscsend")
    if oscsend is None:
        pytest.skip("oscsend was not found. On Debian or Ubuntu: apt-get install liblo-tools")
    for protocol in ("udp", "tcp"):
        to = f"osc.{protocol}://127.0.0.1:{receiver.address[1]}"
        subprocess.run([oscsend, to, "/a/b", "ifsTFd", "1", "0.5", "x", "0.25"], check=True, timeout=10)
    assert [(m.address, m.values) for m in box.wait(2)] == [("/a/b", (1, 0.5, "x", 1, 0, 0.25))] * 2


def test_a_bundle_dated_ahead_waits_and_nothing_waits_for_it(box, udp, receiver):
    udp.send(bundle(message("/later", "i", 1), date=date_of(time.time() + 1.2)))
    udp.send(bundle(message("/tomorrow", "i", 1), date=date_of(time.time() + 86400)))
    began = time.monotonic()
    for i in range(20):
        udp.send(message("/now", "i", i))
    assert [m.address for m in box.wait(21)] == ["/tomorrow"] + ["/now"] * 20
    assert time.monotonic() - began < 1.1
    assert box.wait(22)[-1].address == "/later"
    assert time.monotonic() - began > 1.0
    counts = receiver.counts
    assert (counts.dated, counts.wrong_clock, counts.dropped) == (1, 1, 0)


def test_dates_may_be_left_aside(box):
    receiver = OscReceiver("127.0.0.1", 0, box.take, dates=False)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(bundle(message("/x", "i", 1), date=date_of(time.time() + 30)), receiver.address)
        assert len(box.wait(1)) == 1
    receiver.close()


def test_only_so_many_dated_messages_wait(box, udp, receiver):
    later = date_of(time.time() + 30)
    for _ in range(30):
        udp.send(bundle(*[message("/x", "i", 1)] * 50, date=later))
    udp.send(message("/now", "i", 1))
    assert [m.address for m in box.wait(1)] == ["/now"]
    assert receiver.counts.dated == 1024
    assert receiver.counts.dropped == 1500 - 1024


def test_a_thousand_malformed_packets_are_counted_and_pass(box, udp, receiver):
    dice = random.Random(2)
    for i in range(1000):
        udp.send(b"?" + dice.randbytes(dice.randint(0, 60)))
        if i % 100 == 0:
            udp.send(message("/good", "f", i / 1000))
    udp.send(message("/end", "f", 1.0))
    assert [m.address for m in box.wait(11)] == ["/good"] * 10 + ["/end"]
    assert receiver.counts.malformed == 1000
    assert "begins neither with" in receiver.counts.reason


def test_over_tcp_in_either_manner_and_a_broken_connection_is_only_that(box, receiver):
    packet = message("/a", "f", 0.5)
    with socket.create_connection(receiver.address) as sized:
        sized.sendall(len(packet).to_bytes(4, "big") + packet)
        assert len(box.wait(1)) == 1
        with socket.create_connection(receiver.address) as slip:
            slip.sendall(b"\xc0" + packet + b"\xc0")
            assert len(box.wait(2)) == 2
        with socket.create_connection(receiver.address) as broken:
            broken.sendall(b"\0\xff\xff\xff")
            assert broken.recv(10) == b""
        sized.sendall(len(packet).to_bytes(4, "big") + packet)
        assert len(box.wait(3)) == 3


def test_what_ends_with_a_connection_is_told(box):
    gone = []
    receiver = OscReceiver("127.0.0.1", 0, box.take, gone=gone.append)
    packet = message("/a", "ff", 0.5, 0.25)
    with socket.create_connection(receiver.address) as program:
        program.sendall(len(packet).to_bytes(4, "big") + packet)
        box.wait(1)
        assert gone == []
    end = time.monotonic() + 5
    while not gone and time.monotonic() < end:
        time.sleep(0.01)
    receiver.close()
    assert gone == [{"/a": 2}]


def test_a_storm_is_taken_in_whole(box, udp):
    """As many as 50,000 a second; what a busy machine sends late is late, and not lost."""
    packets = [message(f"/s/{i}", "f", i / 100) for i in range(100)]
    began, sent = time.perf_counter(), 0
    while sent < 25_000:
        for packet in packets:
            udp.send(packet)
        sent += 100
        ahead = sent / 50_000 - (time.perf_counter() - began)
        if ahead > 0.001:
            time.sleep(ahead)
    assert len(box.wait(sent, 20.0)) == sent


def test_a_port_that_is_taken_is_told(receiver):
    with pytest.raises(UsageError, match="taken by another program"):
        OscReceiver(*receiver.address, print)


@pytest.mark.parametrize("text", ["", "x", "1:2:3", "70000", "localhost:", "-1"])
def test_a_doorway_that_is_none_is_told(text):
    with pytest.raises(UsageError):
        read_doorway(text)


def test_without_a_host_only_this_machine_is_heard():
    assert read_doorway("9001") == ("127.0.0.1", 9001)
    assert read_doorway("0.0.0.0:9001") == ("0.0.0.0", 9001)
    assert read_doorway("[::1]:9001") == ("::1", 9001)
