"""A jam with a model of bars: clock, capture, turns, answers and what is kept. Without thread or socket."""

from isobath.symbolic.jam.answering import Answerer
from isobath.symbolic.jam.capture import Capture
from isobath.symbolic.jam.clock import BarClock, ClockFollower, Tap
from isobath.symbolic.jam.session import Jam
from isobath.symbolic.jam.settings import MODES, Answer, Ask, Event, Heard, JamSettings, Turn

__all__ = [
    "MODES", "Answer", "Answerer", "Ask", "BarClock", "Capture", "ClockFollower", "Event", "Heard", "Jam",
    "JamSettings", "Tap", "Turn",
]  # fmt: skip
