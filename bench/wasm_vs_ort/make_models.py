"""The same decoders for both: a kernel blob and an ONNX graph with its state explicit.

    python bench/wasm_vs_ort/make_models.py FOLDER

Writes NAME.blob, NAME.swift.blob, NAME.onnx and models.json. Random weights, without tones and noise: what
remains (convolutions, gates, filter bank) is what both can play. Needs the packages torch
and onnx.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from isobath.models.coder import Model, load
from isobath.models.description import Operation
from isobath.training.bench_kernel import SIZES
from isobath.training.export import random_model
from isobath.training.rave_shapes import FAMILY, Family, family_model


class Graph:
    """An ONNX graph of one block: latents and states in, audio and states out."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self.states: list[tuple[str, list[int]]] = []
        self.channels, self.rows = {"latent": model.dims}, {"latent": 1}

    def constant(self, name: str, array: np.ndarray) -> str:
        self.weights.append(numpy_helper.from_array(array, name))
        return name

    def node(self, kind: str, inputs: list[str], out: str, **attributes: object) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [out], **attributes))
        return out

    def cut(self, x: str, out: str, start: int, end: int) -> str:
        names = [self.constant(f"{out}_{what}", np.array([value], np.int64))
                 for what, value in (("start", start), ("end", end), ("axis", 2))]  # fmt: skip
        return self.node("Slice", [x, *names], out)

    def past(self, x: str, out: str, channels: int, rows: int) -> str:
        """Put the last rows of the block before in front, and keep the last of this one."""
        if rows <= 0:
            return x
        state = f"state{len(self.states)}"
        self.states.append((state, [1, channels, rows]))
        whole = self.node("Concat", [state, x], f"{out}_whole", axis=2)
        self.cut(whole, f"{state}_next", -rows, np.iinfo(np.int64).max)
        return whole

    def add(self, o: Operation) -> None:
        """One operation of the model format."""
        tensors, x = self.model.tensors, o.source
        wide, many = self.channels[x], self.rows[x]
        if o.act:
            x = self.node("LeakyRelu", [x], f"{o.out}_act", alpha=0.2)
        out = f"{o.out}_bare" if o.add else o.out
        if o.kind in ("conv", "conv_transpose"):
            w, bias = (tensors[name or ""].astype(np.float32) for name in (o.weight, o.bias))
            inputs = [self.constant(o.weight or "", w), self.constant(o.bias or "", bias)]
            if o.kind == "conv":
                x = self.past(x, out, wide, (w.shape[2] - 1) * o.dilation - (o.stride - 1))
                self.node("Conv", [x, *inputs], out, dilations=[o.dilation], strides=[o.stride])
                self.channels[o.out], self.rows[o.out] = w.shape[0], many // o.stride
            else:
                x = self.past(x, out, wide, 1)
                self.node("ConvTranspose", [x, *inputs], f"{out}_long", strides=[o.stride])
                self.cut(f"{out}_long", out, o.stride, -o.stride)
                self.channels[o.out], self.rows[o.out] = w.shape[1], many * o.stride
        elif o.kind == "amplitude":
            self.nodes.append(helper.make_node("Split", [x], [f"{out}_a", f"{out}_b"], axis=1, num_outputs=2))
            a, b = self.node("Tanh", [f"{out}_a"], f"{out}_t"), self.node("Sigmoid", [f"{out}_b"], f"{out}_s")
            self.node("Mul", [a, b], out)
            self.channels[o.out], self.rows[o.out] = wide // 2, many
        else:
            h = tensors[o.filters or ""]
            bands, taps = h.shape
            kernel = bands * h.reshape(bands, taps // bands, bands)[:, ::-1].transpose(2, 0, 1)
            x = self.past(x, out, wide, taps // bands - 1)
            name = self.constant(o.filters or "", np.ascontiguousarray(kernel))
            rows = self.node("Conv", [x, name], f"{out}_rows")
            turned = self.node("Transpose", [rows], f"{out}_turned", perm=[0, 2, 1])
            self.node("Reshape", [turned, self.constant("shape", np.array([1, 1, -1], np.int64))], out)
        if o.add:
            self.node("Add", [out, o.add], o.out)

    def build(self) -> onnx.ModelProto:
        for o in self.model.description.decoder:
            self.add(o)
        floats = TensorProto.FLOAT
        inputs = [helper.make_tensor_value_info("latent", floats, [1, self.model.dims, 1])]
        inputs += [helper.make_tensor_value_info(name, floats, shape) for name, shape in self.states]
        outputs = [helper.make_tensor_value_info("audio", floats, [1, 1, self.model.hop])]
        outputs += [helper.make_tensor_value_info(f"{n}_next", floats, shape) for n, shape in self.states]
        graph = helper.make_graph(self.nodes, "decoder", inputs, outputs, self.weights)
        made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
        onnx.checker.check_model(made, full_check=True)
        return made


TEN_MILLION = Family(77, (4, 4, 4, 2), FAMILY["v2"].dilations)
"""v2, narrower: a decoder of 10 M parameters."""


def models(folder: Path) -> Iterator[tuple[str, Model]]:
    """Our own shapes, and those of the RAVE family."""
    for name, shape in SIZES.items():
        path = folder / f"{name}.safetensors"
        random_model(path, replace(shape, noise=False, tones=0), 1)
        yield name, load(path)
    for name in ("raspberry", "BRAVE", "v2_small", "v2"):
        yield name, family_model(name)
    yield "v2, 10 M parameters", family_model("v2, 10 M", family=TEN_MILLION)


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for name, model in models(folder):
        stem = name.replace(" ", "_").replace(",", "")
        graph = Graph(model)
        (folder / f"{stem}.onnx").write_bytes(graph.build().SerializeToString())
        (folder / f"{stem}.blob").write_bytes(model.blob(encoder=False))
        (folder / f"{stem}.swift.blob").write_bytes(
            Model(model.description, model.tensors, swift=True).blob(encoder=False)
        )
        used = {n for o in model.description.decoder for n in (o.weight, o.bias) if n}
        rows.append({
            "name": name, "stem": stem, "hop": model.hop, "dims": model.dims, "sampleRate": model.sample_rate,
            "parameters": int(sum(model.tensors[n].size for n in used)),
            "states": [[state, size] for state, size in graph.states],
        })  # fmt: skip
    (folder / "models.json").write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
