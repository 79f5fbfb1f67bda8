"""Which of the protocol's kinds an error belongs to."""

import logging

from isobath.errors import (
    AudioError,
    IsobathError,
    KernelError,
    MappingError,
    ModelError,
    PieceError,
    SaveError,
    ScoreError,
    UsageError,
)
from isobath.protocol.messages import ProblemKind

log = logging.getLogger("isobath.server")

KINDS: tuple[tuple[type[IsobathError], ProblemKind], ...] = (
    (SaveError, "save"),
    (PieceError, "piece"),
    (ScoreError, "piece"),
    (ModelError, "model"),
    (KernelError, "model"),
    (MappingError, "mapping"),
    (AudioError, "audio"),
    (UsageError, "protocol"),
)


def told(error: Exception, doing: str) -> tuple[str, ProblemKind]:
    """The sentence and the kind to tell the page. What is nobody's fault but ours is also logged."""
    if isinstance(error, IsobathError):
        return str(error), next((kind for family, kind in KINDS if isinstance(error, family)), "server")
    log.error("Unexpected while %s", doing, exc_info=error)
    return (
        f"Isobath stumbled while {doing} ({type(error).__name__}). "
        "What was saved is safe; the terminal says more.",
        "server",
    )
