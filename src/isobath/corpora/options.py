"""What is done to every file of a set."""

from typing import Literal

import msgspec

from isobath.errors import SetError

Normalising = Literal["none", "peak", "loudness"]

LOWEST_RATE, HIGHEST_RATE = 8000, 192_000
MOST_CHANNELS = 32


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a set is made. One set, one way: files added later are treated alike.

    sample_rate: Hz. channels: 1 is mono.
    normalise: `none` keeps each file's level; `peak` brings each to -1 dBFS; `loudness` each to
        -18 LUFS (ITU-R BS.1770), or as near as a peak of -1 dBFS allows. Never more than +30 dB.
    high_pass_hz: what lies below is taken away, 24 dB an octave; 0 for none.
    remove_silence: whether stretches below `silence_db` (dBFS, the highest sample of 10 ms) go,
        but for `keep_before` and `keep_after` seconds around what sounds.
    validation: the share of the files that training never hears, 0 to 0.5.
    """

    sample_rate: int = 44100
    channels: int = 1
    normalise: Normalising = "none"
    high_pass_hz: float = 0.0
    remove_silence: bool = False
    silence_db: float = -60.0
    keep_before: float = 0.1
    keep_after: float = 0.3
    validation: float = 0.05


class Wishes(msgspec.Struct, frozen=True):
    """What was asked for; None where the set, or Isobath, may choose."""

    sample_rate: int | None = None
    channels: int | None = None
    normalise: Normalising | None = None
    high_pass_hz: float | None = None
    remove_silence: bool | None = None
    silence_db: float | None = None
    keep_before: float | None = None
    keep_after: float | None = None
    validation: float | None = None

    def given(self) -> dict[str, object]:
        """Only what was asked for."""
        return {name: value for name, value in msgspec.structs.asdict(self).items() if value is not None}

    def chosen(self, channels: int) -> Options:
        """Options of a new set, whose files mostly have so many channels."""
        return Options(**{"channels": channels, **self.given()})  # type: ignore[arg-type]

    def fitting(self, options: Options, name: str) -> Options:
        """The options of a set that is there already, if they are what is asked for.

        Raises:
            SetError: the set was made another way.
        """
        for wish, value in self.given().items():
            if (made := getattr(options, wish)) != value:
                raise SetError(
                    f"{name} was made with {wish.replace('_', '-')} {made}, not {value}. "
                    "Leave the option out to add to it, or prepare into another folder."
                )
        return options


def check(options: Options) -> Options:
    """The options, if they can be.

    Raises:
        SetError: a value is outside its range.
    """
    ranges: list[tuple[str, float, float]] = [
        ("sample_rate", LOWEST_RATE, HIGHEST_RATE),
        ("channels", 1, MOST_CHANNELS),
        ("high_pass_hz", 0, options.sample_rate / 4),
        ("silence_db", -90, -10),
        ("keep_before", 0, 10),
        ("keep_after", 0, 10),
        ("validation", 0, 0.5),
    ]
    for name, low, high in ranges:
        if not low <= (value := getattr(options, name)) <= high:
            raise SetError(f"{name.replace('_', '-')} is {value}; it must lie between {low:g} and {high:g}.")
    return options
