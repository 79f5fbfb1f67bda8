"""A model by its name or its file."""

from pathlib import Path

from isobath.library.home import find_home
from isobath.library.models import Models
from isobath.models import coder
from isobath.models.coder import Model


def model_path(name: str | Path) -> Path:
    """The file of a model: a path if there is a file at it, else a name in the library.

    Raises:
        ModelUnknown: there is neither.
    """
    path = Path(name)
    if path.suffix == ".safetensors" or len(path.parts) > 1:
        return path
    return Models(find_home()).get(str(name)).path


def load(name: str | Path) -> Model:
    """A model, ready to play.

    `name` is a bundled model's name, the name of one in the library, or the path of a
    `.safetensors` file.

    Raises:
        ModelUnknown: there is none.
        ModelDamaged, ModelNewer: there is one, but it cannot be played.
    """
    return coder.load(model_path(name))
