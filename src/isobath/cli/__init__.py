"""The terminal: `isobath`, and everything below it."""

import sys


def main() -> None:
    """The entry point: one clear sentence instead of a traceback, and 0, 1 or 2 as the answer."""
    from isobath.cli.group import isobath

    sys.exit(isobath(standalone_mode=True))
