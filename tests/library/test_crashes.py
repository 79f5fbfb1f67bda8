"""Kills, full disks and damaged files: nothing acknowledged is lost, and a sentence says what happened."""

import json
import os
import resource
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from isobath.errors import SaveError
from isobath.library import backup
from isobath.library.files import write_whole
from isobath.library.library import Library
from tests.library.pieces import piece

ROOT = Path(__file__).parents[2]


def kill_everywhere(what, folder, kills):
    run = subprocess.run(
        [sys.executable, "-m", "tests.library.killing", what, str(folder), str(kills)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
    )
    if "ptrace is not allowed" in run.stderr:
        pytest.skip("this machine does not allow ptrace")
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="ptrace as on Linux")
@pytest.mark.parametrize(("what", "kills"), [("saving", 80), ("writing", 40), ("opening", 40)])
def test_a_kill_at_any_system_call_loses_nothing_that_was_acknowledged(quick_folder, what, kills):
    result = kill_everywhere(what, quick_folder, kills)
    assert result["faults"] == []
    assert result["killed"] >= min(kills, result["stops"]) * 0.9
    assert result["partly"] < result["killed"]


@contextmanager
def no_file_larger_than(size):
    """The disk refuses to write beyond this size, as a full one does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def fill(library, start, most=400):
    """Change after change until the disk refuses. Returns the last number that was acknowledged."""
    for number in range(start, start + most):
        try:
            library.pieces.change(
                "page", number, piece(about="x" * 200 + os.urandom(2000).hex() + str(number)), "Change"
            )
        except SaveError as error:
            return number - 1, str(error)
    raise AssertionError("the disk never refused")


def test_a_full_database_refuses_with_a_sentence_and_takes_the_same_change_later(library):
    library.pieces.change("page", 1, piece(about="first"), "Begin")
    pages = library.connection.execute("PRAGMA page_count").fetchone()[0]
    library.connection.execute(f"PRAGMA max_page_count = {pages + 8}")
    last, sentence = fill(library, 2)
    assert "disk is full" in sentence
    assert library.pieces.acknowledged("page") == last
    assert library.pieces.read("p1").about.endswith(str(last) if last > 1 else "first")
    library.connection.execute("PRAGMA max_page_count = 1000000")
    applied = library.pieces.change("page", last + 1, piece(about="there is room again"), "Change")
    assert not applied.repeated
    assert library.pieces.read("p1").about == "there is room again"


def test_a_disk_that_refuses_to_write_leaves_what_was_there(home):
    with Library.open(home) as library:
        library.pieces.change("page", 1, piece(about="first"), "Begin")
        with no_file_larger_than(150_000):
            last, sentence = fill(library, 2)
        assert "saved" in sentence
        after = library.pieces.change("page", last + 1, piece(about="again"), "Change")
        assert not after.repeated
    with Library.open(home) as library:
        assert library.notes == ()
        assert library.pieces.read("p1").about == "again"
        assert library.pieces.acknowledged("page") == last + 1


def test_a_file_that_does_not_fit_leaves_the_old_one(tmp_path):
    target = tmp_path / "file"
    write_whole(target, [b"old"])
    with no_file_larger_than(1000), pytest.raises(SaveError, match="Nothing that was there before is lost"):
        write_whole(target, [b"new" * 1000])
    assert target.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


@pytest.fixture
def tiny_disk(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    if shutil.which("mount") is None or os.geteuid() != 0:
        pytest.skip("only root can mount a disk to fill")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True
    )
    if mounted.returncode != 0:
        pytest.skip("this machine does not allow a disk to be mounted")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_disk_that_is_really_full_loses_nothing(tiny_disk):
    from isobath.library.home import Home

    home = Home(tiny_disk / "home")
    with Library.open(home) as library:
        library.pieces.change("page", 1, piece(about="first"), "Begin")
        last, sentence = fill(library, 2, most=2000)
        assert "saved" in sentence
        assert library.pieces.open("p1").piece.about.endswith(str(last))
    with Library.open(home) as library:
        assert library.pieces.acknowledged("page") == last
        assert library.pieces.read("p1").about.endswith(str(last))


# ------------------------------------------------------------------------------- damaged files


def keep_some(home, count=8):
    """A library with a backup of `count` pieces and one piece made after it."""
    with Library.open(home) as library:
        for i in range(count):
            library.pieces.change("page", i + 1, piece(id=f"p{i}", takes=1, demonstrations=3), "Begin")
        library.back_up()
        library.pieces.change("page", count + 1, piece(id="newest", about="after the backup"), "Begin")


def overwrite(path, start, stop):
    with path.open("r+b") as file:
        file.seek(start)
        file.write(os.urandom(stop - start))


def test_a_damaged_library_opens_its_last_backup_and_says_so(home):
    keep_some(home)
    overwrite(home.database, 0, 4096)
    with Library.open(home) as library:
        assert len(library.notes) == 1
        assert "damaged" in library.notes[0]
        assert "backup of" in library.notes[0]
        assert {line.id for line in library.pieces.list()} == {f"p{i}" for i in range(8)}
        assert library.pieces.read("p3") == piece(id="p3", takes=1, demonstrations=3)
    assert len(list(home.root.glob("damaged-*.db"))) == 1


def test_what_can_still_be_read_of_a_damaged_library_is_carried_over(home):
    keep_some(home)
    page = 4096
    pages = home.database.stat().st_size // page
    carried = 0
    for broken in range(2, pages, 2):
        copy = type(home)(home.root.parent / f"broken-{broken}")
        shutil.copytree(home.root, copy.root)
        overwrite(copy.database, broken * page, (broken + 1) * page)
        with Library.open(copy) as library:
            if library.notes:
                assert len(library.pieces.list()) >= 8
                carried += any(line.id == "newest" for line in library.pieces.list())
            else:  # the page was not in use
                assert library.pieces.read("newest").about == "after the backup"
    assert carried > 0


def test_half_a_library_still_opens(home):
    keep_some(home)
    size = home.database.stat().st_size
    with home.database.open("r+b") as file:
        file.truncate(size // 2)
    with Library.open(home) as library:
        assert "damaged" in library.notes[0]
        assert len(library.pieces.list()) >= 8


def test_when_the_newest_backup_is_damaged_too_the_one_before_it_opens(home):
    with Library.open(home) as library:
        library.pieces.change("page", 1, piece(id="old"), "Begin")
        backup.back_up(library.connection, home, now=1_000_000_000)
        library.pieces.change("page", 2, piece(id="new"), "Begin")
        newest = backup.back_up(library.connection, home, now=1_000_086_400)
    overwrite(home.database, 0, 4096)
    overwrite(newest, 0, 4096)
    for other in backup.copies(home):
        if other.name > newest.name:
            other.unlink()
    with Library.open(home) as library:
        assert "backup of 2001-09-09" in library.notes[0]
        assert [line.id for line in library.pieces.list()] == ["old"]


def test_without_any_backup_a_new_library_is_started_and_the_damaged_one_kept(home):
    home.make()
    home.database.write_bytes(b"this is no database at all" * 500)
    with Library.open(home) as library:
        assert "started a new library" in library.notes[0]
        library.pieces.add(piece())
    (kept,) = home.root.glob("damaged-*.db")
    assert kept.read_bytes().startswith(b"this is no database")


def test_backups_are_made_only_when_something_changed_and_do_not_pile_up(home):
    with Library.open(home) as library:
        for day in range(30):
            library.pieces.change("page", day + 1, piece(about=str(day)), "Change")
            assert backup.back_up(library.connection, home, now=2_000_000_000 + 86_400 * day) is not None
            assert backup.back_up(library.connection, home, now=2_000_000_060 + 86_400 * day) is None
    assert len(backup.copies(home)) == backup.DAYS


def test_a_library_from_a_newer_isobath_is_left_alone(home):
    from isobath.errors import PieceNewer

    with Library.open(home) as library:
        library.connection.execute("PRAGMA user_version = 99")
    before = home.database.read_bytes()
    with pytest.raises(PieceNewer, match="newer Isobath"):
        Library.open(home)
    assert home.database.read_bytes() == before
