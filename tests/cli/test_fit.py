"""`isobath fit`: the same mapping from every kind of file."""

import json

import msgspec
import numpy as np
import pytest

from isobath.mapping import Mapping
from tests.library.pieces import piece

POINTS = [[0.0, 0.0], [1.0, 0.0], [0.5, 1.0]]
LATENTS = [[1.0, 2.0], [2.0, 3.0], [0.0, -1.0]]


def as_csv(separator=","):
    rows = [["label", "axis1", "axis2", "latent1", "latent2"]]
    rows += [[f"s{i}", *POINTS[i], *LATENTS[i]] for i in range(3)]
    return "\n".join(separator.join(str(cell) for cell in row) for row in rows) + "\n"


FILES = {
    "csv": as_csv(),
    "csv with semicolons": as_csv(";"),
    "csv with decimal commas": as_csv(";").replace(".", ","),
    "csv from a spreadsheet": "\ufeff" + as_csv().replace("\n", "\r\n") + "\r\n",
    "tables": json.dumps({"points": POINTS, "latents": LATENTS}),
    "list": json.dumps([{"point": p, "latent": q} for p, q in zip(POINTS, LATENTS, strict=True)]),
}


@pytest.mark.parametrize("kind", FILES)
def test_every_kind_of_file_gives_the_same_mapping(run, tmp_path, kind):
    (tmp_path / "in").write_text(FILES[kind], encoding="utf-8")
    result = run("fit", tmp_path / "in", "-o", tmp_path / "out.json")
    assert result.exit_code == 0, result.stderr
    mapping = Mapping.from_json((tmp_path / "out.json").read_text())
    np.testing.assert_allclose(mapping(POINTS), LATENTS, atol=1e-3)


def test_a_piece_can_be_fitted(run, tmp_path):
    (tmp_path / "in.json").write_bytes(msgspec.json.encode(piece(demonstrations=4)))
    result = run("fit", tmp_path / "in.json", "-o", tmp_path / "out.json", "--json")
    answer = json.loads(result.stdout)
    assert (answer["axes"], answer["dims"]) == (2, 2)
    assert max(answer["errors"]) < 1e-3


def test_the_choices_arrive(run, tmp_path):
    (tmp_path / "in.csv").write_text(FILES["csv"])
    run("fit", tmp_path / "in.csv", "-o", tmp_path / "out.json", "--algorithm", "linear")
    assert json.loads((tmp_path / "out.json").read_text())["algorithm"] == "linear"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        ("a,b\n1,2\n", "first line"),
        ("axis1,latent1\n1,x\n", "line 2"),
        ("axis1,latent1\n1\n", "line 2"),
        ("axis1,latent1\n", "holds no demonstrations"),
        ("[]", "holds no demonstrations"),
        ("axis1,latent1\n0," + "9" * 200_000, "cannot be read as a table"),
        ("[" * 100_000, "holds no demonstrations"),
        ('{"points": [[1]]}', "holds no demonstrations"),
        ('{"points": [[1], [2]], "latents": [[1]]}', "2 points but 1 latents"),
        ("[1, 2]", "holds no demonstrations"),
        ('{"points"', "holds no demonstrations"),
        ("axis1,latent1\nnan,1\n", "not a number"),
    ],
)
def test_what_cannot_be_learned_from_is_told(run, tmp_path, text, says):
    (tmp_path / "in").write_text(text)
    result = run("fit", tmp_path / "in", "-o", tmp_path / "out.json")
    assert result.exit_code == 1
    assert says in result.stderr
    assert not (tmp_path / "out.json").exists()
