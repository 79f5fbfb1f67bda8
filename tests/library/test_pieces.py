"""Pieces are kept as they were made, with all that led there."""

import secrets

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from isobath.errors import PieceDamaged, PieceNewer, PieceUnknown
from isobath.library import history
from isobath.library.home import Home
from isobath.library.library import Library
from isobath.protocol.messages import HISTORY_STEPS
from isobath.protocol.piece import Axis, MappingSettings, Master
from tests.library.pieces import piece


class Hand:
    """A page that numbers its operations and keeps its own stacks, as the real one does."""

    def __init__(self, library, first, page="page"):
        self.pieces = library.pieces
        self.page = page
        self.number = 0
        self.past, self.now, self.future = [], first, []
        self._next().change(self.page, self.number, first, "Begin")

    def _next(self):
        self.number += 1
        return self.pieces

    def change(self, after, joins=False):
        self._next().change(self.page, self.number, after, f"to {after.about}", joins=joins)
        if not joins or not self.past:
            self.past.append(self.now)
        self.now, self.future = after, []

    def undo(self):
        self.future.append(self.now)
        self.now = self.past.pop()
        self._next().step("undo", self.page, self.number, self.now.id, self.now)

    def redo(self):
        self.past.append(self.now)
        self.now = self.future.pop()
        self._next().step("redo", self.page, self.number, self.now.id, self.now)


def test_a_piece_comes_back_as_it_was(library):
    kept = piece(demonstrations=4, takes=2, fitted={"format": 1, "parts": [{"bias": [0.1, 2.0]}]})
    library.pieces.change("page", 1, kept, "Begin")
    assert library.pieces.open(kept.id).piece == kept


def test_a_piece_comes_back_after_the_library_was_closed(home):
    kept = piece(demonstrations=2, takes=1)
    with Library.open(home) as library:
        hand = Hand(library, piece())
        hand.change(kept)
    with Library.open(home) as library:
        opened = library.pieces.open(kept.id)
    assert opened.piece == kept
    assert [step.piece for step in opened.history.undo] == [piece()]
    assert [step.label for step in opened.history.undo] == ["to "]


moves = st.lists(st.sampled_from(["change", "change", "drag", "undo", "redo"]), max_size=16)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves)
def test_undo_and_redo_survive_a_restart_whatever_was_done(quick_folder, moves):
    home = Home(quick_folder / secrets.token_hex(8))
    with Library.open(home) as library:
        hand = Hand(library, piece())
        for i, move in enumerate(moves):
            if move == "change":
                hand.change(piece(about=f"change {i}"))
            elif move == "drag" and hand.past and not hand.future:
                hand.change(piece(about=f"drag {i}"), joins=True)
            elif move == "undo" and hand.past:
                hand.undo()
            elif move == "redo" and hand.future:
                hand.redo()
    with Library.open(home) as library:
        opened = library.pieces.open("p1")
    assert opened.piece == hand.now
    assert [step.piece for step in opened.history.undo] == hand.past
    assert [step.piece for step in opened.history.redo] == hand.future


def test_an_operation_that_comes_twice_is_done_once(library):
    first = library.pieces.change("page", 1, piece(about="a"), "one")
    library.pieces.change("page", 2, piece(about="b"), "two")
    again = library.pieces.change("page", 1, piece(about="a"), "one")
    assert (first.repeated, again.repeated) == (False, True)
    assert library.pieces.read("p1").about == "b"
    assert library.pieces.acknowledged("page") == 2


def test_a_drag_is_one_step_back(library):
    hand = Hand(library, piece())
    hand.change(piece(about="0"))
    for i in range(1, 30):
        hand.change(piece(about=str(i)), joins=True)
    opened = library.pieces.open("p1")
    assert opened.piece.about == "29"
    assert [step.piece.about for step in opened.history.undo] == [""]


def test_when_the_history_leads_elsewhere_the_page_is_right(library):
    hand = Hand(library, piece())
    hand.change(piece(about="mine"))
    library.pieces.change("other", 1, piece(about="theirs"), "Theirs")
    hand.undo()
    assert library.pieces.read("p1") == hand.now
    assert library.pieces.open("p1").history.undo[-1].piece.about == "theirs"


def test_steps_older_than_the_page_knows_are_undone_by_the_library(library):
    hand = Hand(library, piece(about="first"))
    for i in range(HISTORY_STEPS + 20):
        hand.change(piece(about=str(i)))
    opened = library.pieces.open("p1")
    assert len(opened.history.undo) == HISTORY_STEPS
    assert opened.history.earlier == 20
    for number in range(HISTORY_STEPS + 20):
        library.pieces.step("undo", "late", number + 1, "p1", None)
    opened = library.pieces.open("p1")
    assert opened.piece.about == "first"
    assert len(opened.history.redo) == HISTORY_STEPS
    assert opened.history.redo[-1].piece.about == "0"


def test_undo_at_the_beginning_changes_nothing(library):
    library.pieces.change("page", 1, piece(), "Begin")
    library.pieces.step("undo", "page", 2, "p1", None)
    assert library.pieces.read("p1") == piece()


def test_long_histories_are_pruned_from_their_far_end(library, monkeypatch):
    monkeypatch.setattr(history, "KEPT", 100)
    hand = Hand(library, piece())
    for i in range(300):
        hand.change(piece(about=str(i)))
    count = library.connection.execute("SELECT count(*) FROM revisions").fetchone()[0]
    assert 80 <= count <= 150
    assert library.pieces.open("p1").history.undo[-1].piece.about == "298"


def test_a_take_is_kept_once_however_many_changes_follow(library):
    hand = Hand(library, piece(takes=3))
    for i in range(30):
        hand.change(piece(about=str(i), takes=3))
    assert library.connection.execute("SELECT count(*) FROM parts").fetchone()[0] == 3


def test_erasing_a_piece_leaves_nothing_of_it(library):
    Hand(library, piece(takes=2))
    library.pieces.erase("p1")
    for table in ("pieces", "revisions", "parts", "uses"):
        assert library.connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] == 0


def test_a_piece_in_the_trash_can_be_taken_out_again(library):
    kept = library.pieces.add(piece(demonstrations=1))
    library.pieces.trash(kept.id)
    assert library.pieces.list() == ()
    assert [line.trashed for line in library.pieces.list(trash=True)] == [True]
    library.pieces.restore(kept.id)
    assert [line.id for line in library.pieces.list()] == [kept.id]


def test_working_on_a_piece_takes_it_out_of_the_trash(library):
    library.pieces.change("page", 1, piece(), "Begin")
    library.pieces.trash("p1")
    assert library.pieces.change("page", 2, piece(about="b"), "Go on").listed
    assert [line.id for line in library.pieces.list()] == ["p1"]


def test_the_list_tells_what_a_piece_holds(library):
    library.pieces.add(piece(demonstrations=3, takes=2))
    (line,) = library.pieces.list()
    assert (line.name, line.models, line.demonstrations, line.takes) == ("Piece", ("guitar",), 3, 2)


def test_renaming_is_a_step_that_can_be_undone(library):
    library.pieces.add(piece())
    library.pieces.rename("page", "p1", "Other")
    assert library.pieces.read("p1").name == "Other"
    library.pieces.step("undo", "page", 1, "p1", None)
    assert library.pieces.read("p1").name == "Piece"


@pytest.mark.parametrize("wrong", [float("nan"), float("inf")])
def test_a_demonstration_that_is_no_number_is_refused_by_name_and_nothing_is_lost(library, wrong):
    library.pieces.change("page", 1, piece(demonstrations=2), "Begin")
    shown = piece(demonstrations=2)
    bad = msgspec.structs.replace(shown.voices[0].demonstrations[1], latent=(wrong, 0.0))
    voice = msgspec.structs.replace(shown.voices[0], demonstrations=(bad,))
    with pytest.raises(PieceDamaged, match="sound 1"):
        library.pieces.change("page", 2, msgspec.structs.replace(shown, voices=(voice,)), "Break")
    assert library.pieces.read("p1") == shown
    assert not library.pieces.change("page", 2, piece(about="next"), "Go on").repeated


def test_a_piece_from_a_newer_isobath_is_refused(library):
    with pytest.raises(PieceNewer, match="Update"):
        library.pieces.add(msgspec.structs.replace(piece(), format=99))


@pytest.mark.parametrize("id", ["", "../x", "a/b", "a b", "x" * 65])
def test_a_piece_needs_a_plain_id(library, id):
    with pytest.raises(PieceDamaged):
        library.pieces.add(piece(id=id))


def test_a_piece_that_is_not_there_is_named(library):
    with pytest.raises(PieceUnknown, match="nobody"):
        library.pieces.open("nobody")


def voiced(**changes):
    one = piece("odd", demonstrations=1)
    return msgspec.structs.replace(one, voices=(msgspec.structs.replace(one.voices[0], **changes),))


def odd_take(**changes):
    one = piece("odd", takes=1)
    return msgspec.structs.replace(one, takes=(msgspec.structs.replace(one.takes[0], **changes),))


@pytest.mark.parametrize(
    ("odd", "says"),
    [
        (voiced(gain_db=float("nan")), "not a number"),
        (voiced(fitted={"values": [0.0, float("inf")]}), "not a number"),
        (voiced(mapping=MappingSettings(trust=float("nan"))), "not a number"),
        (msgspec.structs.replace(piece("odd"), master=Master(ceiling_db=float("nan"))), "not a number"),
        (msgspec.structs.replace(piece("odd"), name="x" * 1_000_000), "1000000 letters"),
        (msgspec.structs.replace(piece("odd"), axes=(Axis(id="x", name="x"),) * 65), "65 axes"),
        (odd_take(hop=0), "runs backwards"),
        (odd_take(length=-1), "runs backwards"),
        (odd_take(frames=tuple(range(50, 0, -1))), "runs backwards"),
        (odd_take(frames=()), "times without places"),
    ],
)
def test_what_would_not_come_back_is_not_written_down(library, odd, says):
    with pytest.raises(PieceDamaged, match=says) as refused:
        library.pieces.change("page", 1, odd, "Odd")
    assert len(str(refused.value)) < 300
    assert not library.pieces.holds("odd")
    assert library.pieces.acknowledged("page") == 0
