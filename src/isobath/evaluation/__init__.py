"""What a model makes of recordings, measured: no PyTorch, the same coder that is played.

Every figure has a unit and a definition here; the model cards, `isobath evaluate` and the
checkpoints of a training use the same ones.
"""

from isobath.evaluation.measuring import Figure, Figures, measure
from isobath.evaluation.recordings import Note, Recording

__all__ = ["Figure", "Figures", "Note", "Recording", "measure"]
