"""The set list: kept whole, and by several hands at once."""

import pytest

from isobath.errors import SaveError
from isobath.library.home import Home
from isobath.library.set_list import change_set_list, merged, read_set_list


@pytest.fixture
def home(tmp_path):
    home = Home(tmp_path / "home")
    home.make()
    return home


def test_it_is_there_again_after_a_restart(home):
    assert read_set_list(home) == ()
    assert change_set_list(home, (), ("a", "b", "c")) == ("a", "b", "c")
    assert read_set_list(Home(home.root)) == ("a", "b", "c")


def test_a_damaged_list_is_no_list(home):
    home.set_list.write_text('["a", 5')
    assert read_set_list(home) == ()
    home.set_list.write_text('{"a": 1}')
    assert read_set_list(home) == ()


def test_a_disk_that_refuses_leaves_the_old_list(home, monkeypatch):
    change_set_list(home, (), ("a",))
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(SaveError):
        change_set_list(home, ("a",), ("a", "b"))
    assert read_set_list(home) == ("a",)
    assert [each.name for each in home.root.iterdir() if each.name.endswith(".part")] == []


@pytest.mark.parametrize(
    ("now", "before", "after", "kept"),
    [
        ("abc", "abc", "cab", "cab"),
        ("abcd", "abc", "cab", "cdab"),
        ("ab", "abc", "cab", "ab"),
        ("xab", "ab", "ba", "xba"),
        ("ab", "", "c", "abc"),
        ("ab", "", "ba", "ba"),
        ("", "ab", "ba", ""),
        ("abc", "abc", "aab", "ab"),
    ],
    ids=[
        "reordered",
        "another put d behind c",
        "another took c off",
        "another put x first",
        "a browser's own list joins",
        "and may be the same",
        "emptied by another",
        "twice is once",
    ],
)
def test_what_two_do_at_once_is_kept_from_both(now, before, after, kept):
    assert "".join(merged(now, before, after)) == kept
