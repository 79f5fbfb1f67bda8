"""Isobath: a playable instrument for latent models of sound.

    import isobath

    model = isobath.load("guitar")              # bundled name, library name or path
    latent = model.encode(audio, sample_rate)   # (dims, frames)
    audio = model.decode(latent)                # (channels, samples)
    mapping = isobath.fit(points, latents)      # (n, axes), (n, dims) -> Mapping; mapping(points)

What is not used is not imported: `import isobath` alone costs nothing.
"""

from typing import TYPE_CHECKING

__version__ = "0.1.0"
__all__ = ["Mapping", "Model", "Settings", "__version__", "fit", "load"]

if TYPE_CHECKING:
    from isobath.library.load import load_any as load
    from isobath.mapping import Mapping, Settings, fit
    from isobath.models.coder import Model

_HOMES = {
    "load": "isobath.library.load:load_any",
    "fit": "isobath.mapping",
    "Mapping": "isobath.mapping",
    "Settings": "isobath.mapping",
    "Model": "isobath.models.coder",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"isobath has no {name!r}; it has {', '.join(__all__)}.")
    from importlib import import_module

    home, _, known_as = _HOMES[name].partition(":")
    found: object = getattr(import_module(home), known_as or name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
