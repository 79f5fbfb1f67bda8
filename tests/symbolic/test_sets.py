"""Sets of scores: what is kept, which windows there are, and that no file is on two sides."""

import numpy as np
import pytest

from isobath.errors import ScoreError
from isobath.symbolic import groove
from isobath.symbolic.bars import Melody, drums_of_hits, melody_of_notes, to_midi
from isobath.symbolic.pieces import CELLO_FREE, Left, Piece, cello_pieces, folder_pieces, ryan_pieces
from isobath.symbolic.sets import SIDES, open_scores, sides_of, write_set


def beat(seed, bars=4):
    random = np.random.default_rng(seed)
    hits = [
        (float(s) + random.uniform(-0.4, 0.4), int(random.integers(9)), 0.5) for s in range(2, bars * 16, 2)
    ]
    return drums_of_hits(hits, steps=bars * 16)


@pytest.fixture
def folder(tmp_path):
    for i in range(12):
        (tmp_path / f"beat-{i}.mid").write_bytes(to_midi(beat(i), bpm=90 + i))
    (tmp_path / "damaged.mid").write_bytes(b"MThd")
    (tmp_path / "info.csv").write_text("midi_filename,style,drummer\nbeat-3.mid,funk,drummer1\n")
    return tmp_path


def test_a_folder_becomes_a_set_and_says_what_it_left_out(folder, tmp_path):
    about = write_set(tmp_path / "set", "beats", "drums", folder_pieces(folder, "drums"))
    assert [name for name, _ in about.left_out] == ["damaged.mid"]
    assert len(about.entries) == 12
    opened = open_scores(tmp_path / "set")
    entry = next(e for e in opened.about.entries if e.name == "beat-3.mid")
    assert entry.labels == {"style": "funk", "drummer": "drummer1"}
    piece, truth = opened.piece(entry), beat(3)
    np.testing.assert_array_equal(piece.hits, truth.hits)
    np.testing.assert_allclose(piece.offset, truth.offset, atol=1 / 60)


def test_sides_are_of_whole_files_and_always_the_same(folder, tmp_path):
    write_set(tmp_path / "set", "beats", "drums", folder_pieces(folder, "drums"))
    opened = open_scores(tmp_path / "set")
    sides = [set(opened.windows(2, side).pieces) for side in SIDES]
    assert [len(s) for s in sides] == [10, 1, 1]
    assert not sides[0] & sides[1]
    assert not sides[0] & sides[2]
    by_window = [opened.windows(2, side, "window").starts for side in SIDES]
    assert len(np.unique(np.concatenate(by_window))) == len(opened.all_windows(2)) == 36
    assert sides_of(["a", "b"]) == [0, 0]


def test_windows_move_by_a_bar_and_silent_ones_are_left_out(tmp_path):
    hits = [(0.0, 0, 1.0), (70.0, 1, 1.0)]
    write_set(tmp_path, "x", "drums", [Piece("x", drums_of_hits(hits, steps=80))])
    opened = open_scores(tmp_path)
    assert opened.all_windows(2).starts.tolist() == [0, 48]
    assert opened.tensors(opened.all_windows(2)).shape == (2, 32, 27)


def test_melodies_are_moved_over_the_whole_piano(tmp_path):
    melody = melody_of_notes([(0, 4, 60), (4, 4, 72)], steps=16)
    write_set(tmp_path, "x", "melody", [Piece("x", melody)])
    opened = open_scores(tmp_path)
    moved = opened.transposed(opened.all_windows(1))
    assert len(moved) == (108 - 72) + (60 - 21) + 1
    tokens = opened.tensors(moved).argmax(-1)
    assert tokens[tokens >= 2].min() == 2
    assert tokens.max() == 89


def test_damaged_and_missing_sets_are_told_of(folder, tmp_path):
    with pytest.raises(ScoreError, match="no set of scores"):
        open_scores(tmp_path / "nowhere")
    write_set(tmp_path / "set", "beats", "drums", folder_pieces(folder, "drums"))
    (tmp_path / "set" / "steps.npz").write_bytes(b"PK")
    with pytest.raises(ScoreError, match="not a whole set"):
        open_scores(tmp_path / "set")
    with pytest.raises(ScoreError, match="None of 1 files"):
        write_set(tmp_path / "no", "no", "drums", [Left("a", "no drums")])
    with pytest.raises(ScoreError, match="no MIDI file"):
        list(folder_pieces(tmp_path / "set", "drums"))


def test_another_metre_is_left_out_of_drums(tmp_path):
    data = to_midi(beat(1)).replace(b"\xff\x58\x04\x04\x02", b"\xff\x58\x04\x06\x03")
    (tmp_path / "six.mid").write_bytes(data)
    assert list(folder_pieces(tmp_path, "drums")) == [Left("six.mid", "not in 4/4")]
    assert isinstance(next(folder_pieces(tmp_path, "melody")), Left)


def test_only_free_engravings_of_the_cello_suites(tmp_path):
    melody = Melody(np.array([40, 0, 41, 0] * 8, np.uint8))
    for name in (f"{CELLO_FREE[0]}_1.mid", "BWV1008_1.mid"):
        (tmp_path / name).write_bytes(to_midi(melody))
    kinds = [type(p) for p in cello_pieces(tmp_path, free=True)]
    assert kinds == [Piece, Left]


def test_tunes_are_read_from_the_cache(tmp_path):
    cache = tmp_path / "ryan.json"
    cache.write_text('[{"name": "jig", "notes": [[0, 0.5, 70], [0.5, 1, 72]], "meters": [[0, 6, 8]]}]')
    (tune,) = ryan_pieces(cache)
    assert tune.bar_steps == 12
    assert tune.bars.tokens[:7].tolist() == [51, 0, 53, 0, 0, 0, 1]


def test_groove_is_fetched_only_whole(tmp_path):
    with pytest.raises(ScoreError, match="cannot be fetched"):
        groove.download(tmp_path, "file:///nowhere.zip")
    import zipfile

    with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
        packed.writestr("groove/x.mid", b"MThd")
    with pytest.raises(ScoreError, match="is not the Groove"):
        groove.download(tmp_path / "out", (tmp_path / "a.zip").as_uri())
    assert not (tmp_path / "out" / "groove").exists()
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as packed:
        packed.writestr("../x.mid", b"MThd")
    with pytest.raises(ScoreError, match="strange name"):
        groove.unpack(tmp_path / "b.zip", tmp_path / "c")
