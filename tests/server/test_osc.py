"""A page tells what it hears; the server sends it on, if it was asked to."""

import socket

import msgspec
from click.testing import CliRunner

from isobath.cli.group import isobath
from isobath.outputs.osc import OscOutput
from isobath.protocol.connection import write
from isobath.protocol.messages import Ping, Pong, Problem
from tests.outputs.test_osc import HEARD, read_bundle
from tests.server.serving import serving


def test_what_a_page_hears_leaves_as_osc(home, static):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        other.settimeout(10)
        output = OscOutput(*other.getsockname())
        with serving(home, static, osc=output) as served, served.page() as page:
            assert page.welcome.osc
            for loudness in (0.5, 1):
                page.say(msgspec.structs.replace(HEARD, loudness=loudness))
                messages = dict(read_bundle(other.recv(65536)))
                assert messages["/isobath/loudness"] == (loudness,)
                assert messages["/isobath/bands"] == HEARD.bands
                assert messages["/isobath/latent"] == HEARD.latent
            _refused(page, bands=(0.5,) * 31)
            _refused(page, loudness=1.5)
            _refused(page, latent=(1e39,))
            _refused(page, latent=(0.0,) * 1025)
            other.setblocking(False)
            try:
                left = other.recv(65536)
            except BlockingIOError:
                left = b""
            assert left == b""


def _refused(page, **changed):
    page.socket.send(write(msgspec.structs.replace(HEARD, **changed)))
    assert page.hear(Problem).kind == "protocol"


def test_unasked_nothing_leaves(shared):
    with shared.page() as page:
        assert not page.welcome.osc
        page.say(HEARD)
        assert page.ask(Ping(sent=1.0)) == Pong(sent=1.0)


def test_an_address_that_is_none_is_a_wrong_use():
    answer = CliRunner().invoke(isobath, ["play", "--osc", "9000"])
    assert answer.exit_code == 2
    assert answer.stderr == 'isobath: OSC needs a host and a port, as in --osc 127.0.0.1:9000, not "9000".\n'
