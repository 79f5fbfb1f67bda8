"""Packets are read as they were written, and what is none is refused whatever it is."""

import random
import time

import pytest

from isobath.inputs.osc.packets import AT_ONCE, Malformed, Message, read_packet, seconds_of
from isobath.inputs.osc.patterns import matches
from isobath.inputs.osc.streams import Overlong, Unframer
from tests.inputs.packets import bundle, date_of, message


def read(data):
    return list(read_packet(data))


@pytest.mark.parametrize(
    ("types", "values", "told"),
    [
        ("f", (0.5,), (0.5,)),
        ("ihd", (-3, 2**40, 1 / 3), (-3, 2**40, 1 / 3)),
        ("TFIN", (), (1, 0, 1, None)),
        ("fTf", (0.25, 0.75), (0.25, 1, 0.75)),
        ("[ff]i", (1.0, 2.0, 3), (1.0, 2.0, 3)),
        ("[[i]T]", (7,), (7, 1)),
        ("ct", (65, 5), (65, 5)),
        ("sfb", ("wie", 0.5, b"abcde"), ("wie", 0.5, b"abcde")),
        ("rm", (b"\1\2\3\4", b"\0\x90\x40\x7f"), (b"\1\2\3\4", b"\0\x90\x40\x7f")),
        ("", (), ()),
    ],
)
def test_every_type_is_read_the_first_time_and_the_second(types, values, told):
    data = message("/a/b", types, *values)
    for _ in range(2):
        assert read(data) == [Message("/a/b", told, AT_ONCE)]


def test_the_same_address_with_other_types_is_read_by_its_own():
    assert read(message("/x", "f", 1.0))[0].values == (1.0,)
    assert read(message("/x", "i", 1))[0].values == (1,)
    assert read(message("/x", "ff", 1.0, 2.0))[0].values == (1.0, 2.0)


def test_an_address_with_a_comma_in_it_is_still_one_address():
    for types, values in (("f", (0.5,)), ("ii", (1, 2))):
        assert read(message("/{a,b}", types, *values)) == [Message("/{a,b}", values, AT_ONCE)]


def test_a_message_without_types_has_no_values():
    assert read(b"/go\0") == [Message("/go", (), AT_ONCE)]


def test_bundles_in_bundles_keep_their_dates():
    date = date_of(1_800_000_000.25)
    data = bundle(message("/a", "f", 1.0), bundle(message("/b", "i", 2), date=date))
    assert read(data) == [Message("/a", (1.0,), AT_ONCE), Message("/b", (2,), date)]
    assert seconds_of(date) == pytest.approx(1_800_000_000.25, abs=1e-6)


def test_bundles_nested_without_end_are_refused():
    data = message("/a", "f", 1.0)
    for _ in range(40):
        data = bundle(data)
    with pytest.raises(Malformed, match="nested"):
        read(data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"x",
        b"/a",
        b"/a\0\0,f\0\0",
        b"/a\0\0f\0\0\0",
        b"#bundle\0",
        b"/a\0\0,q\0\0\0\0\0\0",
        b"\0" * 64,
        bundle(message("/a", "f", 1.0))[:-3],
        b"#bundle\0" + b"\0" * 8 + b"\xff\xff\xff\xff",
    ],
)
def test_what_is_no_packet_is_refused_with_a_reason(data):
    with pytest.raises(Malformed, match=r"\w+ \w+"):
        read(data)


def test_thousands_of_damaged_packets_are_read_or_refused_and_nothing_else():
    dice = random.Random(1)
    good = [
        message("/fader/1", "f", 0.5),
        message("/many", "ihfdTFsb", 1, 2, 0.5, 0.25, "text", b"blob"),
        bundle(message("/a", "f", 1.0), bundle(message("/b", "s", "x"))),
    ]
    refused = 0
    for _ in range(3000):
        data = bytearray(dice.choice(good))
        for _ in range(dice.randint(1, 4)):
            kind = dice.randrange(3)
            if kind == 0 and data:
                data[dice.randrange(len(data))] = dice.randrange(256)
            elif kind == 1:
                del data[dice.randrange(len(data) + 1) :]
            else:
                at = dice.randrange(len(data) + 1)
                data[at:at] = dice.randbytes(dice.randint(1, 9))
        try:
            read(bytes(data))
        except Malformed:
            refused += 1
    assert 500 < refused < 3000


def test_reading_one_message_costs_well_under_a_hundredth_of_a_frame():
    data = message("/pad/xy", "ff", 0.1, 0.2)
    read(data)
    began = time.process_time()
    for _ in range(10_000):
        read(data)
    assert time.process_time() - began < 0.25  # 1.1 us each where this was written


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("/a", ["/a"], ["/b", "/a/b", ""]),
        ("/a/*", ["/a/b", "/a/", "/a/bcd"], ["/a/b/c", "/b/a"]),
        ("/*/x", ["/1/x", "/abc/x"], ["/a/b/x", "/x"]),
        ("/a?c", ["/abc", "/axc"], ["/ac", "/a/c"]),
        ("/f[1-3]", ["/f1", "/f2", "/f3"], ["/f4", "/f", "/f12"]),
        ("/f[!1-3]", ["/f4", "/fx"], ["/f1", "/f/"]),
        ("/{one,two}/z", ["/one/z", "/two/z"], ["/three/z", "/one,two/z"]),
        ("/a{b,bc}d", ["/abd", "/abcd"], ["/ad"]),
        ("//x", ["/x", "/a/x", "/a/b/x"], ["/a/xy", "/ax"]),
        ("/a//x", ["/a/x", "/a/b/c/x"], ["/b/x", "/a/bx"]),
        ("/a.b", ["/a.b"], ["/axb"]),
        ("/[", [], ["/[x", "/"]),
        ("/{a", [], ["/a"]),
        ("/[]", [], ["/", "/a"]),
    ],
)
def test_a_pattern_means_what_the_standard_says(pattern, yes, no):
    assert [address for address in yes if not matches(pattern, address)] == []
    assert [address for address in no if matches(pattern, address)] == []


def test_no_pattern_takes_long():
    began = time.process_time()
    assert not matches("/" + "*a" * 100, "/" + "a" * 200 + "b")
    assert not matches("/" + "{a,aa,aaa}" * 20, "/" + "a" * 250)
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize("step", [1, 3, 1000])
def test_packets_of_a_stream_come_out_whole_however_they_are_cut(step):
    packets = [message("/a", "i", 0xC0DBDC), message("/b", "f", 0.5)]
    sized = b"".join(len(p).to_bytes(4, "big") + p for p in packets)
    slip = b"".join(
        b"\xc0" + p.replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc") + b"\xc0" for p in packets
    )
    for stream in (sized, slip):
        unframer = Unframer()
        found = []
        for at in range(0, len(stream), step):
            found += unframer.feed(stream[at : at + step])
        assert found == packets


def test_a_stream_that_claims_too_much_is_refused():
    with pytest.raises(Overlong):
        list(Unframer().feed(b"\0\xff\xff\xff"))
    with pytest.raises(Overlong):
        list(Unframer().feed(b"/" * 200_000))
