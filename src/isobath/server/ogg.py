"""Ogg as it is written and as it arrives: the ends of a stream that has no file."""


class OggWriter:
    """Where the encoder writes; what it wrote is taken away to be sent."""

    def __init__(self) -> None:
        self._waiting, self._at = bytearray(), 0

    def write(self, data: bytes) -> int:
        self._waiting += data
        self._at += len(data)
        return len(data)

    def tell(self) -> int:
        return self._at

    def seek(self, _offset: int, _whence: int = 0) -> int:
        return self._at  # what was sent cannot be written again

    def read(self, _size: int = -1) -> bytes:
        return b""

    def taken(self) -> bytes:
        data, self._waiting = bytes(self._waiting), bytearray()
        return data


class OggPages:
    """Ogg pages as they come: the first ones, which every listener needs, and then the rest, page by page."""

    def __init__(self) -> None:
        self.head = b""
        self._headed = False
        self._rest = b""

    def take(self, data: bytes) -> bytes:
        """Whole pages of sound in what came; those that head a stream are kept."""
        self._rest += data
        whole = b""
        while (page := self._page()) is not None:
            if page[5] & 2:  # a stream begins
                self.head, self._headed = b"", False
            if not self._headed and int.from_bytes(page[6:14], "little", signed=True) <= 0:
                self.head += page
            else:
                self._headed = True
                whole += page
        return whole

    def _page(self) -> bytes | None:
        if len(self._rest) < 27 or len(self._rest) < 27 + self._rest[26]:
            return None
        size = 27 + self._rest[26] + sum(self._rest[27 : 27 + self._rest[26]])
        if len(self._rest) < size:
            return None
        page, self._rest = self._rest[:size], self._rest[size:]
        return page
