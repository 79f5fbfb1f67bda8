"""From another program's message to the page's axis, over real sockets."""

import socket
import time

import msgspec
from click.testing import CliRunner

from isobath.cli.group import isobath
from isobath.protocol.controllers import Conditioning, Input, OscSource, Trigger
from isobath.protocol.messages import Acted, Change, Moved, NewPiece, PieceOpened, Ping, Pong, Saved
from isobath.server.controllers import Controllers
from tests.inputs.packets import message
from tests.server.serving import serving


def where(page, axis, value, seconds=5.0):
    """Hear until an axis is at a value."""
    end = time.monotonic() + seconds
    at = None
    while time.monotonic() < end:
        moved = page.hear(Moved, timeout=seconds)
        at = dict(zip(moved.axes, moved.values, strict=True)).get(axis, at)
        if at == value:
            return
    raise AssertionError(f"{axis} is at {at}")


def test_another_program_moves_the_axes_of_the_piece_that_is_open(home, static):
    controllers = Controllers(osc=("127.0.0.1", 0))
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other,
        serving(home, static, controllers=controllers) as served,
        served.page() as page,
    ):
        other.connect(controllers.osc.address)
        piece = page.welcome.opened.piece
        x, y = (axis.id for axis in piece.axes)
        other.send(message("/isobath/axis/1", "f", 0.25))
        where(page, x, 0.25)
        other.send(message("/isobath/axes", "dd", 0.75, 0.125))
        where(page, y, 0.125)
        bound = msgspec.structs.replace(
            piece,
            inputs=(
                Input(
                    id="i",
                    axis=y,
                    source=OscSource(address="/hand/*", argument=1),
                    conditioning=Conditioning(lo=-1.0, hi=1.0, invert=True),
                ),
            ),
            triggers=(Trigger(id="t", source=OscSource(address="/foot"), action="panic"),),
        )
        page.ask(Change(number=1, piece=bound, label="Bind"), Saved)
        other.send(message("/hand/left", "if", 7, 0.5))
        where(page, y, 0.25)
        other.send(message("/foot", "T"))
        assert page.hear(Acted) == Acted(action="panic", begins=True)
        page.ask(NewPiece(request=1, name="another"), PieceOpened)
        other.send(message("/hand/left", "if", 7, 0.0))
        assert page.ask(Ping(sent=1.0), Pong) == Pong(sent=1.0)
        other.send(message("/isobath/axis/2", "f", 1.0))
        assert page.hear(Moved).values[0] > 0.5


def test_nobody_plays_nobody_is_moved(home, static):
    controllers = Controllers(osc=("127.0.0.1", 0))
    with serving(home, static, controllers=controllers) as served:
        with served.page() as page:
            piece = page.welcome.opened.piece.id
            assert controllers.hub.surface(piece) is not None
        end = time.monotonic() + 5
        while controllers.hub.surface(piece) is not None and time.monotonic() < end:
            time.sleep(0.01)
        assert controllers.hub.surface(piece) is None


def test_a_port_that_is_none_is_a_wrong_use():
    answer = CliRunner().invoke(isobath, ["play", "--osc-in", "here"])
    assert answer.exit_code == 2
    assert answer.stderr.startswith("isobath: OSC comes in on a port, as in --osc-in 9001")
