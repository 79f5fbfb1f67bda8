"""The page conditions a gesture as we do, to the last bit: tests/golden/conditioning.json holds both to it.

`python -m tests.gesture.test_golden` writes the file anew.
"""

import json
import random
from dataclasses import asdict
from pathlib import Path

from isobath.gesture.board import Board, Given
from isobath.gesture.conditioning import Conditioning

FILE = Path(__file__).parents[1] / "golden" / "conditioning.json"

RESTS = (0.5, 0.0, 0.25)

GIVEN = (
    Given("straight", 0),
    Given("stick", 0, Conditioning(lo=-1.0, deadzone=0.12, curve=0.4, cutoff_hz=1.5, beta=6.0)),
    Given("pedal", 1, Conditioning(lo=20.0, hi=110.0, deadzone=0.05, deadzone_at=0.0, slew_seconds=0.3)),
    Given("string", 1, Conditioning(lo=0.9, hi=0.1, curve=-0.7, cutoff_hz=3.0, silence_seconds=0.4)),
    Given("hand", 2, Conditioning(invert=True, hold_seconds=0.3, cutoff_hz=0.8, beta=0.0)),
    Given("for ever", 2, Conditioning(hold_seconds=-1.0, deadzone=0.3, deadzone_at=0.8)),
    Given("clock", 2, yields=True),
)

RANGES = {"stick": (-1.1, 1.1), "pedal": (0.0, 127.0)}


def events():
    """What happens, in order: ["put", slot, value], ["lose", slot], ["hand", axis, value],
    ["freeze", axis, on], ["step", now]."""
    dice = random.Random(11)
    now = 0.0
    for _ in range(700):
        for slot, given in enumerate(GIVEN):
            if dice.random() < 0.12:
                lo, hi = RANGES.get(given.id, (-0.05, 1.05))
                yield ["put", slot, dice.uniform(lo, hi)]
        if dice.random() < 0.02:
            yield ["lose", dice.randrange(len(GIVEN))]
        if dice.random() < 0.01:
            yield ["hand", dice.randrange(3), dice.random()]
        if dice.random() < 0.01:
            yield ["freeze", dice.randrange(3), dice.random() < 0.5]
        now += dice.choice((0.005, 0.005, 0.004, 0.0071, 0.03, 0.2))
        yield ["step", now]
    for axis in range(3):
        yield ["freeze", axis, False]
    for _ in range(40):
        now += 0.05
        yield ["step", now]


def played():
    """Every event, the steps with the places they lead to."""
    board = Board(RESTS, GIVEN)
    now, told = 0.0, []
    for kind, *what in events():
        match kind:
            case "put":
                board.slots[what[0]].put(what[1])
            case "lose":
                board.lose([board.slots[what[0]]], now)
            case "hand":
                board.hand(*what, now)
            case "freeze":
                board.freeze(*what)
            case "step":
                now = what[0]
                board.step(now)
                what = [now, board.values]
        told.append([kind, *what])
    return board, told


def golden():
    board, told = played()
    return {
        "rests": list(RESTS),
        "given": [asdict(each) for each in GIVEN],
        "events": told,
        "takeovers": board.takeovers,
        "pulls": board.pulls,
        "outside": board.outside,
    }


def test_the_same_gesture_leads_to_the_same_places():
    assert json.loads(FILE.read_text()) == golden()


def test_much_happens_in_it():
    board, told = played()
    places = [value for kind, *what in told if kind == "step" for value in what[1]]
    assert all(0.0 <= place <= 1.0 for place in places)
    assert board.takeovers > 100
    assert board.outside > 10
    assert len(set(places)) > 500


if __name__ == "__main__":
    FILE.write_text(json.dumps(golden()) + "\n")
    print(FILE, FILE.stat().st_size)
