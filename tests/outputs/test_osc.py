"""What leaves for other programs, read back by a decoder of its own."""

import socket
import struct
import time

import msgspec
import pytest

from isobath.errors import UsageError
from isobath.inputs.osc.packets import read_packet
from isobath.outputs.osc import (
    OscOutput,
    encode_heard,
    encode_message,
    encode_mixed,
    encode_text,
    read_address,
)
from isobath.protocol.messages import Heard

HEARD = Heard(
    loudness=0.5,
    brightness=0.25,
    onset=0.0,
    bands=tuple(i / 32 for i in range(32)),
    latent=(-1.5, 2.0, 0.125),
)


def read_text(data, at):
    """A string and where the next part begins; what pads it is zero."""
    end = data.index(b"\0", at)
    following = end + 4 - (end - at) % 4
    assert data[end:following] == b"\0" * (following - end)
    return data[at:end].decode("ascii"), following


def read_message(data):
    address, at = read_text(data, 0)
    types, at = read_text(data, at)
    assert types == "," + "f" * (len(types) - 1)
    assert len(data) == at + 4 * (len(types) - 1)
    return address, struct.unpack_from(f">{len(types) - 1}f", data, at)


def read_bundle(data):
    """The messages of a bundle that is due at once, in order."""
    assert len(data) % 4 == 0
    word, at = read_text(data, 0)
    assert word == "#bundle"
    assert data[at : at + 8] == b"\0\0\0\0\0\0\0\1"
    at += 8
    messages = []
    while at < len(data):
        (size,) = struct.unpack_from(">i", data, at)
        assert size > 0
        assert size % 4 == 0
        messages.append(read_message(data[at + 4 : at + 4 + size]))
        at += 4 + size
    assert at == len(data)
    return messages


@pytest.mark.parametrize("text", ["", "a", "abc", "abcd", "/isobath/loudness"])
def test_a_string_ends_with_a_zero_and_fills_four_bytes(text):
    data = encode_text(text)
    assert len(data) % 4 == 0
    assert len(data) > len(text)
    assert read_text(data, 0) == (text, len(data))


def test_a_message_is_that_of_the_specification():
    # The second example of OSC 1.0, with its floats alone.
    assert encode_message("/foo", (1.234, 5.678)) == bytes.fromhex(
        "2f666f6f 00000000 2c666600 3f9df3b6 40b5b22d"
    )


def test_one_moment_is_one_bundle():
    assert read_bundle(encode_heard(HEARD)) == [
        ("/isobath/loudness", (0.5,)),
        ("/isobath/brightness", (0.25,)),
        ("/isobath/bands", HEARD.bands),
        ("/isobath/latent", HEARD.latent),
    ]


def test_an_onset_is_told_only_when_there_is_one():
    struck = Heard(loudness=1.0, brightness=1.0, onset=0.75, bands=HEARD.bands, latent=())
    messages = dict(read_bundle(encode_heard(struck)))
    assert messages["/isobath/onset"] == (0.75,)
    assert messages["/isobath/latent"] == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("127.0.0.1:9000", ("127.0.0.1", 9000)),
        ("stage.local:65535", ("stage.local", 65535)),
        ("[::1]:1", ("::1", 1)),
    ],
)
def test_an_address_is_read(text, expected):
    assert read_address(text) == expected


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", 'not ""'),
        ("9000", 'not "9000"'),
        (":9000", 'not ":9000"'),
        ("[]:9000", r'not "\[\]:9000"'),
        ("localhost:", 'not "localhost:"'),
        ("localhost:osc", 'not "localhost:osc"'),
        ("localhost:-1", 'not "localhost:-1"'),
        ("localhost:٣", "not"),
        ("localhost:0", "port 0. Ports go from 1 to 65535"),
        ("localhost:65536", "port 65536"),
        ("localhost:" + "9" * 5000, "Ports go from 1"),
        ("::1:9000", r"brackets: --osc \"\[::1\]:9000\""),
    ],
)
def test_anything_else_is_refused_in_a_sentence(text, sentence):
    with pytest.raises(UsageError, match=sentence):
        read_address(text)


def test_a_host_that_is_none_is_refused_in_a_sentence():
    with pytest.raises(UsageError, match="There is no host"):
        OscOutput("no such host", 9000)


def test_sending_neither_waits_nor_fails():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as unread:
        unread.bind(("127.0.0.1", 0))
        for port in (unread.getsockname()[1], 1):  # nobody reads the one, nobody is at the other
            output = OscOutput("127.0.0.1", port)
            start = time.monotonic()
            for _ in range(3000):
                output.send(HEARD)
            assert time.monotonic() - start < 10
            output.close()
            output.send(HEARD)


def test_the_axes_are_in_it_where_there_are_any():
    messages = dict(read_bundle(encode_heard(msgspec.structs.replace(HEARD, axes=(0.25, 0.5)))))
    assert messages["/isobath/axes"] == (0.25, 0.5)
    assert "/isobath/axes" not in dict(read_bundle(encode_heard(HEARD)))


def test_the_pose_of_a_walker_is_in_it_while_somebody_walks():
    messages = dict(
        read_bundle(encode_heard(msgspec.structs.replace(HEARD, pose=(1.5, 0.0, -2.0, 0.25, 0.0))))
    )
    assert messages["/isobath/pose"] == (1.5, 0.0, -2.0, 0.25, 0.0)
    assert "/isobath/pose" not in dict(read_bundle(encode_heard(HEARD)))


def test_texts_and_numbers_leave_in_one_message():
    (message,) = read_packet(encode_mixed("/a", ("wörd", 1.5, 1e300)))
    assert message.values[0] == "w?rd"
    assert message.values[1] == 1.5
    assert message.values[2] == pytest.approx(3.4028234e38)
    assert [one.values for one in read_packet(encode_mixed("/a", ()))] == [()]
