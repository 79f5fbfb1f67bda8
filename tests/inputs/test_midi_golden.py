"""The page reads MIDI as we do: tests/golden/midi.json holds both to it.

`python -m tests.inputs.test_midi_golden` writes the file anew.
"""

import json
import random
from pathlib import Path

from isobath.inputs.midi.reading import Reader

FILE = Path(__file__).parents[1] / "golden" / "midi.json"


def cable():
    """What a player, a controller of MPE and a bad contact send."""
    dice = random.Random(17)
    data = []
    for _ in range(500):
        channel = dice.choice((0, 0, 1, 2, 15))
        note = dice.choice((60, 64, 67))
        number = dice.choice((1, 33, 7, 39, 40, 74, 64, 6, 38, 98, 99, 100, 101, 120, 123, 32))
        byte = dice.randrange(128)
        data += dice.choice(
            (
                [0x90 | channel, note, byte],
                [0x80 | channel, note, 0],
                [0xB0 | channel, number, byte],
                [0xB0 | channel, 1, byte, 33, 127 - byte],
                [0xB0 | channel, 99, 1, 98, 2, 6, byte, 38, note],
                [0xB0 | channel, 101, 0, 100, 1, 6, byte, 38, note],
                [0xE0 | channel, byte, dice.randrange(128)],
                [0xD0 | channel, byte],
                [0xA0 | channel, note, byte],
                [0xC0 | channel, byte],
                [note, byte],
                [0xF8],
                [0xF0, 1, 2, byte, 0xF7],
                [dice.randrange(256)],
            )
        )
    return data


def golden():
    reader = Reader()
    told = [
        [s.channel, s.message, s.number, s.value, s.gone]
        for byte in cable()
        for s in reader.feed(bytes((byte,)))
    ]
    return {"bytes": cable(), "said": told, "garbage": reader.garbage}


def test_the_same_cable_says_the_same():
    assert json.loads(FILE.read_text()) == golden()


def test_all_sorts_of_messages_are_in_it():
    told = golden()["said"]
    assert len({message for _, message, _, _, _ in told}) == 11
    assert len(told) > 900


if __name__ == "__main__":
    FILE.write_text(json.dumps(golden()) + "\n")
    print(FILE, FILE.stat().st_size)
