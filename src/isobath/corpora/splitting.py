"""Which files training hears and which only validation.

A file's content decides: a number between 0 and 1 is made of its checksum, and below the share it
is for validation. So the split needs no memory, does not move when files are renamed or added, and
copies land on the same side. A file that once was given a side keeps it.
"""

from msgspec import structs

from isobath.corpora.index import File

LONGEST_HELD_OUT_SECONDS = 300.0


def throw(sha: str) -> float:
    """A number from 0 to 1 that the content decides."""
    return int(sha[:13], 16) / 16**13


def split(files: list[File], share: float, sample_rate: int) -> list[File]:
    """The files with their sides. One that makes up more than a third of the sound is split by time.

    A side that would be empty gets the file whose number is nearest.
    """
    if share <= 0:
        return [structs.replace(f, split=f.split or "train") for f in files]
    whole = sum(f.samples for f in files)
    done = [f if f.split else _given(f, share, whole, sample_rate) for f in files]
    for wanted, pick in (("validation", min), ("train", max)):
        if done and not any(f.split in {wanted, "both"} for f in done):
            chosen = pick(done, key=lambda f: throw(f.sha))
            done = [structs.replace(f, split=wanted) if f is chosen else f for f in done]
    return done


def _given(file: File, share: float, whole: int, sample_rate: int) -> File:
    if 3 * file.samples > whole:
        return _by_time(file, share, sample_rate)
    return structs.replace(file, split=_side(file, share))


def _side(file: File, share: float) -> str:
    return "validation" if throw(file.sha) < share else "train"


def _by_time(file: File, share: float, sample_rate: int) -> File:
    held = int(min(max(share, 0.1) * file.samples, LONGEST_HELD_OUT_SECONDS * sample_rate))
    return structs.replace(file, split="both", held_out=(file.samples - held, file.samples))
