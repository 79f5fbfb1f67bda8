"""`isobath play` with a trainer that only pretends: python -m tests.browser.making_play play --no-browser"""

import functools
import sys

from isobath.cli import main
from isobath.server import app, run

FAKE = (sys.executable, "-m", "tests.server.fake_maker")

if __name__ == "__main__":
    run.create_app = functools.partial(app.create_app, command=FAKE)  # type: ignore[assignment]
    main()
