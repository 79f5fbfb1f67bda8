"""`isobath play` with a trainer that only pretends: python -m tests.browser.making_play play --no-browser"""

import functools
import sys

from isobath.cli import main
from isobath.protocol.making import Configuration
from isobath.server import app, run, workbench

FAKE = (sys.executable, "-m", "tests.server.fake_maker")

KINDS = (
    Configuration(
        name="instrument", title="Instrument", about="For playing.", delay_ms=7.3, frames_a_second=172.3,
        dims=8, parameters=640_000, phase1_steps=20, phase2_steps=20, default=True,
    ),
    Configuration(
        name="v2", title="RAVE 2", about="Large.", delay_ms=620, frames_a_second=21.5, dims=128,
        parameters=17_000_000, phase1_steps=1_000_000, phase2_steps=1_000_000, seconds_a_step=2.0,
    ),
)  # fmt: skip

if __name__ == "__main__":
    workbench.configurations = lambda _: KINDS  # type: ignore[attr-defined]
    run.create_app = functools.partial(app.create_app, command=FAKE)  # type: ignore[attr-defined]
    main()
