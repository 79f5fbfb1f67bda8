"""Wekinator's projects: a folder, or a zip of one, of XML, ARFF and JSON.

What Wekinator trained is kept as Java objects, which are not read, and once more as JSON, which is:
its networks then give here what they gave there. Everything else is learned from its examples.
Nothing in a project is trusted: XML is read without document types, so that there are no entities to
expand, zips only by name and size, and every number must fit.
"""

import io
import json
import math
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal
from xml.sax.saxutils import escape

import numpy as np

from isobath.errors import MappingError
from isobath.mapping.exchange.arff import read_arff, write_arff
from isobath.mapping.exchange.elements import Node, number_of, read_xml
from isobath.mapping.exchange.examples import Examples
from isobath.mapping.exchange.recordings import MOST_GESTURES, read_recordings
from isobath.mapping.mapping import Mapping, Part
from isobath.mapping.terms import Activation, Floats, Layered

IN_PORT, OUT_PORT = 6448, 12000
IN_ADDRESS, OUT_ADDRESS = "/wek/inputs", "/wek/outputs"
XML_BYTES = 4 * 1024 * 1024
DATA_BYTES = 256 * 1024 * 1024
MOST_OUTPUTS = 4096
RECORDINGS = "current/models/model1.xml"
"""Where a project of gestures keeps them; in any other project a Java object."""
RECORDINGS_BYTES = 64 * 1024 * 1024

Kind = Literal["number", "classes", "gestures"]


@dataclass(frozen=True)
class ProjectOutput:
    """One output: a number, a class, or the distance to recorded gestures (dynamic time warping)."""

    name: str
    kind: Kind = "number"
    low: float = 0.0
    high: float = 1.0
    whole: bool = False
    """Only whole numbers leave."""
    hard: bool = False
    """Never beyond `low` and `high`."""
    classes: int = 0
    distribution: bool = False
    """How likely each class is was sent, too."""
    gestures: tuple[str, ...] = ()
    """Names of recorded gestures."""


@dataclass(frozen=True)
class Project:
    """Where a project listens and sends, what it calls things, its examples, and what it had trained."""

    name: str
    inputs: tuple[str, ...]
    outputs: tuple[ProjectOutput, ...]
    in_port: int = IN_PORT
    out_port: int = OUT_PORT
    host: str = "localhost"
    in_address: str = IN_ADDRESS
    out_address: str = OUT_ADDRESS
    examples: Examples | None = None
    trained: Mapping | None = None
    """Wekinator's own networks, where all outputs have one."""
    gestures: bytes | None = None
    """Recorded gestures as Isobath keeps them (`current/gestures.json`)."""
    notes: tuple[str, ...] = ()


# ------------------------------------------------------------------------------------------ files


Reader = Callable[[str], bytes | None]


def open_project(path: Path) -> Project:
    """The project in a folder, in the folder of a `.wekproj` file, or in a zip. Raises MappingError."""
    if path.is_dir():
        return read_project(path.name, _folder(path))
    if path.suffix.lower() == ".wekproj":
        return read_project(path.stem, _folder(path.parent), path.name)
    try:
        return read_zip(path.stem, path.read_bytes())
    except OSError as error:
        raise MappingError(f"{path.name} cannot be read ({error.strerror}).") from error


def read_zip(name: str, data: bytes) -> Project:
    """The project in a zip. Raises MappingError."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = [one for one in archive.namelist() if not one.startswith("__MACOSX")]
            roots = [
                PurePosixPath(one).parent for one in names if PurePosixPath(one).name == "outputConfig.xml"
            ]
            if not roots:
                raise MappingError(f"{name} holds no Wekinator project (no outputConfig.xml in it).")
            root = min(roots, key=lambda one: len(one.parts))
            found = [one for one in names if PurePosixPath(one).parent == root and one.endswith(".wekproj")]

            def read(inside: str) -> bytes | None:
                wanted = str(root / inside)
                if wanted not in names:
                    return None
                limit = _limit(inside)
                with archive.open(wanted) as file:
                    content = file.read(limit + 1)
                if len(content) > limit:
                    raise MappingError(f"{inside} in {name} is larger than {limit // 2**20} MB.")
                return content

            return read_project(name, read, PurePosixPath(found[0]).name if found else None)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, OSError, ValueError) as error:
        raise MappingError(f"{name} is no zip that can be read ({error}).") from error


def _limit(inside: str) -> int:
    """Bytes that a file of a project may have."""
    if inside == RECORDINGS:
        return RECORDINGS_BYTES
    return XML_BYTES if inside.endswith((".xml", ".wekproj")) else DATA_BYTES


def _folder(root: Path) -> Reader:
    def read(inside: str) -> bytes | None:
        path = root / inside
        if not path.is_file():
            return None
        limit = _limit(inside)
        try:
            with path.open("rb") as file:
                content = file.read(limit + 1)
        except OSError as error:
            raise MappingError(f"{path} cannot be read ({error.strerror}).") from error
        if len(content) > limit:
            raise MappingError(f"{path} is larger than {limit // 2**20} MB.")
        return content

    if (root / "outputConfig.xml").is_file() or not root.is_dir():
        return read
    below = sorted(one.parent for one in root.glob("*/outputConfig.xml"))
    return _folder(below[0]) if below else read


def read_project(name: str, read: Reader, project: str | None = None) -> Project:
    """A project whose files `read` gives by their names in it (None: not there). Raises MappingError."""
    given = read("outputConfig.xml")
    if given is None:
        raise MappingError(f"{name} holds no Wekinator project (no outputConfig.xml in it).")
    tree = read_xml("outputConfig.xml", given)
    outputs = tuple(_output(node) for node in tree.child("outputs").children[:MOST_OUTPUTS])
    if not outputs:
        raise MappingError(f"{name} has no outputs.")
    about = Node("about")
    for file in (project, "wekinator.wekproj", f"{name}.wekproj"):
        content = read(file) if file else None
        if content is not None:
            about = read_xml(str(file), content)
            break
    notes: list[str] = []
    inputs, in_address = _inputs(read("inputConfig.xml"))
    examples = None
    arff = read("current/currentData.arff")
    learnable = [one.name for one in outputs if one.kind != "gestures"]
    if arff is not None and learnable:
        examples = read_arff("currentData.arff", _text("currentData.arff", arff), learnable, inputs or None)
        inputs = examples.inputs
    elif arff is None and learnable:
        notes.append("The project holds no examples (current/currentData.arff is missing).")
    if not inputs:
        raise MappingError(f"{name} does not say what its inputs are (no inputConfig.xml).")
    recorded = read("current/gestures.json")
    if recorded is None and any(one.kind == "gestures" for one in outputs):
        recorded = read_recordings(read(RECORDINGS), [name for one in outputs for name in one.gestures])
    notes += _said(outputs, recorded is not None)
    trained = None
    description = read("current/modelSetDescription.json")
    if description is not None:
        try:
            trained = read_networks(_text("modelSetDescription.json", description), inputs, len(outputs))
        except MappingError as problem:
            notes.append(f"{problem} It is learned from the examples instead.")
    return Project(
        about.text("projectName") or name,
        inputs,
        outputs,
        in_port=_port(about.text("oscReceivePort"), IN_PORT),
        out_port=_port(tree.text("outputPort"), OUT_PORT),
        host=tree.text("hostName") or "localhost",
        in_address=in_address,
        out_address=tree.text("oscMessage") or OUT_ADDRESS,
        examples=examples,
        trained=trained,
        gestures=recorded,
        notes=tuple(notes),
    )


def _text(name: str, data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MappingError(f"{name} is not text ({error}).") from error


def _said(outputs: tuple[ProjectOutput, ...], recorded: bool) -> Iterator[str]:
    counted = [one.name for one in outputs if one.kind == "classes"]
    if counted:
        yield (
            f"{', '.join(counted)}: a classifier; here it is the class of the nearest example (Wekinator's "
            "default), whichever other kind was trained."
        )
    if any(one.distribution for one in outputs):
        yield "Distributions over classes are not sent, only the class."
    gestures = [one.name for one in outputs if one.kind == "gestures"]
    if gestures and not recorded:
        yield (
            f"{', '.join(gestures)}: recorded gestures (dynamic time warping), of which no recordings could "
            "be read. Record them again (startDtwRecording), and Isobath follows them."
        )


# --------------------------------------------------------------------------------------- configuration


def _inputs(data: bytes | None) -> tuple[tuple[str, ...], str]:
    if data is None:
        return (), IN_ADDRESS
    tree = read_xml("inputConfig.xml", data)
    names = tuple(one.words.strip() for one in tree.child("inputNames").children)
    if not names:
        count = tree.text("numInputs")
        if not (count.isascii() and count.isdigit() and 0 < int(count[:6]) <= MOST_OUTPUTS):
            raise MappingError("inputConfig.xml names no inputs.")
        names = tuple(f"inputs-{i + 1}" for i in range(int(count[:6])))
    return names[:MOST_OUTPUTS], tree.text("oscMessage") or IN_ADDRESS


def _output(node: Node) -> ProjectOutput:
    name, kind = node.text("name"), node.tag.rsplit(".", 1)[-1]
    if kind == "OSCClassificationOutput":
        classes = min(max(int(number_of(node.text("numClasses"), 1)), 1), MOST_OUTPUTS) + 1
        distribution = node.text("isSendingDistribution") == "true"
        return ProjectOutput(name, "classes", classes=classes, distribution=distribution)
    if kind == "OSCDtwOutput":
        return ProjectOutput(name or "gestures", "gestures", gestures=_gestures(node))
    if kind != "OSCNumericOutput":
        raise MappingError(f'The project has an output of kind "{kind[:60]}", which Isobath does not know.')
    low, high = number_of(node.text("min"), 0.0), number_of(node.text("max"), 1.0)
    return ProjectOutput(
        name,
        low=min(low, high),
        high=max(low, high),
        whole=node.text("outputType") == "INTEGER",
        hard=node.text("limitType") == "HARD",
    )


def _gestures(node: Node) -> tuple[str, ...]:
    """Names of the gestures of an output; by number where it names none."""
    names = tuple(one.words.strip() for one in node.child("gestureNames").children)
    count = min(max(int(number_of(node.text("numGestures"), 0)), len(names)), MOST_GESTURES)
    return tuple((names[i] if i < len(names) else "") or f"output_{i + 1}" for i in range(count))


def _port(text: str, otherwise: int) -> int:
    return int(text) if text.isascii() and text.isdigit() and 0 < int(text[:6]) < 65536 else otherwise


# --------------------------------------------------------------------------------------- networks


def read_networks(text: str, inputs: tuple[str, ...], outputs: int) -> Mapping:
    """The networks of `modelSetDescription.json`, one per output.

    Each save appends a whole document to the file; the last is meant. Raises MappingError where an
    output has no network.
    """
    models = _last(text).get("modelSet")
    if not isinstance(models, list) or len(models) != outputs:
        raise MappingError("What Wekinator trained is not described for every output.")
    parts = tuple(_part(model, index, inputs) for index, model in enumerate(models))
    return Mapping("wekinator", len(inputs), outputs, (True,) * outputs, np.zeros(outputs), parts)


def _last(text: str) -> dict[str, Any]:
    decoder, at, found = json.JSONDecoder(), 0, None
    while at < len(text):
        at = text.find("{", at)
        if at < 0:
            break
        try:
            found, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            break
    if not isinstance(found, dict):
        raise MappingError("modelSetDescription.json cannot be read.")
    return found


def _part(model: Any, index: int, inputs: tuple[str, ...]) -> Part:
    if not isinstance(model, dict) or model.get("modelType") != "Neural Network":
        kind = model.get("modelType") if isinstance(model, dict) else None
        raise MappingError(f"Output {index + 1} was trained as {str(kind)[:40]!r}, not as a network.")
    count, depth = _whole(model, "numHiddenNodes"), _whole(model, "numHiddenLayers")
    own = model.get("inputNames")
    names = [str(one) for one in own] if isinstance(own, list) and own else list(inputs)
    if not set(names) <= set(inputs):
        raise MappingError(f"Output {index + 1} was trained on inputs that the project does not have.")
    nodes = {str(n.get("name")): n for n in model.get("nodes") or [] if isinstance(n, dict)}
    weights, biases, before = [], [], [f"Attrib {one}" for one in names]
    for layer in range(depth):
        units = [_node(nodes, f"Sigmoid Node {layer * count + number + 1}") for number in range(count)]
        weights.append(np.array([[_float(node, key) for key in before] for node in units]))
        biases.append(np.array([_float(node, "Threshold") for node in units]))
        before = [f"Node {layer * count + number + 1}" for number in range(count)]
    last, span = _node(nodes, "Linear Node 0"), _float(model, "outRange")
    weights.append(span * np.array([[_float(last, key) for key in before]]))
    biases.append(np.array([span * _float(last, "Threshold") + _float(model, "outBase")]))
    base, reach = _list(model, "inBases", len(names)), _list(model, "inRanges", len(names))
    unit: Activation = "sigmoid"
    return Part(
        tuple(inputs.index(one) for one in names),
        (index,),
        base,
        1.0 / np.where(np.abs(reach) < 1e-9, 1.0, reach),
        np.zeros(1),
        (Layered((*(unit,) * depth, "identity"), tuple(weights), tuple(biases)),),
    )


def _node(nodes: dict[str, dict[str, Any]], name: str) -> dict[str, Any]:
    if name not in nodes:
        raise MappingError(f"A network that Wekinator trained has no {name}.")
    return nodes[name]


def _float(fields: dict[str, Any], key: str) -> float:
    value = fields.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e12:
        raise MappingError(f"A network that Wekinator trained has {str(value)[:40]!r} as {key}.")
    return float(value)


def _whole(fields: dict[str, Any], key: str) -> int:
    value = fields.get(key)
    if (
        isinstance(value, bool)
        or not isinstance(value, int)
        or not 1 <= value <= (7 if "Layers" in key else 1024)
    ):
        raise MappingError(f"A network that Wekinator trained has {str(value)[:40]!r} as {key}.")
    return value


def _list(fields: dict[str, Any], key: str, length: int) -> Floats:
    value = fields.get(key)
    if not isinstance(value, list) or len(value) != length:
        raise MappingError(f"A network that Wekinator trained has no {key} for each input.")
    return np.array([_float({key: one}, key) for one in value])


# ---------------------------------------------------------------------------------------- writing


def write_project(project: Project) -> dict[str, bytes]:
    """The files of a project by their names in its folder, as far as Wekinator's format is known.

    The trained models are Java objects there and are not written: open the project, or load
    `current/currentData.arff` into one of as many inputs and outputs, and train.
    """
    outputs = "".join(_written(one) for one in project.outputs)
    names = "".join(f"    <string>{escape(one)}</string>\n" for one in project.inputs)
    files = {
        f"{project.name}.wekproj": (
            f"<WekinatorFileData>\n  <oscReceivePort>{project.in_port}</oscReceivePort>\n"
            f"  <projectName>{escape(project.name)}</projectName>\n</WekinatorFileData>"
        ),
        "inputConfig.xml": (
            f"<OSCInputGroup>\n  <oscMessage>{escape(project.in_address)}</oscMessage>\n"
            f"  <numInputs>{len(project.inputs)}</numInputs>\n  <groupName>Inputs</groupName>\n"
            f"  <inputNames>\n{names}  </inputNames>\n</OSCInputGroup>"
        ),
        "outputConfig.xml": (
            f"<OSCOutputGroup>\n  <oscMessage>{escape(project.out_address)}</oscMessage>\n"
            f"  <hostName>{escape(project.host)}</hostName>\n  <outputPort>{project.out_port}</outputPort>\n"
            f'  <outputs class="linked-list">\n{outputs}  </outputs>\n</OSCOutputGroup>'
        ),
    }
    content = {name: f'<?xml version="1.0"?>\n{text}'.encode() for name, text in files.items()}
    if project.gestures is not None:
        content["current/gestures.json"] = project.gestures
    if project.examples is not None:
        content["current/currentData.arff"] = write_arff(project.examples).encode()
    return content


def _written(one: ProjectOutput) -> str:
    if one.kind == "classes":
        fields = {
            "name": one.name,
            "numClasses": one.classes - 1,
            "isSendingDistribution": str(one.distribution).lower(),
        }
        tag = "wekimini.osc.OSCClassificationOutput"
    elif one.kind == "gestures":
        names = "".join(f"\n        <string>{escape(each)}</string>" for each in one.gestures)
        return (
            f"    <wekimini.osc.OSCDtwOutput>\n      <name>{escape(one.name)}</name>\n"
            f"      <numGestures>{len(one.gestures)}</numGestures>\n"
            f"      <gestureNames>{names}\n      </gestureNames>\n    </wekimini.osc.OSCDtwOutput>\n"
        )
    else:
        fields = {
            "name": one.name,
            "min": one.low,
            "max": one.high,
            "outputType": "INTEGER" if one.whole else "REAL",
            "limitType": "HARD" if one.hard else "SOFT",
            "trainingDataLimitRestriction": "ENFORCE_LIMITS" if one.hard else "DONT_ENFORCE_LIMITS",
            "trainingDataIntegerRestriction": "ENFORCE_INTEGER" if one.whole else "DONT_ENFORCE_INTEGER",
        }
        tag = "wekimini.osc.OSCNumericOutput"
    lines = "".join(f"      <{key}>{escape(str(value))}</{key}>\n" for key, value in fields.items())
    return f"    <{tag}>\n{lines}    </{tag}>\n"


def project_of(name: str, examples: Examples) -> Project:
    """A project around examples, with ranges that hold all of them."""
    outputs = []
    for index, label in enumerate(examples.outputs):
        if examples.classes[index]:
            outputs.append(ProjectOutput(label, "classes", classes=examples.classes[index]))
            continue
        known = examples.targets[np.isfinite(examples.targets[:, index]), index]
        low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
        outputs.append(ProjectOutput(label, low=min(0.0, math.floor(low)), high=max(1.0, math.ceil(high))))
    return Project(name, examples.inputs, tuple(outputs), examples=examples)


def zipped(folder: str, files: dict[str, bytes]) -> bytes:
    """The files in one folder of a zip."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(f"{folder}/{name}", data)
    return buffer.getvalue()
