"""`isobath export`: a model for other hosts."""

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

import click

from isobath.cli.telling import as_json, print_json, size

if TYPE_CHECKING:
    from isobath.models.coder import Model

ENDINGS = {"nn~": ".ts", "onnx": ".onnx"}


@click.command()
@click.argument("model")
@click.option(
    "--to",
    "target",
    type=click.Choice(list(ENDINGS)),
    default="nn~",
    show_default=True,
    help="nn~: TorchScript for Max, Pure Data and SuperCollider; onnx: graphs with explicit state.",
)
@click.option(
    "-o",
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write.  [default: the model's name, here]",
)
@as_json
def export(model: str, target: str, out: Path | None, as_json: bool) -> None:
    """Write MODEL (a name or a file) for other hosts, and prove that it sounds the same there."""
    from isobath.library.load import load

    for module, extra in {"nn~": (("torch", "train"),), "onnx": (("onnx", "onnx"), ("onnxruntime", "onnx"))}[
        target
    ]:
        _need(module, extra)
    found = load(model)
    path = out or Path(f"{found.name}{ENDINGS[target]}")
    answer = _nn(found, path) if target == "nn~" else _onnx(found, path)
    if as_json:
        print_json(answer)
        return
    for file in answer["files"]:
        click.echo(f"{file}: {size(Path(file).stat().st_size)}")
    for method, (inputs, input_ratio, outputs, output_ratio) in answer["methods"].items():
        click.echo(f"{method}: {inputs} in (1/{input_ratio}), {outputs} out (1/{output_ratio})")
    worst = max(value for value in answer["differs"].values() if value is not None)
    click.echo(f"Matches the kernel within {worst:.1e} of its loudest sample.")
    for note in answer["notes"]:
        click.echo(f"note: {note}")


def _need(module: str, extra: str) -> None:
    from isobath.errors import UsageError

    if importlib.util.find_spec(module) is None:
        raise UsageError(f"This export needs {module}: pip install 'isobath[{extra}]'")


def _nn(model: "Model", path: Path) -> dict:  # type: ignore[type-arg]
    from isobath.training.torchscript import params, write

    null = write(model, path)
    notes = []
    if model.hop & (model.hop - 1):
        notes.append(
            f"nn~ rounds its buffer to a power of two, and this model's hop is {model.hop}: "
            "set a buffer that is a multiple of it"
        )
    return {
        "files": [str(path)],
        "methods": params(model),
        "differs": {"decode": null.decode, "encode": null.encode},
        "notes": notes,
    }


def _onnx(model: "Model", path: Path) -> dict:  # type: ignore[type-arg]
    from isobath.models.onnx_graph import write

    files, null = write(model, path)
    methods = {"encode": [model.channels, 1, model.dims, model.hop]} if model.can_encode else {}
    return {
        "files": [str(file) for file in files],
        "methods": {**methods, "decode": [model.dims, model.hop, model.channels, 1]},
        "differs": {"decode": null.decode, "encode": null.encode},
        "notes": [],
    }
