"""The stage: the piece on a sound device of the server's machine, instead of in the page.

There is one stage for all pages. It plays the piece it was started with and follows its changes; any page
may start it, look at it, play it and stop it. Controllers reach it without a page.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

StageCondition = Literal["off", "starting", "playing", "lost"]
"""lost: the device is gone; it is opened again once it is back."""

StageAction = Literal["play", "stop", "record", "finish", "panic", "begin", "freeze", "thaw", "fade", "beat"]
"""play: a take; stop: the performer's gestures again; record and finish: a take is made, over another one
where that is named; panic: silence within 64 samples, until play, record or begin; begin: from a fresh past;
freeze and thaw: the latents stay, or go on; fade: the master out, or in; beat: another tempo, or another
moment of the beat, than the piece's own."""

Hertz = Annotated[int, Meta(ge=0, le=192000)]


class StageDevice(msgspec.Struct, frozen=True, kw_only=True):
    """A sound device of the server's machine that can play."""

    name: str
    api: str
    """The sound system it belongs to: JACK, ALSA, Core Audio, ..."""
    inputs: int = 0
    outputs: int = 2
    rate: int = 0
    """Its usual one, Hz; 0: any."""
    default: bool = False


class StageSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How the stage is opened."""

    device: Annotated[str, Meta(max_length=400)] = ""
    """Its name, or a part of it; empty: the default one; null: a clock that nobody listens to."""
    rate: Hertz = 0
    """Of the device; 0: the piece's."""
    block: Annotated[int, Meta(ge=16, le=4096)] = 256
    """Samples the device takes at once; JACK decides itself."""
    ahead: Annotated[int, Meta(ge=0, le=4096)] = 128
    """Samples made ahead of the next block: more are safer, and later."""
    spare: bool = True
    """Keep a second process ready to take over."""


class StageEar(msgspec.Struct, frozen=True, kw_only=True):
    """What a voice on the stage hears."""

    peak: float
    """Lately, linear."""
    lufs: float
    """0: not known yet."""
    match_db: float
    """By so much it is brought to the loudness of the model's own."""


class StageState(msgspec.Struct, frozen=True, kw_only=True):
    """How the stage stands."""

    condition: StageCondition = "off"
    sentence: str = ""
    """What is the matter; empty where nothing is."""
    piece: str = ""
    """The id of the piece it plays."""
    settings: StageSettings = msgspec.field(default_factory=StageSettings)
    device: str = ""
    """That was opened."""
    sample_rate: int = 0
    """Of the piece, Hz."""
    device_rate: int = 0
    block: int = 0
    latency_ms: float = 0.0
    """From a gesture to the device, without the wait for the next frame."""
    load: float = 0.0
    """Share of the time that making the sound takes, 0..1."""
    underruns: int = 0
    """Times that nobody had sound ready."""
    missing_ms: float = 0.0
    """Silence because of it, in all."""
    takeovers: int = 0
    """Times that the second process took over."""
    xruns: int = 0
    """Told by the device."""
    spare: bool = False
    """The second process is ready."""
    take: str | None = None
    """The take that is played, by itself or under one that is recorded over it."""
    recording: bool = False
    frozen: bool = False
    faded: bool = False
    """The master is out, or on its way."""
    sound: bool = False
    """What goes to the device is being recorded for a page, or waits to be fetched by one."""
