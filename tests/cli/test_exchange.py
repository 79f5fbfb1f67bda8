"""Other programs' files in, learned from, and out again, by command."""

import json

import numpy as np
import pytest

from isobath.mapping import Mapping
from isobath.mapping.exchange import flucoma
from isobath.mapping.exchange.wekinator import open_project
from tests.mapping.exchange import projects
from tests.mapping.exchange.test_flucoma import regressor
from tests.mapping.exchange.test_flucoma import run as run_regressor

POINTS = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, 1.0], [0.25, 0.5]])
LATENTS = np.array([[1.0, 2.0], [2.0, 3.0], [0.0, -1.0], [0.5, 0.125]])


def written(tmp_path):
    (tmp_path / "in.json").write_text(json.dumps({"points": POINTS.tolist(), "latents": LATENTS.tolist()}))
    return tmp_path / "in.json"


def mapping(path):
    return Mapping.from_json(path.read_text())


@pytest.mark.parametrize("out", ["out.csv", "out.json", "out.arff", "out.zip", "out"])
def test_demonstrations_go_to_other_programs_and_back(run, tmp_path, out):
    kind = [] if "." in out else ["--to", "wekinator"]
    result = run("demonstrations", written(tmp_path), "-o", tmp_path / out, *kind, "--json")
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["examples"] == 4
    result = run("fit", tmp_path / out, "-o", tmp_path / "map.json")
    assert result.exit_code == 0, result.stderr
    np.testing.assert_allclose(mapping(tmp_path / "map.json")(POINTS), LATENTS, atol=1e-3)


def test_data_sets_of_flucoma_go_out_and_back(run, tmp_path):
    run("demonstrations", written(tmp_path), "-o", tmp_path / "sets", "--to", "flucoma")
    inputs, outputs = tmp_path / "sets" / "inputs.json", tmp_path / "sets" / "outputs.json"
    result = run("fit", inputs, "--targets", outputs, "-o", tmp_path / "map.json")
    assert result.exit_code == 0, result.stderr
    np.testing.assert_allclose(mapping(tmp_path / "map.json")(POINTS), LATENTS, atol=1e-3)
    assert "--targets" in run("fit", inputs, "-o", tmp_path / "x").stderr
    assert "--before" in run("fit", tmp_path / "sets" / "inputs-normalize.json", "-o", tmp_path / "x").stderr


def test_a_regressor_with_its_scalers_is_taken_as_it_is(run, tmp_path):
    data = regressor(1, (2, 3, 2), (2, 1))
    (tmp_path / "r.json").write_text(json.dumps(data))
    (tmp_path / "n.json").write_bytes(flucoma.write_normalize(POINTS * 100))
    result = run("fit", tmp_path / "r.json", "--before", tmp_path / "n.json", "-o", tmp_path / "m.json")
    assert result.exit_code == 0, result.stderr
    expected = [run_regressor(data, place) for place in POINTS.tolist()]
    np.testing.assert_allclose(mapping(tmp_path / "m.json")(100 * POINTS), expected, atol=1e-12)
    refused = run("demonstrations", tmp_path / "r.json", "-o", tmp_path / "x.csv")
    assert "already trained" in refused.stderr


def test_a_regressor_is_written(run, tmp_path):
    options = ("--algorithm", "perceptron", "--to", "flucoma", "-o", tmp_path / "r.json")
    assert run("fit", written(tmp_path), *options).exit_code == 0
    data = json.loads((tmp_path / "r.json").read_text())
    run("fit", written(tmp_path), "--algorithm", "perceptron", "-o", tmp_path / "m.json")
    heard = mapping(tmp_path / "m.json")(POINTS)
    np.testing.assert_allclose([run_regressor(data, p) for p in POINTS.tolist()], heard, atol=1e-9)
    assert "perceptron" in run("fit", written(tmp_path), "--to", "flucoma", "-o", tmp_path / "x").stderr


def test_a_project_is_learned_again_or_played_as_trained(run, tmp_path):
    model, network = projects.network(1)
    files = projects.files([projects.numeric("pitch"), projects.numeric("pose", 0, 3)]) | {
        "current/modelSetDescription.json": projects.description([model, model])
    }
    for name, content in files.items():
        (tmp_path / "p" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "p" / name).write_bytes(content)
    assert run("fit", tmp_path / "p", "--as-trained", "-o", tmp_path / "m.json").exit_code == 0
    assert mapping(tmp_path / "m.json")([100.0, 0.5])[0] == pytest.approx(network([100.0, 0.5]))
    assert run("fit", tmp_path / "p", "-o", tmp_path / "m.json").exit_code == 0
    assert mapping(tmp_path / "m.json")([200.5, 0.75])[0] == pytest.approx(0.5, abs=1e-3)
    (tmp_path / "p" / "current" / "modelSetDescription.json").unlink()
    assert "holds no networks" in run("fit", tmp_path / "p", "--as-trained", "-o", tmp_path / "m.json").stderr
    result = run("demonstrations", tmp_path / "p", "-o", tmp_path / "again", "--to", "wekinator")
    assert result.exit_code == 0
    assert len(open_project(tmp_path / "again").examples.points) == 5


def test_a_file_of_no_kind_is_asked_about(run, tmp_path):
    result = run("demonstrations", written(tmp_path), "-o", tmp_path / "out")
    assert result.exit_code == 2
    assert "What should out be?" in result.stderr


def test_an_empty_recording_is_a_sentence(run, tmp_path):
    (tmp_path / "in.arff").write_text(
        "@relation x\n@attribute a numeric\n@attribute latent1 numeric\n@data\n"
    )
    for kind in ("csv", "flucoma"):
        result = run("demonstrations", tmp_path / "in.arff", "-o", tmp_path / "out", "--to", kind)
        assert result.exit_code == 1
        assert "no examples to write" in result.stderr
    assert "nothing to learn from" in run("fit", tmp_path / "in.arff", "-o", tmp_path / "m").stderr
