import io
import struct
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

from isobath.errors import AudioError, SaveError
from isobath.sound.files import read_audio, read_blocks, write_audio, write_blocks

SOUND = np.random.default_rng(0).uniform(-0.9, 0.9, (2, 5000)).astype(np.float32)


@pytest.mark.parametrize("ending", ["wav", "flac", "WAV"])
def test_what_is_written_is_read_again(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a.{ending}"
    write_audio(path, SOUND, 48000)
    again, rate = read_audio(path)
    assert rate == 48000
    np.testing.assert_allclose(again, SOUND, atol=2**-23)
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_paths_bytes_and_open_files_are_read_alike(tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    write_audio(path, SOUND, 44100)
    with path.open("rb") as file:
        for source in (path, str(path), path.read_bytes(), file):
            np.testing.assert_array_equal(read_audio(source)[0], read_audio(path)[0])


def test_only_as_much_is_read_as_was_asked_for(tmp_path: Path) -> None:
    write_audio(tmp_path / "a.wav", SOUND, 10000)
    assert read_audio(tmp_path / "a.wav", limit_seconds=0.1)[0].shape == (2, 1000)
    assert read_audio(tmp_path / "a.wav", limit_seconds=99.0)[0].shape == (2, 5000)


def test_three_hours_do_not_fill_the_memory(tmp_path: Path) -> None:
    path = tmp_path / "long.flac"
    second = np.zeros((1, 80_000), np.float32)
    write_blocks(path, (second for _ in range(1080)), 8000, 1)
    tracemalloc.start()
    samples = sum(block.shape[1] for block, _ in read_blocks(path))
    beginning, _ = read_audio(path, limit_seconds=60)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert samples == 3 * 3600 * 8000
    assert beginning.shape == (1, 60 * 8000)
    assert most < 20e6


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b"This is a shopping list: bread, milk, strings.", "not an audio file"),
        (b"RIFF\x00\x00\x00\x00WAVE", "not an audio file"),
        (b"\x89PNG\r\n\x1a\n" + bytes(500), "not an audio file"),
        (bytes(4096), "not an audio file"),
    ],
)
def test_what_is_no_sound_is_a_sentence(tmp_path: Path, data: bytes, said: str) -> None:
    path = tmp_path / "thing.wav"
    path.write_bytes(data)
    for source in (path, data):
        with pytest.raises(AudioError, match=said):
            read_audio(source)


def test_a_file_without_samples_is_a_sentence(tmp_path: Path) -> None:
    write_audio(tmp_path / "none.wav", np.zeros((1, 0), np.float32), 48000)
    with pytest.raises(AudioError, match=r"none\.wav holds no sound"):
        read_audio(tmp_path / "none.wav")


def test_a_missing_file_and_a_folder_are_sentences(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="cannot be opened"):
        read_audio(tmp_path / "gone.wav")
    with pytest.raises(AudioError):
        read_audio(tmp_path)


@pytest.mark.parametrize("ending", ["wav", "flac", "ogg"])
def test_a_file_that_breaks_off_is_read_as_far_as_it_goes_or_refused(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a.{ending}"
    tone = 0.5 * np.sin(np.arange(60_000) / 20)
    soundfile.write(path, tone, 48000)
    whole = path.read_bytes()
    read = 0
    for share in (0.9, 0.5, 0.1, 0.01):
        path.write_bytes(whole[: int(len(whole) * share)])
        try:
            audio, _ = read_audio(path)
        except AudioError:
            continue
        else:
            read += 1
            assert 0 < audio.shape[1] <= 60_000
            assert np.isfinite(audio).all()
    assert read > 0 or ending != "wav"


def test_values_that_are_no_numbers_become_silence() -> None:
    data = struct.pack("<4f", 0.5, float("nan"), float("inf"), -0.5)
    wav = io.BytesIO()
    with soundfile.SoundFile(wav, "w", 48000, 1, "FLOAT", format="WAV") as file:
        file.write(np.frombuffer(data, np.float32))
    assert read_audio(wav.getvalue())[0].tolist() == [[0.5, 0.0, 0.0, -0.5]]


def test_random_damage_never_gets_out_as_another_error(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    for ending in ("wav", "flac"):
        path = tmp_path / f"a.{ending}"
        write_audio(path, SOUND, 48000)
        whole = np.frombuffer(path.read_bytes(), np.uint8)
        for _ in range(150):
            hurt = whole.copy()
            at = random.integers(0, min(len(hurt), 400), 4)
            hurt[at] = random.integers(0, 256, 4)
            try:
                audio, rate = read_audio(hurt.tobytes(), limit_seconds=10)
            except AudioError:
                continue
            assert np.isfinite(audio).all()
            assert rate >= 1000


def test_an_ending_that_is_no_sound_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match=r"\.wav or \.flac, not \.mp3"):
        write_audio(tmp_path / "a.mp3", SOUND, 48000)


def test_what_cannot_be_written_is_a_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(SaveError, match="could not be written"):
        write_audio(tmp_path / "nowhere" / "a.wav", SOUND, 48000)


def test_a_sound_that_fails_halfway_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    write_audio(path, SOUND, 48000)
    before = path.read_bytes()

    def failing():  # type: ignore[no-untyped-def]
        yield SOUND
        raise RuntimeError("the piece broke")

    with pytest.raises(RuntimeError, match="the piece broke"):
        write_blocks(path, failing(), 48000, 2)
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["a.wav"]


def test_loud_and_broken_values_are_written_safely(tmp_path: Path) -> None:
    write_audio(tmp_path / "a.wav", np.float32([[2.0, -3.0, np.nan, 0.25]]), 48000)
    np.testing.assert_allclose(read_audio(tmp_path / "a.wav")[0], [[1.0, -1.0, 0.0, 0.25]], atol=1e-6)


@pytest.mark.skipif(not Path("/dev/null").is_char_device(), reason="there is no /dev/null here")
def test_a_device_is_not_replaced_by_a_file(tmp_path: Path) -> None:
    (tmp_path / "out.wav").symlink_to("/dev/null")
    with pytest.raises(SaveError, match="no file to replace"):
        write_audio(tmp_path / "out.wav", SOUND, 48000)
    assert Path("/dev/null").is_char_device()


def test_a_full_disk_is_told_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def blocks() -> Iterator[np.ndarray]:
        yield np.zeros((1, 100), np.float32)
        raise soundfile.LibsndfileError(2)  # "System error.", all that it knows

    out = tmp_path / "a.wav"
    with pytest.raises(SaveError, match=r"\(System error\)"):
        write_blocks(out, blocks(), 44100, 1)
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=0))
    with pytest.raises(SaveError, match="no space left on the disk"):
        write_blocks(out, blocks(), 44100, 1)
    assert list(tmp_path.iterdir()) == []
