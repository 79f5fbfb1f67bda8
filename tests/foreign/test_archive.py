"""A TorchScript file is read as data, whole or not at all."""

import io
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from isobath.errors import ModelDamaged
from isobath.foreign.archive import Node, read

from .archives import CODE, Text, entries, module, write

torch = pytest.importorskip("torch")


DTYPES = {
    "f": torch.float32,
    "h": torch.float16,
    "b": torch.bfloat16,
    "d": torch.float64,
    "l": torch.int64,
    "i": torch.int32,
    "u": torch.uint8,
    "t": torch.bool,
}


class Inner(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = torch.nn.Conv1d(1, 2, 3, dilation=4)
        self.table = {"a": [1, 2]}

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.conv(x)


class Outer(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = Inner()
        self.again = self.inner
        self.names = ["one", "two"]
        self.facts = (1, 2.5, True)
        self.big = 1 << 40
        self.nothing = None
        for name, dtype in DTYPES.items():
            self.register_buffer(name, torch.arange(6).reshape(2, 3).to(dtype))
        self.turned = torch.nn.Parameter(torch.arange(6.0).reshape(2, 3).t())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.inner(x)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> tuple[Outer, Path]:
    path = tmp_path_factory.mktemp("archive") / "outer.ts"
    outer = Outer()
    torch.jit.script(outer).save(str(path))
    return outer, path


def test_every_tensor_is_what_torch_saved(saved: tuple[Outer, Path]) -> None:
    outer, path = saved
    root = read(path).root
    for name, tensor in outer.state_dict().items():
        expected = tensor.float() if tensor.dtype == torch.bfloat16 else tensor
        found = root.at(name)
        np.testing.assert_array_equal(found, expected.numpy())
        assert found.dtype == expected.numpy().dtype
    assert not root.at("f").flags.writeable


def test_plain_values_keep_their_types(saved: tuple[Outer, Path]) -> None:
    root = read(saved[1]).root
    assert root.at("names") == ["one", "two"]
    assert root.at("facts") == (1, 2.5, True)
    assert root.at("big") == 1 << 40
    assert root.at("nothing") is None
    assert root.at("inner.table") == {"a": [1, 2]}
    assert np.shares_memory(root.at("inner.conv.weight"), root.at("again.conv.weight"))
    with pytest.raises(KeyError):
        root.at("inner.conv.nothing")


def test_fixed_values_come_from_the_program(saved: tuple[Outer, Path]) -> None:
    archive = read(saved[1])
    conv = archive.root.at("inner.conv")
    assert isinstance(conv, Node)
    assert conv.kind == "Conv1d"
    assert archive.finals(conv)["dilation"] == (4,)
    assert archive.finals(conv)["out_channels"] == 2
    assert dict(archive.root.nodes())["inner.conv"] is conv
    assert archive.version >= 3
    assert any("/conv" in name for name in archive.code)


def test_big_endian_numbers_are_read(tmp_path: Path) -> None:
    data = module(attributes=Text().value("w").tensor("0", "FloatStorage", 3, 1, (2,), (1,)).bytes[2:])
    parts = entries(data_pkl=data, byteorder=b"big") | {"data/0": np.array([1, 2, 3], ">f4").tobytes()}
    assert read(write(tmp_path / "big.ts", parts)).root.at("w").tolist() == [2.0, 3.0]


def test_every_cut_of_a_file_is_told(saved: tuple[Outer, Path], tmp_path: Path) -> None:
    whole = saved[1].read_bytes()
    path = tmp_path / "cut.ts"
    for end in range(0, len(whole), max(1, len(whole) // 60)):
        path.write_bytes(whole[:end])
        with pytest.raises(ModelDamaged, match=r"cut\.ts"):
            read(path)


def test_turned_bits_are_told_or_harmless(saved: tuple[Outer, Path], tmp_path: Path) -> None:
    whole = bytearray(saved[1].read_bytes())
    path = tmp_path / "bits.ts"
    random = np.random.default_rng(1)
    refused = 0
    for _ in range(120):
        at, bit = int(random.integers(len(whole))), 1 << int(random.integers(8))
        whole[at] ^= bit
        path.write_bytes(whole)
        try:
            read(path)
        except ModelDamaged:
            refused += 1
        whole[at] ^= bit
    assert refused > 12


SMALL = entries()


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty"),
        (b"hello, this is a text", "no zip archive"),
        (b"\x80\x02}q\x00.", "pickle"),
        (struct.pack("<Q", 20) + b'{"a":{}}', ".safetensors"),
    ],
)
def test_other_files_are_told_apart(data: bytes, says: str, tmp_path: Path) -> None:
    path = tmp_path / "other.ts"
    path.write_bytes(data)
    with pytest.raises(ModelDamaged, match=says):
        read(path)


def test_a_training_checkpoint_is_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "last.ckpt"
    torch.save({"state_dict": {"w": torch.zeros(3)}}, path)
    with pytest.raises(ModelDamaged, match=r"training checkpoint.*Export the model"):
        read(path)
    torch.save({"w": 1}, path, _use_new_zipfile_serialization=False)
    with pytest.raises(ModelDamaged, match="pickle"):
        read(path)
    write(path, {"readme.txt": b"hello"})
    with pytest.raises(ModelDamaged, match="zip archive of something else"):
        read(path)


def tensor(*geometry: object) -> bytes:
    return module(attributes=Text().value("w").tensor(*geometry).bytes[2:])  # type: ignore[arg-type]


def nested(depth: int) -> bytes:
    return module(attributes=Text().value("n").code(b"]" * depth + b"a" * (depth - 1)).bytes[2:])


def laughs() -> bytes:
    """Lists that each hold the one before twice: forty times."""
    text = Text().value("n").code(b"](]q\x00")
    for i in range(40):
        text.code(b"](h" + bytes([i]) + b"h" + bytes([i]) + b"eq" + bytes([i + 1]))
    return module(attributes=text.code(b"e").bytes[2:])


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (Text().name("os", "system").value(("true",)).code(b"R").done(), "wants to call os.system"),
        (Text().name("torch", "load").value(("x",)).code(b"R").done(), "wants to call torch.load"),
        (Text().name("builtins", "eval").code(b")\x81").done(), "wants to make builtins.eval"),
        (Text().name("__torch__.torch.classes.x", "Y").code(b")\x81").done(), "wants to make"),
        (module(attributes=Text().value("n").name("os", "system").bytes[2:]), "a name where a value"),
        (Text().code(b"ios\nsystem\n").done(), "instruction 0x69"),
        (Text().code(b"\x95" + bytes(8)).done(), "instruction 0x95"),
        (Text().code(b"Pabc\n").done(), "instruction"),
        (Text().value(("storage", "x")).code(b"Q").done(), "outside the file"),
        (Text().value(3).done(), "no module"),
        (Text().done(), "damaged"),
        (b"\x80\x02((((", "damaged"),
        (b"\x80\x02X\xff\xff\xff\xffabc.", "too early"),
        (module() + b"rest", "more behind"),
        (nested(200), "nested more than"),
        (laughs(), "once all is written out"),
        (module(attributes=Text().value("n").code(b"]q\x00h\x00a").bytes[2:]), "holds itself"),
        (tensor("0", "FloatStorage", 4, 1, (4,), (1,)), "beyond its memory"),
        (tensor("0", "FloatStorage", 4, 0, (2, 2), (1 << 30, 1)), "beyond its memory"),
        (tensor("0", "FloatStorage", 4, 0, (1 << 30,), (0,)), "beyond its memory"),
        (tensor("0", "FloatStorage", 4, -1, (4,), (1,)), "impossible sizes"),
        (tensor("0", "FloatStorage", 5, 0, (4,), (1,)), "not whole"),
        (tensor("1", "FloatStorage", 4, 0, (4,), (1,)), "missing"),
        (tensor("0", "QInt8Storage", 4, 0, (4,), (1,)), "type QInt8Storage"),
    ],
)
def test_hostile_lists_of_objects_are_refused(data: bytes, says: str, tmp_path: Path) -> None:
    path = write(tmp_path / "evil.ts", entries(data_pkl=data) | {"data/0": bytes(16)})
    with pytest.raises(ModelDamaged, match=says) as caught:
        read(path)
    assert "evil.ts" in str(caught.value)


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    path = write(tmp_path / "bomb.ts", entries() | {"data/0": bytes(1 << 26)}, packed=True)
    assert path.stat().st_size < 100_000
    with pytest.raises(ModelDamaged, match="would unpack to 67 MB"):
        read(path)


def rename(path: Path, old: bytes, new: bytes, *, everywhere: bool = True) -> None:
    data = path.read_bytes()
    path.write_bytes(data.replace(old, new) if everywhere else data.replace(old, new, 1))


def test_names_that_lead_elsewhere_are_refused(tmp_path: Path) -> None:
    for name in ("../../x", "a/./b", "a//b", "c:x", "a\\b", "e\u00e9", "x" * 600):
        with pytest.raises(ModelDamaged, match="leads elsewhere"):
            read(write(tmp_path / "path.ts", entries() | {name: b"x"}))


def test_two_readers_cannot_see_two_files(tmp_path: Path) -> None:
    path = write(
        tmp_path / "two.ts", entries() | {"code/__torch__/a.py": b"\n", "code/__torch__/b.py": b"\n"}
    )
    rename(path, b"b.py", b"a.py")
    with pytest.raises(ModelDamaged, match="two parts named"):
        read(path)
    write(path, entries())
    rename(path, b"m/data.pkl", b"m/date.pkl", everywhere=False)
    with pytest.raises(ModelDamaged, match="does not agree"):
        read(path)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("a/data.pkl", b"x")
        file.writestr("b/data.pkl", b"x")
    path.write_bytes(buffer.getvalue())
    with pytest.raises(ModelDamaged, match="one folder"):
        read(path)


@pytest.mark.parametrize(
    "text",
    [
        CODE.replace("mul", "mu\u006c\u00e9"),
        CODE + "# a comment\n",
        CODE.replace("x, 2", 'x, r"a"'),
        CODE.replace("x, 2", 'x, """a"""'),
        CODE.replace("x, 2", 'x, "a\\\n"'),
        CODE + "\f",
        CODE + "\r",
        CODE.replace("x, 2", "x, (lambda: 2)"),
        CODE.replace("x, 2", "(" * 200 + "2" + ")" * 200),
        CODE.replace("x, 2", "x" + ".y" * 5000),
        CODE.replace("x, 2", "-" * 5000 + "2"),
        CODE.replace("x, 2", "2" + "+2" * 5000),
        "\n".join(" " * i + "if x:" for i in range(500)),
        "class",
    ],
)
def test_program_text_beyond_torchscript_is_refused(text: str, tmp_path: Path) -> None:
    archive = read(write(tmp_path / "odd.ts", entries(code=text.encode())))
    with pytest.raises(ModelDamaged, match="program text"):
        archive.finals("__torch__.M")
