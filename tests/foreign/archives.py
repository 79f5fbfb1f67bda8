"""Zip archives made like TorchScript's, by hand, with anything in them."""

import io
import pickle
import zipfile
from pathlib import Path
from typing import Any

CODE = """class M(Module):
  __parameters__ = []
  __buffers__ = ["w", ]
  w : Tensor
  n : int
  stride : Final[Tuple[int]] = (2,)
  def forward(self: __torch__.M,
    x: Tensor) -> Tensor:
    return torch.mul(x, 2)
"""


class Text:
    """Pickle instructions, one after the other."""

    def __init__(self) -> None:
        self.bytes = b"\x80\x02"

    def name(self, module: str, name: str) -> "Text":
        self.bytes += f"c{module}\n{name}\n".encode()
        return self

    def value(self, value: Any) -> "Text":
        """A plain value, as pickle's protocol 2 writes it, without memo."""
        buffer = io.BytesIO()
        pickler = pickle._Pickler(buffer, 2)  # type: ignore[attr-defined]
        pickler.fast = True
        pickler.dump(value)
        self.bytes += buffer.getvalue()[2:-1]
        return self

    def code(self, text: bytes) -> "Text":
        self.bytes += text
        return self

    def tensor(self, key: str, kind: str, count: int, offset: int, shape: Any, strides: Any) -> "Text":
        self.name("torch._utils", "_rebuild_tensor_v2").code(b"((").value("storage").name("torch", kind)
        self.value(key).value("cpu").value(count).code(b"tQ").value(offset).value(shape).value(strides)
        return self.code(b"\x89").name("collections", "OrderedDict").code(b")RtR")

    def done(self) -> bytes:
        return self.bytes + b"."


def module(text: Text | None = None, attributes: bytes = b"") -> bytes:
    """A pickle with one module `M`, whose attributes are the given instructions (name, value, ...)."""
    body = (text or Text()).name("__torch__", "M").code(b")\x81}(").code(attributes).code(b"ub")
    return body.done()


def entries(**changed: bytes | None) -> dict[str, bytes]:
    """The parts of a small archive; `data_pkl=…` replaces `data.pkl`, None leaves a part out."""
    parts: dict[str, bytes | None] = {
        "data.pkl": module(attributes=Text().value("n").value(3).bytes[2:]),
        "code/__torch__.py": CODE.encode(),
        "constants.pkl": b"\x80\x02).",
        "version": b"3\n",
        "byteorder": b"little",
    }
    names = {"data_pkl": "data.pkl", "constants_pkl": "constants.pkl", "code": "code/__torch__.py"}
    for key, value in changed.items():
        parts[names.get(key, key)] = value
    return {name: value for name, value in parts.items() if value is not None}


def write(path: Path, parts: dict[str, bytes], *, top: str = "m", packed: bool = False) -> Path:
    """Write an archive."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED) as file:
        for name, data in parts.items():
            file.writestr(f"{top}/{name}", data)
    return path
