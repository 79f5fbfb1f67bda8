"""`isobath hands`: a camera moves axes of an Isobath that plays."""

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import click

MOST_A_SECOND = 60.0


@click.command()
@click.argument("camera", default="0")
@click.option("--to", metavar="ADDRESS", help="What isobath play --programs prints: ws://…/controllers?key=…")
@click.option("--osc", metavar="HOST:PORT", help="Send OSC instead, /isobath/hands/NAME.")
@click.option(
    "--model",
    type=click.Path(dir_okay=False, path_type=Path),
    help="MediaPipe's hand_landmarker.task, instead of the networks in its package.",
)
@click.option("--colour", "colours", multiple=True, metavar="#RRGGBB", help="Worn in a hand; once or twice.")
@click.option("--watch", is_flag=True, help="Print what is found instead of sending it.")
def hands(
    camera: str, to: str | None, osc: str | None, model: Path | None, colours: tuple[str, ...], watch: bool
) -> None:
    """Let hands in front of a camera move axes: bare ones, found by MediaPipe, or what they wear.

    CAMERA is a number, 0 the first one, or a film. Its values have names (right x, right pinch,
    first x, …), for inputs of the piece: Controllers, Learn.
    """
    from isobath.errors import UsageError
    from isobath.inputs.hands import ColourTracker, LandmarkTracker, Tracker, frames_of

    if model is not None and colours:
        raise UsageError(
            "Hands are found by their landmarks or by a colour: say one of --model and --colour."
        )
    if [to is None, osc is None, not watch].count(False) != 1:
        raise UsageError("Say where to: --to with the address of isobath play --programs, --osc, or --watch.")
    tracker: Tracker = ColourTracker([_rgb(each) for each in colours]) if colours else LandmarkTracker(model)
    send, close = _print() if watch else _to(to) if to is not None else _osc(osc or "")
    try:
        with suppress(KeyboardInterrupt):
            for frame in frames_of(camera):
                began = time.monotonic()
                found = tracker(frame)
                if found:
                    send(found)
                left = 1 / MOST_A_SECOND - (time.monotonic() - began)
                if left > 0 and not watch:
                    time.sleep(left)
    finally:
        close()


Send = Callable[[dict[str, float]], None]
Close = Callable[[], None]


def _rgb(text: str) -> tuple[int, int, int]:
    from isobath.errors import UsageError

    digits = text.removeprefix("#")
    if len(digits) != 6 or not all(each in "0123456789abcdefABCDEF" for each in digits):
        raise UsageError(f"{text[:20]} is no colour. One reads #d02020: red, green, blue in two digits each.")
    red, green, blue = (int(digits[i : i + 2], 16) for i in (0, 2, 4))
    return red, green, blue


def _print() -> tuple[Send, Close]:
    def send(found: dict[str, float]) -> None:
        click.echo("  ".join(f"{name} {value:.2f}" for name, value in found.items()))

    return send, lambda: None


def _to(address: str) -> tuple[Send, Close]:
    import json

    from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI
    from websockets.sync.client import connect

    from isobath.errors import UsageError

    try:
        line = connect(address, open_timeout=10)
    except (OSError, InvalidHandshake, InvalidURI) as error:
        raise UsageError(
            f"Nobody lets us in there ({error}). Start isobath play --programs and give the address it "
            "prints; its key is new at every start."
        ) from error

    def send(found: dict[str, float]) -> None:
        try:
            line.send(json.dumps({"values": {name: round(value, 5) for name, value in found.items()}}))
        except ConnectionClosed as error:
            raise UsageError(
                "Isobath has ended the line. Start it again, and this with its new key."
            ) from error

    return send, line.close


def _osc(address: str) -> tuple[Send, Close]:
    from isobath.outputs.osc import OscOutput, read_address

    output = OscOutput(*read_address(address))

    def send(found: dict[str, float]) -> None:
        for name, value in found.items():
            output.say(f"/isobath/hands/{name.replace(' ', '/')}", (value,))

    return send, output.close
