"""A program passes the gate only if every name in it is one that models need."""

from pathlib import Path
from random import Random

import pytest

from isobath.errors import ModelError, ModelRefused
from isobath.foreign.archive import read
from isobath.foreign.gate import check
from isobath.foreign.operations import TORCH

from .archives import CODE, Text, entries, module, write

torch = pytest.importorskip("torch")

from . import hostile  # noqa: E402


def gate(path: Path) -> tuple[str, ...]:
    return check(read(path)).operations


def test_a_plain_module_passes(tmp_path: Path) -> None:
    net = torch.nn.Sequential(
        torch.nn.Conv1d(1, 4, 3, padding=1), torch.nn.LeakyReLU(0.2), torch.nn.GRU(8, 3), torch.nn.Tanh()
    )
    path = hostile.save(net[:2], tmp_path / "plain.ts")
    assert "torch.conv1d" in gate(path)
    assert "torch.gru" in gate(hostile.save(net[2], tmp_path / "gru.ts"))


class WithProperty(torch.nn.Module):
    @property
    def twice(self) -> int:
        return 2

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * self.twice


def test_properties_pass_although_their_names_begin_with_two_lines(tmp_path: Path) -> None:
    assert "torch.mul" in gate(hostile.save(WithProperty(), tmp_path / "property.ts"))


@pytest.mark.parametrize(
    ("evil", "says"),
    [
        (hostile.Restores, "__getstate__|__setstate__"),
        (hostile.Writes, "torch.from_file"),
        (hostile.Reads, "torch.from_file"),
        (hostile.Saves, "torch.save"),
    ],
)
def test_files_that_reach_for_files_are_refused(evil: type, says: str, tmp_path: Path) -> None:
    target = tmp_path / "target"
    path = hostile.save(evil(str(target)), tmp_path / "evil.ts")
    with pytest.raises(ModelRefused, match=says) as caught:
        gate(path)
    assert "evil.ts" in str(caught.value)
    assert not target.exists()


def test_other_processes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelRefused, match="fork"):
        gate(hostile.save(hostile.Forks(), tmp_path / "forks.ts"))


def body(statement: str) -> str:
    return CODE.replace("return torch.mul(x, 2)", statement)


@pytest.mark.parametrize(
    "code",
    [
        body("return torch.from_file(x, True, 4)"),
        body("return torch.set_(x, x)"),
        body("return torch.as_strided(x, [1], [1])"),
        body("return ops.aten.save(x, x)"),
        body("return ops.prim.rpc_async(x)"),
        body("return ops.quantized.add(x, x)"),
        body("return torch.ops.aten.save(x, x)"),
        body("return torch.classes.a.B(x)"),
        body("return (x).save(x, )"),
        body("return (x).mul(x, )"),
        body("return (getattr(x, 'save'))(x, )"),
        body("return (getattr(torch, 'save'))(x, )"),
        body("y = torch"),
        body("y = torch.save"),
        body("y = torch.mul.save"),
        body("return open(x)"),
        body("return eval(x)"),
        body("return __import__(x)"),
        body("return x.__class__"),
        body("return self.__torch__"),
        body("return (x)[0](x)"),
        body("return __torch__.torch.classes.q.P(x)"),
        body("return __torch__.Other.__new__(__torch__.Other)"),
        body("return [y for y in x]"),
        body("return f(x)"),
        body("return x if (y := x) else y"),
        body("return {1, 2}"),
        body("import os"),
        body("def g(x): return x"),
        "import os\n" + CODE,
        "x = torch.mul\n" + CODE,
        "torch.mul(1, 2)\n" + CODE,
        CODE + "  def __setstate__(self, state: int) -> int:\n    return state\n",
        CODE + "  def __getstate__(self) -> int:\n    return 1\n",
        CODE + "  def __reduce__(self) -> int:\n    return 1\n",
        CODE + "  def save(self, name: str) -> int:\n    return 1\n",
        CODE.replace("(Module)", "(Module, metaclass=x)"),
        CODE.replace("(Module)", "(torch.classes.x.Y)"),
        CODE.replace("  def forward", "  @torch.jit.unused\n  def forward"),
        CODE.replace("n : int", "n : int = torch.save(1)"),
        CODE.replace("x: Tensor)", "torch: Tensor)"),
        CODE.replace("x: Tensor)", "x: Tensor=torch.save(1))"),
        CODE.replace("-> Tensor", "-> torch.classes.x.Y"),
    ],
)
def test_programs_with_other_names_are_refused(code: str, tmp_path: Path) -> None:
    path = write(tmp_path / "odd.ts", entries(code=code.encode()))
    with pytest.raises(ModelRefused, match=r"odd\.ts is not opened"):
        gate(path)


def test_objects_of_unknown_classes_are_refused(tmp_path: Path) -> None:
    data = Text().name("__torch__", "Other").code(b")\x81}b").done()
    with pytest.raises(ModelRefused, match="does not define"):
        gate(write(tmp_path / "odd.ts", entries(data_pkl=data)))
    data = Text().name("__torch__", "M").code(b")\x81").value((1, 2)).code(b"b").done()
    with pytest.raises(ModelRefused, match="restore itself"):
        gate(write(tmp_path / "odd.ts", entries(data_pkl=data)))
    data = module(attributes=Text().value("n").name("__torch__", "Other").code(b")\x81}b").bytes[2:])
    with pytest.raises(ModelError):
        gate(write(tmp_path / "odd.ts", entries(data_pkl=data)))


def test_the_list_holds_nothing_that_leaves_the_tensors() -> None:
    leaving = "from_file save load set_ set_data resize_ as_strided fork wait to_here get_gradients backward"
    assert not TORCH & set(leaving.split())
    registered = {s.name.removeprefix("aten::") for s in torch._C._jit_get_all_schemas()}
    assert len(TORCH) < 700 < len(registered)


def test_a_damaged_or_changed_file_is_one_sentence_or_harmless(tmp_path: Path) -> None:
    """Mutations behind right checksums. Offline, 4,000 of a larger file gave a sentence or passed."""
    random = Random(7)
    path = tmp_path / "fuzzed.ts"
    parts = entries(data_pkl=module(attributes=Text().value("n").value([1, (2, 3.0), {"a": None}]).bytes[2:]))
    told = 0
    for _ in range(150):
        name = random.choice(["data.pkl", "constants.pkl", "code/__torch__.py", "version"])
        data = bytearray(parts[name])
        for _ in range(random.choice([1, 1, 2, 6])):
            at = random.randrange(len(data) + 1)
            if random.random() < 0.5:
                data[at : at + 1] = random.randbytes(random.randrange(3))
            else:
                del data[at : at + random.randrange(1, 20)]
        try:
            gate(write(path, parts | {name: bytes(data)}))
        except ModelError as error:
            told += "fuzzed.ts" in str(error)
    assert told > 100
