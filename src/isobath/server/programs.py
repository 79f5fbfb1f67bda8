"""Another program at the door: a WebSocket with plain JSON, for whatever is not OSC.

Each text frame is one object: `{"axes": [0.2, 0.8]}` or `{"axes": {"breath": 0.4}}` moves axes of the piece
that is open, `{"values": {"hand x": 0.3}}` says named values for inputs of the piece, `{"do":
"demonstrate"}` presses a button. The first frame from here says which axes there are; afterwards only
what could not be used, once for each reason (docs/guide/controllers.md).
"""

import hmac
import json
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs

from starlette.websockets import WebSocket, WebSocketDisconnect

from isobath.inputs.hub import Hub
from isobath.inputs.keys import ACTIONS, OWN, Key
from isobath.inputs.osc.packets import AT_ONCE, Message
from isobath.server.access import Access
from isobath.server.controllers import Controllers

LONGEST = 65_536
"""Letters of a frame."""
MOST_NAMES = 1024
"""Names that one program may use."""


def key_in(scope: Any) -> str:
    """The key that a program brings: in the address, or as `Authorization: Bearer`."""
    for name, value in scope.get("headers", ()):
        if name == b"authorization" and value[:7].lower() == b"bearer ":
            return bytes(value[7:]).decode("latin-1").strip()
    found = parse_qs(bytes(scope.get("query_string", b"")).decode("latin-1")).get("key", [""])
    return found[0]


def admits(access: Access, controllers: Controllers, scope: Any, headers: Any) -> bool:
    """Whether a program may come in: by the right name, with the key, and from no other page."""
    wanted = controllers.key
    if wanted is None or headers.get("host", "") not in access.address.hosts:
        return False
    if headers.get("origin") not in (None, f"http://{headers.get('host')}"):
        return False
    return hmac.compare_digest(key_in(scope).encode(), wanted.encode())


class Program:
    """One program, from its first frame to its last."""

    def __init__(self, socket: WebSocket, hub: Hub) -> None:
        self._socket = socket
        self._hub = hub
        self._said: dict[Key, None] = {}
        self._refused: set[str] = set()

    async def run(self) -> None:
        """Listen until it goes."""
        await self._socket.accept()
        try:
            await self._listen()
        finally:  # however it went: nothing that it moved may stay where it is for ever
            self._hub.lose(list(self._said))

    async def _listen(self) -> None:
        with suppress(WebSocketDisconnect, RuntimeError, OSError):
            await self._socket.send_text(json.dumps({"axes": self._hub.axes(), "do": list(ACTIONS)}))
            while True:
                frame = await self._socket.receive()
                if frame["type"] == "websocket.disconnect":
                    break
                problem = self._take(frame.get("text"))
                if problem and problem not in self._refused and len(self._refused) < 100:
                    self._refused.add(problem)
                    await self._socket.send_text(json.dumps({"problem": problem}))

    def _take(self, text: str | None) -> str:
        """Use one frame; what cannot be used, or nothing."""
        if text is None or len(text) > LONGEST:
            return f"A frame is text of at most {LONGEST} letters."
        try:
            said = json.loads(text)
        except (ValueError, RecursionError):
            return "This is no JSON."
        if not isinstance(said, dict):
            return "A frame is one JSON object."
        problems = [
            act(said[name])
            for name, act in (("axes", self._axes), ("values", self._values), ("do", self._do))
            if name in said
        ]
        if not problems:
            return 'A frame has "axes", "values" or "do".'
        return next((each for each in problems if each), "")

    def _axes(self, given: Any) -> str:
        if isinstance(given, list):
            if not all(map(_is_number, given)) or len(given) > 64:
                return '"axes" is a list of up to 64 numbers, or names with numbers.'
            self._osc(OWN + "axes", tuple(map(float, given)))
            return ""
        if not isinstance(given, dict) or not all(map(_is_number, given.values())):
            return '"axes" is a list of up to 64 numbers, or names with numbers.'
        for name, value in list(given.items())[:64]:
            self._osc(OWN + "axis/" + name.replace(" ", "_"), (float(value),))
        return ""

    def _osc(self, address: str, values: tuple[float, ...]) -> None:
        for i in range(len(values)):
            self._note(("osc", address, i))
        self._hub.osc(Message(address, values, AT_ONCE))

    def _values(self, given: Any) -> str:
        if not isinstance(given, dict) or not all(map(_is_number, given.values())):
            return '"values" is names with numbers.'
        for name, value in given.items():
            key: Key = ("program", name)
            if not self._note(key):
                return f"One program has at most {MOST_NAMES} names."
            self._hub.say(key, float(value))
        return ""

    def _do(self, given: Any) -> str:
        if given not in ACTIONS:
            return f'"do" is one of: {", ".join(ACTIONS)}.'
        self._hub.osc(Message(OWN + str(given), (), AT_ONCE))
        return ""

    def _note(self, key: Key) -> bool:
        if key not in self._said and len(self._said) >= MOST_NAMES:
            return False
        self._said[key] = None
        return True


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e308
