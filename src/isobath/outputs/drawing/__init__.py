"""Sound as drawings: the page's scenes (web/src/look), for pictures and films without a browser."""

from isobath.outputs.drawing.scenes import SCENES, Mark, Moment

__all__ = ["SCENES", "Mark", "Moment"]
