"""Who may talk to the server. Plain values in, decisions out; no framework in sight.

Any page a person has open in the same browser can send requests to 127.0.0.1, and any name can
be made to resolve there. So four things are asked of a request, each of which has been missing in
a well-known local server and was exploited there (see docs/decisions/0006-server-and-library.md):

1. its Host is, letter for letter, one this server is reached by (else: DNS rebinding);
2. its Origin, on every socket and every POST, is exactly that host; none and `null` are refused;
3. it carries the cookie that the one-time token from the terminal was exchanged for;
4. a POST has a content type that no HTML form can send.
"""

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from isobath.errors import SaveError
from isobath.library.files import write_whole

COOKIE_SECONDS = 30 * 24 * 3600.0
"""A cookie older than this asks for a new link."""

WRONG_TOKENS = 10
"""So many wrong tokens within WRONG_SECONDS close the door to their address for the rest of that time."""

MOST_WRONG = 1000
"""Addresses that are remembered for their wrong tokens; of more the oldest are forgotten. A token has 256
bits, so that nobody guesses one by coming from ever new addresses."""

WRONG_SECONDS = 30.0

CONTENT_TYPES = frozenset({"application/json", "application/octet-stream"})
"""What a POST may carry: nothing an HTML form could send without asking first."""

GUEST_SECONDS = 24 * 3600.0
"""A cookie that came of an invitation is good for so long, and no longer than the invitation."""

TokenAnswer = Literal["right", "guest", "wrong", "too many"]


@dataclass(frozen=True)
class Refusal:
    """A request that goes no further."""

    status: int
    sentence: str


@dataclass(frozen=True)
class Address:
    """The names under which the server is reached."""

    hosts: frozenset[str]
    """Exact values of the Host header, port included."""
    secure: frozenset[str] = frozenset()
    """The same where the connection is encrypted; none: nobody comes in that way."""

    @classmethod
    def of(cls, names: Iterable[str], port: int) -> "Address":
        """The Host headers for these names, with the port left out where it is HTTP's own."""
        return cls(_hosts(names, port, 80))

    def and_secure(self, names: Iterable[str], port: int) -> "Address":
        """These, and by TLS under other names and at another port."""
        return Address(self.hosts, _hosts(names, port, 443))


def _hosts(names: Iterable[str], port: int, usual: int) -> frozenset[str]:
    bare = {f"[{name}]" if ":" in name else name.lower() for name in names}
    return frozenset({f"{name}:{port}" for name in bare} | (bare if port == usual else set()))


def read_secret(path: Path) -> bytes:
    """The key that signs cookies, made on first use; it outlives the server, so that pages do too.

    Raises:
        SaveError: it can be neither read nor written.
    """
    try:
        found = path.read_bytes()
        if len(found) == 32:
            return found
    except FileNotFoundError:
        pass
    except OSError as error:
        raise SaveError(
            f"{path} cannot be read ({error.strerror}). Make it yours again, or delete it."
        ) from error
    secret = secrets.token_bytes(32)
    write_whole(path, [secret])
    return secret


class Access:
    """The decisions, with the little memory they need."""

    def __init__(
        self,
        address: Address,
        secret: bytes,
        port: int,
        clock: Callable[[], float] = time.time,
        renewed: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.address = address
        self.cookie_name = f"isobath-{port}"
        self._secret = secret
        self._clock = clock
        self._wrong: dict[str, list[float]] = {}
        """When wrong tokens came, by the address they came from; the latest address last."""
        self._renewed = renewed
        self.token = secrets.token_urlsafe(32)
        """Good for one browser; a new one takes its place once it is used."""
        self.invitation: str | None = None
        """Good for any number of browsers, which may do no more than walk; None: nobody is invited."""

    # ----------------------------------------------------------------------------- the door

    def use_token(self, given: str, address: str = "") -> TokenAnswer:
        """Try a token from a link, for somebody at an address: wrong ones keep nobody else out."""
        now = self._clock()
        wrong = [moment for moment in self._wrong.pop(address, ()) if now - moment < WRONG_SECONDS]
        if wrong:
            self._wrong[address] = wrong
        if len(wrong) >= WRONG_TOKENS:
            return "too many"
        if self.invitation is not None and hmac.compare_digest(given.encode(), self.invitation.encode()):
            return "guest"
        if not hmac.compare_digest(given.encode(), self.token.encode()):
            self._wrong[address] = [*wrong, now]
            while len(self._wrong) > MOST_WRONG:
                del self._wrong[next(iter(self._wrong))]
            return "wrong"
        self.token = secrets.token_urlsafe(32)
        self._renewed(self.token)
        return "right"

    def invite(self) -> str:
        """A new invitation; the one before, and every cookie that came of it, is void."""
        self.invitation = secrets.token_urlsafe(24)
        return self.invitation

    def cookie(self) -> str:
        """A fresh cookie: a moment and a random name, signed."""
        body = f"{int(self._clock())}.{secrets.token_urlsafe(16)}"
        return f"{body}.{self._sign(body)}"

    def guest_cookie(self) -> str:
        """A fresh cookie of somebody invited, signed together with the invitation."""
        body = f"{int(self._clock())}.{secrets.token_urlsafe(16)}"
        return f"{body}.{self._sign(f'{self.invitation}:{body}')}"

    def knows(self, cookie: str | None) -> bool:
        """Whether a cookie was made here, and not too long ago."""
        return self._made_here(cookie, "", COOKIE_SECONDS)

    def invited(self, cookie: str | None) -> bool:
        """Whether a cookie came of the invitation that holds now."""
        if self.invitation is None:
            return False
        return self._made_here(cookie, f"{self.invitation}:", GUEST_SECONDS)

    def _made_here(self, cookie: str | None, what: str, seconds: float) -> bool:
        if cookie is None or cookie.count(".") != 2:
            return False
        body, _, signature = cookie.rpartition(".")
        if not hmac.compare_digest(signature.encode(), self._sign(what + body).encode()):
            return False
        made = float(body.partition(".")[0])
        return 0.0 <= self._clock() - made + 60.0 <= seconds + 60.0

    def _sign(self, body: str) -> str:
        return hmac.new(self._secret, f"{self.cookie_name}:{body}".encode(), hashlib.sha256).hexdigest()

    # -------------------------------------------------------------------------- each request

    def refuse(
        self, method: str, headers: Mapping[str, str], *, socket: bool = False, secure: bool = False
    ) -> Refusal | None:
        """Why a request goes no further, before its cookie is looked at; None if it may.

        secure: it came encrypted.
        """
        host = headers.get("host", "")
        if host not in (self.address.secure if secure else self.address.hosts):
            return Refusal(
                403, "This address is not the one Isobath printed. Use the link from the terminal."
            )
        if socket or method not in {"GET", "HEAD"}:
            if headers.get("origin") != f"{'https' if secure else 'http'}://{host}":
                return Refusal(
                    403, "This request comes from another page than Isobath's own, so it was refused."
                )
            kind = headers.get("content-type", "").partition(";")[0].strip().lower()
            if not socket and kind not in CONTENT_TYPES:
                return Refusal(415, f"A request of type {kind or 'none'} is not accepted here.")
        elif headers.get("sec-fetch-site") in {"cross-site", "same-site"} and not _navigates(headers):
            return Refusal(403, "Another page asked for this, so it was refused.")
        return None


def _navigates(headers: Mapping[str, str]) -> bool:
    """Whether a person followed a link here, in a window of its own."""
    return headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
