"""The messages survive the wire, in both directions."""

import msgspec
import pytest

from isobath.protocol import messages
from isobath.protocol.connection import read_answer, write
from isobath.protocol.messages import Change, Fit, Hello, History, Opened, PieceOpened, Step, Undo
from isobath.protocol.piece import Axis, Demonstration, MappingSettings, Piece, Take, Voice

PIECE = Piece(
    id="p",
    name="Étude “bright”",
    axes=(Axis(id="x", name="x"),),
    voices=(
        Voice(
            id="v",
            model="guitar",
            demonstrations=(Demonstration(id="d", point=(0.5,), latent=(1.0, -2.5)),),
            fitted={"format": 1, "parts": [{"bias": [0.1, 1e-300]}]},
        ),
    ),
    takes=(
        Take(
            id="t",
            name="one",
            hop=256,
            sample_rate=44100,
            length=3,
            axes=("x",),
            frames=(0, 2),
            points=((0.0,), (1 / 3,)),
        ),
    ),
)


@pytest.mark.parametrize(
    "message",
    [
        Hello(page="a"),
        Change(number=1, piece=PIECE, label="Place a demonstration", joins=True),
        Undo(number=2, id="p", piece=None),
        Fit(request=1, settings=MappingSettings(), axes=1, dims=2, demonstrations=()),
    ],
    ids=lambda message: type(message).__name__,
)
def test_what_a_page_says_arrives_as_it_was_said(message):
    assert msgspec.msgpack.decode(write(message), type=messages.FromPage) == message


def test_a_piece_with_its_history_arrives_as_it_was_sent():
    opened = Opened(
        piece=PIECE, revision=3, history=History(undo=(Step(label="Move", piece=PIECE, at=1.5),), earlier=4)
    )
    message = PieceOpened(opened=opened, request=7)
    assert read_answer(write(message)) == message


def test_whole_numbers_from_javascript_are_taken_for_floats():
    plain = msgspec.to_builtins(PIECE)
    plain["voices"][0]["demonstrations"][0]["latent"] = [1, -2]
    plain["master"]["gain_db"] = 0
    sent = msgspec.msgpack.encode({"type": "change", "number": 1, "label": "", "piece": plain})
    change = msgspec.msgpack.decode(sent, type=messages.FromPage)
    assert change.piece.voices[0].demonstrations[0].latent == (1.0, -2.0)


def test_a_piece_from_before_a_field_existed_still_opens():
    assert msgspec.convert({"id": "p", "name": "old"}, type=Piece).master.ceiling_db == -1.0


@pytest.mark.parametrize("id", ["../etc", "a/b", "", "x" * 65, "a\n", "ä"])
def test_no_id_in_a_message_can_be_a_path(id):
    with pytest.raises(msgspec.ValidationError):
        msgspec.msgpack.decode(
            msgspec.msgpack.encode({"type": "open_piece", "request": 1, "id": id}), type=messages.FromPage
        )
