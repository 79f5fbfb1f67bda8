"""Two pages change a piece at once."""

import msgspec

from isobath.library.merging import merged
from isobath.protocol.piece import Axis, Demonstration, Kept, Master, Piece, Scene, Voice

replace = msgspec.structs.replace


def shown(id: str, x: float = 0.5) -> Demonstration:
    return Demonstration(id=id, point=(x, 0.5), latent=(0.0, 0.0))


BASE = Piece(
    id="p",
    name="both",
    axes=(Axis(id="x", name="x"), Axis(id="y", name="y")),
    voices=(Voice(id="v", model="m", demonstrations=(shown("a"), shown("b"))),),
    shelf=(Kept(id="k", latent=(1.0,)),),
)


def taught(piece: Piece, *demonstrations: Demonstration) -> Piece:
    return replace(piece, voices=(replace(piece.voices[0], demonstrations=demonstrations),))


def ids(piece: Piece) -> list[str]:
    return [each.id for each in piece.voices[0].demonstrations]


def test_what_only_one_changed_is_kept_of_both() -> None:
    mine = replace(taught(BASE, shown("a", 0.1), shown("b"), shown("mine")), name="mine")
    theirs = replace(taught(BASE, shown("a"), shown("b", 0.9), shown("theirs")), master=Master(gain_db=-6.0))
    both = merged(BASE, mine, theirs)
    assert ids(both) == ["a", "b", "theirs", "mine"]
    assert [each.point[0] for each in both.voices[0].demonstrations[:2]] == [0.1, 0.9]
    assert (both.name, both.master.gain_db) == ("mine", -6.0)


def test_of_what_both_changed_the_later_counts() -> None:
    both = merged(BASE, taught(BASE, shown("a", 0.1), shown("b")), taught(BASE, shown("a", 0.9), shown("b")))
    assert both.voices[0].demonstrations[0].point[0] == 0.1


def test_what_one_took_away_is_gone_unless_the_other_changed_it() -> None:
    without = taught(BASE, shown("b"))
    assert ids(merged(BASE, without, BASE)) == ["b"]
    assert ids(merged(BASE, replace(BASE, name="mine"), without)) == ["b"]
    assert ids(merged(BASE, without, taught(BASE, shown("a", 0.9), shown("b")))) == ["a", "b"]
    assert ids(merged(BASE, taught(BASE, shown("a", 0.9), shown("b")), without)) == ["a", "b"]


def test_what_does_not_go_together_is_as_the_later_left_it() -> None:
    wider = replace(BASE, axes=(*BASE.axes, Axis(id="z", name="z")))
    theirs = replace(wider, voices=(replace(wider.voices[0], demonstrations=()),))
    assert merged(BASE, taught(BASE, shown("a"), shown("b"), shown("c")), theirs).axes == BASE.axes


def test_scenes_of_both_are_kept() -> None:
    mine = replace(BASE, scenes=(Scene(id="one", name="one"),))
    theirs = replace(BASE, scenes=(Scene(id="two", name="two"),))
    assert {each.id for each in merged(BASE, mine, theirs).scenes} == {"one", "two"}
