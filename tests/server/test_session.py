"""Pages and the library, over a real socket."""

import os
import time

import msgspec
import pytest

from isobath.protocol.messages import (
    Change,
    DeletePiece,
    DuplicatePiece,
    Fit,
    FitFailed,
    Fitted,
    ListPieces,
    NewPiece,
    OpenPiece,
    PieceChanged,
    PieceOpened,
    Pieces,
    Ping,
    Pong,
    Problem,
    Redo,
    RenamePiece,
    RestorePiece,
    Saved,
    Undo,
)
from isobath.protocol.piece import Demonstration, MappingSettings
from tests.library.pieces import piece


def about(page_piece, text):
    return msgspec.structs.replace(page_piece, about=text)


def test_the_first_page_ever_gets_a_piece_to_begin_with(served):
    with served.page() as page:
        assert page.welcome.first_run
        assert page.welcome.acknowledged == 0
        assert "whale" in [model.name for model in page.welcome.models]
        assert page.welcome.opened.piece.voices[0].model == page.welcome.models[0].name
    with served.page("later") as page:
        assert not page.welcome.first_run


def test_what_a_page_does_is_there_when_it_comes_back(served):
    with served.page() as page:
        start = page.welcome.opened.piece
        for number in (1, 2, 3):
            saved = page.ask(
                Change(number=number, piece=about(start, str(number)), label=f"Step {number}"), Saved
            )
            assert saved.number == number
        page.ask(Undo(number=4, id=start.id, piece=about(start, "2")), Saved)
    with served.page() as page:
        assert page.welcome.acknowledged == 4
        opened = page.welcome.opened
        assert opened.piece.about == "2"
        assert [step.label for step in opened.history.undo] == ["Step 1", "Step 2"]
        assert [step.piece.about for step in opened.history.redo] == ["3"]
        page.ask(Redo(number=5, id=start.id, piece=about(start, "3")), Saved)
        assert served.library.pieces.read(start.id).about == "3"


def test_a_page_that_has_the_newest_piece_is_not_sent_it_again(served):
    with served.page() as page:
        opened = page.welcome.opened
    with served.page(piece=opened.piece.id, revision=opened.revision) as page:
        assert page.welcome.opened is None
    with served.page(piece=opened.piece.id, revision=opened.revision - 1) as page:
        assert page.welcome.opened.piece == opened.piece


def test_work_done_while_the_connection_was_away_arrives_once(served):
    kept = piece(id="made-offline")
    changes = [Change(number=n, piece=about(kept, str(n)), label=f"Step {n}") for n in range(1, 60)]
    with served.page(piece="made-offline", revision=0) as page:
        assert page.welcome.opened is None
        for change in changes[:40]:
            page.say(change)
    with served.page(
        piece="made-offline", revision=0
    ) as page:  # some of it was not answered: all of it again
        for change in changes:
            page.say(change)
        assert [page.hear(Saved).number for _ in changes] == list(range(1, 60))
    opened = served.library.pieces.open("made-offline")
    assert opened.piece.about == "59"
    assert [step.piece.about for step in opened.history.undo] == [str(n) for n in range(1, 59)]


def test_another_page_on_the_same_piece_hears_of_every_change(served):
    with served.page("one") as one, served.page("two") as two:
        start = one.welcome.opened.piece
        assert two.welcome.opened.piece == start
        one.ask(Change(number=1, piece=about(start, "by one"), label="Write"), Saved)
        told = two.hear(PieceChanged)
        assert (told.opened.piece.about, told.label, told.page) == ("by one", "Write", "one")
        assert told.at == pytest.approx(time.time(), abs=60)
        two.ask(Change(number=1, piece=about(start, "by two"), label="Write over"), Saved)
        assert one.hear(PieceChanged).opened.piece.about == "by two"
    assert served.library.pieces.read(start.id).about == "by two"


def test_two_performers_change_one_piece_at_once_and_lose_nothing(served):
    with served.page("one") as one, served.page("two") as two:
        ones, twos = one.welcome.opened, two.welcome.opened
        here = there = ones.piece
        for n in range(1, 6):  # neither shows what the other does
            here, there = about(here, f"by one, {n}"), msgspec.structs.replace(there, name=f"by two, {n}")
            one.ask(Change(number=n, piece=here, label="Write", seen=ones.serial), Saved)
            two.ask(Change(number=n, piece=there, label="Name", seen=twos.serial), Saved)
        kept = served.library.pieces.read(ones.piece.id)
        assert (kept.about, kept.name) == ("by one, 5", "by two, 5")
        shown = two.hear(PieceChanged).opened
        while shown.piece != kept:
            shown = two.hear(PieceChanged).opened
        last = msgspec.structs.replace(kept, refit="button")
        two.ask(Change(number=6, piece=last, label="Refit", seen=shown.serial), Saved)
    assert served.library.pieces.read(ones.piece.id) == last


def test_a_drag_on_one_page_reaches_the_other_as_a_few_steps_and_whole(served):
    with served.page("one") as one, served.page("two") as two:
        start = one.welcome.opened.piece
        for n in range(1, 101):
            one.say(Change(number=n, piece=about(start, str(n)), label="Drag", joins=n > 1))
        told = [two.hear(PieceChanged)]
        while told[-1].opened.piece.about != "100":
            told.append(two.hear(PieceChanged))
        while one.hear(Saved).number < 100:
            pass
    assert len(told) < 20


def test_a_piece_renamed_in_the_list_is_renamed_where_it_is_open(served):
    with served.page("one") as one, served.page("two") as two:
        id = one.welcome.opened.piece.id
        two.say(RenamePiece(request=1, id=id, name="Renamed"))
        assert one.hear(PieceChanged).opened.piece.name == "Renamed"
        assert two.hear(PieceChanged).opened.piece.name == "Renamed"


def test_a_page_on_another_piece_hears_nothing_of_it(served):
    with served.page("one") as one, served.page("two") as two:
        two.ask(NewPiece(request=1, name="Another"), PieceOpened)
        one.say(Change(number=1, piece=about(one.welcome.opened.piece, "x"), label="Write"))
        one.hear(Saved)
        two.say(Ping(sent=1.0))
        heard = []
        while not isinstance(heard[-1] if heard else None, Pong):
            heard.append(two.hear())
        assert not any(isinstance(message, PieceChanged) for message in heard)


def test_pieces_are_made_named_copied_thrown_away_and_taken_back(served):
    with served.page() as page:
        made = page.ask(NewPiece(request=1, name="Étude", model="whale"), PieceOpened)
        id = made.opened.piece.id
        assert made.request == 1
        copy = page.ask(DuplicatePiece(request=2, id=id), PieceOpened).opened.piece
        assert copy.name == "Étude copy"
        renamed = page.ask(RenamePiece(request=3, id=id, name="Study"), Pieces)
        while renamed.request != 3:
            renamed = page.hear(Pieces)
        assert "Study" in [line.name for line in renamed.pieces]
        page.say(DeletePiece(request=4, id=id))
        page.say(ListPieces(request=5, trash=True))
        lists = {}
        while 5 not in lists:
            message = page.hear(Pieces)
            lists[message.request] = message.pieces
        assert id not in [line.id for line in lists[4]]
        assert [line.trashed for line in lists[5] if line.id == id] == [True]
        page.say(RestorePiece(request=6, id=id))
        while (message := page.hear(Pieces)).request != 6:
            pass
        assert id in [line.id for line in message.pieces]


def test_a_piece_that_is_not_there_is_told_to_who_asked(served):
    with served.page() as page:
        problem = page.ask(OpenPiece(request=9, id="nobody"), Problem)
        assert (problem.request, problem.kind) == (9, "piece")
        assert "nobody" in problem.sentence
    with served.page(piece="nobody") as page:
        assert page.welcome.opened is not None
        assert "nobody" in page.welcome.notes[0]


def test_an_undo_the_page_has_no_step_for_is_done_by_the_library(served):
    with served.page() as page:
        start = page.welcome.opened.piece
        page.ask(Change(number=1, piece=about(start, "changed"), label="Write"), Saved)
        opened = page.ask(Undo(number=2, id=start.id), PieceOpened)
        assert opened.number == 2
        assert opened.opened.piece == start


def test_a_full_disk_is_told_and_the_page_can_send_the_same_again(served):
    with served.page() as page:
        start = page.welcome.opened.piece
        connection = served.library.connection
        full = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {full}")
        large = Change(number=1, piece=about(start, os.urandom(200_000).hex()), label="Write")
        problem = page.ask(large, Problem)
        assert problem.kind == "save"
        assert problem.number == 1
        assert "disk is full" in problem.sentence
        assert served.library.pieces.read(start.id) == start
        connection.execute("PRAGMA max_page_count = 1000000")
        assert page.ask(large, Saved).number == 1
        assert served.library.pieces.read(start.id) == large.piece


def test_a_change_with_a_value_that_is_no_number_is_refused_and_not_for_the_disk(served):
    with served.page() as page:
        start = page.welcome.opened.piece
        wrong = Demonstration(id="d", point=(0.5, 0.5), latent=(float("nan"),), label="bright")
        voice = msgspec.structs.replace(start.voices[0], demonstrations=(wrong,))
        change = Change(number=1, piece=msgspec.structs.replace(start, voices=(voice,)), label="Place")
        problem = page.ask(change, Problem)
        assert (problem.kind, problem.number) == ("piece", 1)
        assert "bright" in problem.sentence


# ------------------------------------------------------------------------------------- learning


def demonstrations(count, axes=2, dims=3):
    return tuple(
        Demonstration(
            id=str(i),
            point=tuple((i * (a + 1) % 7) / 7 for a in range(axes)),
            latent=tuple(float((i + 1) * (d + 1) % 5) for d in range(dims)),
            label=f"sound {i}",
        )
        for i in range(count)
    )


def fit(request, shown, axes=2, dims=3, slot="v:a", **settings):
    return Fit(
        request=request,
        settings=MappingSettings(**settings),
        axes=axes,
        dims=dims,
        demonstrations=shown,
        slot=slot,
    )


def test_a_fit_meets_its_demonstrations(served):
    from isobath.mapping import Mapping

    shown = demonstrations(5)
    with served.page() as page:
        fitted = page.ask(fit(1, shown), Fitted)
    assert (fitted.request, fitted.slot) == (1, "v:a")
    assert max(fitted.errors) < 1e-3
    mapping = Mapping.from_plain(fitted.mapping)
    for each in shown:
        assert mapping(each.point) == pytest.approx(each.latent, abs=1e-3)


def test_the_last_mapping_can_be_handed_in_and_nonsense_in_its_place_does_no_harm(served):
    with served.page() as page:
        first = page.ask(fit(1, demonstrations(5)), Fitted)
        for kept in (first.mapping, {"format": "nonsense"}):
            again = page.ask(msgspec.structs.replace(fit(2, demonstrations(5)), kept=kept), Fitted)
            assert max(again.errors) < 1e-3


@pytest.mark.parametrize(
    ("shown", "says"),
    [
        ((), "nothing to learn"),
        (demonstrations(3, dims=4), "sound 0"),
        (tuple(msgspec.structs.replace(each, muted=True) for each in demonstrations(3)), "muted"),
        ((Demonstration(id="a", point=(0.5, float("nan")), latent=(1.0, 2.0, 3.0)),), "not a number"),
    ],
    ids=["none", "wrong dims", "all muted", "nan"],
)
def test_what_cannot_be_learned_from_is_told(served, shown, says):
    with served.page() as page:
        failed = page.ask(fit(3, shown), FitFailed)
        assert failed.request == 3
        assert says in failed.sentence


def test_one_demonstration_is_enough(served):
    with served.page() as page:
        assert page.ask(fit(1, demonstrations(1)), Fitted).errors == pytest.approx((0.0,), abs=1e-6)


def test_two_sounds_at_the_same_spot_are_told_by_name(served):
    a, b = demonstrations(2)
    with served.page() as page:
        fitted = page.ask(fit(1, (a, msgspec.structs.replace(b, point=a.point))), Fitted)
    assert "sound 0" in fitted.warnings[0]
    assert "same spot" in fitted.warnings[0]


def test_of_many_fits_in_a_row_the_last_is_always_answered(served):
    with served.page() as page:
        for request in range(1, 101):
            page.say(fit(request, demonstrations(30), algorithm="perceptron"))
        answered = []
        while not answered or answered[-1] != 100:
            answered.append(page.hear(Fitted).request)
    assert answered == sorted(answered)


def test_messages_are_answered_while_a_long_fit_runs(served):
    with served.page() as page:
        for slot in range(6):
            page.say(
                fit(1, demonstrations(300, 6, 32), 6, 32, slot=str(slot), algorithm="perceptron", hidden=64)
            )
        started = time.perf_counter()
        page.ask(Ping(sent=1.0), Pong)
        assert time.perf_counter() - started < 1.0
