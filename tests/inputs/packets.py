"""OSC as other programs write it, by a writer of the tests' own."""

import struct

SIZES = {"i": "i", "h": "q", "f": "f", "d": "d", "c": "I", "t": "Q"}


def text(value):
    data = value.encode()
    return data + b"\0" * (4 - len(data) % 4)


def message(address, types, *values):
    data = text(address) + text("," + types)
    left = list(values)
    for kind in types:
        if kind in SIZES:
            data += struct.pack(">" + SIZES[kind], left.pop(0))
        elif kind in "sS":
            data += text(left.pop(0))
        elif kind == "b":
            blob = left.pop(0)
            data += struct.pack(">i", len(blob)) + blob + b"\0" * (-len(blob) % 4)
        elif kind in "rm":
            data += left.pop(0)
    return data


def bundle(*parts, date=1):
    data = text("#bundle") + struct.pack(">Q", date)
    return data + b"".join(struct.pack(">i", len(part)) + part for part in parts)


def date_of(seconds):
    """Seconds since 1970 as a time tag."""
    return int((seconds + 2_208_988_800) * 2**32)
