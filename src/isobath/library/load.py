"""A model by its name or its file."""

from pathlib import Path
from typing import TYPE_CHECKING, cast

from isobath.errors import ModelMismatch, ModelUnknown
from isobath.library.home import find_home
from isobath.library.models import Models
from isobath.models import coder
from isobath.models.coder import Model
from isobath.models.description import describe
from isobath.models.prior import Prior, prior_path, read_prior

if TYPE_CHECKING:
    from isobath.foreign.torchscript import ForeignModel
    from isobath.library.foreign import FoundForeign
    from isobath.symbolic.playing import PlayedBars


def model_path(name: str | Path) -> Path:
    """The file of a model: a path if there is a file at it, a name in the library, or the folder of a
    training that has made one.

    Raises:
        ModelUnknown: there is neither.
    """
    path = Path(name)
    if path.suffix == ".safetensors" or len(path.parts) > 1:
        return _made_in(path) or path
    models = Models(find_home())
    made = _made_in(path) if models.find(str(name)) is None else None
    return made or models.get(str(name)).path


def _made_in(folder: Path) -> Path | None:
    """The newest model in the folder of a training, if it is one."""
    found = list(folder.glob("*.safetensors")) if (folder / "run.json").is_file() else []
    return max(found, key=lambda path: path.stat().st_mtime, default=None)


def load(name: str | Path, swift: bool = False) -> Model:
    """A model, ready to play.

    `name` is a bundled model's name, the name of one in the library, or the path of a
    `.safetensors` file. `swift` plays it in whole numbers where that is faster, more than 60 dB
    from the last bits (docs/decisions/0003-kernel.md).

    Raises:
        ModelUnknown: there is none.
        ModelDamaged, ModelNewer: there is one, but it cannot be played.
    """
    found = find_foreign(name)
    if found is not None:
        raise ModelMismatch(
            f"{found.name} is a model of another program and runs in PyTorch. You can encode, decode and "
            "transfer with it; this needs one of our own format."
        )
    return coder.load(model_path(name), swift=swift)


def find_foreign(name: str | Path) -> "FoundForeign | None":
    """A model of another program by its name in the library, if no model of ours has the name."""
    if len(Path(name).parts) > 1 or Path(name).suffix in (".safetensors", ".ts"):
        return None
    home = find_home()
    if not any(home.models.glob("*.ts")) or Models(home).find(str(name)) is not None:
        return None
    from isobath.library.foreign import ForeignModels

    return ForeignModels(home).find(str(name))


def load_any(name: str | Path) -> "Model | ForeignModel":
    """A model, ready to play: one of ours as by `load`, or another program's in a process of its own.

    The name of a foreign model in the library, or the path of a `.ts` file, gives a ForeignModel; close
    it after use, or use it in a `with`.

    Raises:
        ModelUnknown: there is none.
        ModelError: there is one, but it cannot be played.
    """
    path = Path(name)
    if path.suffix == ".ts" and path.is_file():
        from isobath.foreign.torchscript import open_model

        return open_model(path)
    found = find_foreign(name)
    if found is not None:
        from isobath.foreign.torchscript import open_model

        return open_model(found.path, found.description)
    return coder.load(model_path(name))


def load_voice(name: str) -> "Model | ForeignModel | PlayedBars":
    """What a voice of a piece plays: a model as by `load_any`, or a model of bars, if no other has the name.

    Raises:
        ModelUnknown, ModelError: as `load_any`.
    """
    from isobath.library.bars import played_bars

    bars = played_bars(name)
    taken = bars is None or Models(find_home()).find(name) is not None or find_foreign(name) is not None
    return load_any(name) if bars is None or taken else bars


def prior_place(name: str | Path) -> Path:
    """Where a model's prior is kept: in the library under the model's name, so that the instrument finds it;
    beside a file of yours, or beside a training's model that is not in the library."""
    path = Path(name)
    models = Models(find_home())
    made = None if models.find(str(name)) else _made_in(path)
    if made is not None:
        kept = models.find(made.stem)
        if kept is None or _latent(kept.path) != _latent(made):
            return prior_path(made)
        return find_home().models / f"{kept.summary.name}.prior"
    if path.suffix in (".safetensors", ".ts") or len(path.parts) > 1:
        return prior_path(path)
    return find_home().models / f"{name}.prior"


def _latent(path: Path) -> tuple[int, int]:
    """What a prior fits: dimensions, and samples a frame."""
    described = describe(path)
    return described.dims, described.hop


def load_prior(name: str | Path) -> Prior:
    """The prior of a model: one of your own, or the one that came with it.

    Raises:
        ModelUnknown: it has none.
        ModelDamaged, ModelNewer: it has one that cannot be used.
    """
    place = prior_place(name)
    if not place.is_file() and Path(name).suffix != ".ts" and find_foreign(name) is None:
        place = prior_path(model_path(name))
    if place.is_file():
        return read_prior(place)
    raise ModelUnknown(
        f"{name} has no prior, so it cannot dream yet. Train one with: isobath prior {name} SET"
    )


class Loader:
    """Models by name, each read once, from the library and from what a piece file brought along; another
    program's plays in a confined process, made apart from the mix. Close it to end these."""

    def __init__(self) -> None:
        self._loaded: dict[str, Model | ForeignModel | PlayedBars] = {}

    def __call__(self, name: str) -> Model:
        """The model of this name."""
        if name not in self._loaded:
            self._loaded[name] = load_voice(name)
        return cast("Model", self._loaded[name])

    def close(self) -> None:
        """End the processes."""
        for each in self._loaded.values():
            if not isinstance(each, Model):
                each.close()
