"""The terminal: `isobath`, and everything below it."""

import os
import sys


def main() -> None:
    """The entry point: one clear sentence instead of a traceback, and 0, 1 or 2 as the answer."""
    # A second thread of OpenBLAS waits for the first by spinning; on a busy machine that turns a fit
    # of a tenth of a second into one of eight. It must be said before numpy is imported.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from isobath.cli.group import isobath

    sys.exit(isobath(standalone_mode=True))
