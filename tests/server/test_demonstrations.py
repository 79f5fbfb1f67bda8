"""Other programs' demonstrations over HTTP."""

import json

import numpy as np
import pytest

from isobath.mapping import Mapping
from isobath.mapping.exchange import flucoma, wekinator
from tests.mapping.exchange import projects
from tests.mapping.exchange.test_flucoma import regressor

SHOWN = [
    {"id": "a", "point": [0.1, 0.2], "latent": [1.0, -2.0, 0.5], "label": "bell"},
    {"id": "b", "point": [0.9, 0.4], "latent": [0.0, 1.0, 0.25]},
    {"id": "c", "point": [0.5, 0.5], "latent": [9.0, 9.0, 9.0], "muted": True},
]


def brought(server, data, query=""):
    answer = server.post(f"/demonstrations/import?name=mine{query}", data)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("kind", ["csv", "json", "arff", "wekinator", "flucoma"])
def test_what_leaves_comes_back(shared, kind):
    body = json.dumps({"demonstrations": SHOWN}).encode()
    answer = shared.post(f"/demonstrations/export?to={kind}&name=My%20demos", body)
    assert answer.status_code == 200, answer.text
    assert "My demos" in answer.headers["content-disposition"]
    back = shared.post("/demonstrations/import?name=x", answer.content).json()
    found = sorted((d["point"], d["latent"]) for d in back["demonstrations"])
    assert found == sorted((d["point"], d["latent"]) for d in SHOWN[:2])
    assert back["spans"] == [[0.0, 1.0], [0.0, 1.0]]


def test_a_project_comes_in_with_its_ranges_and_its_trained_networks(shared):
    model, run = projects.network(1)
    files = projects.files([projects.numeric("pitch"), projects.numeric("pose", 0, 3)]) | {
        "current/modelSetDescription.json": projects.description([model, model])
    }
    answer = brought(shared, wekinator.zipped("mine", files))
    assert answer["inputs"] == list(projects.INPUTS)
    assert len(answer["demonstrations"]) == 5
    assert any("2 of 5 examples were not recorded for every output" in n for n in answer["notes"])
    (low, high), (bottom, top) = answer["spans"]
    for one in answer["demonstrations"]:
        assert 0.0 <= min(one["point"]) <= max(one["point"]) <= 1.0
    trained = Mapping.from_plain(answer["trained"])
    x = [low + 0.3 * (high - low), bottom + 0.6 * (top - bottom)]
    assert trained([0.3, 0.6])[0] == pytest.approx(run(x))


def test_a_regressor_comes_in_as_it_is(shared):
    data = json.dumps(regressor(1, (2, 3, 2), (3, 0))).encode()
    answer = brought(shared, data)
    trained = Mapping.from_plain(answer["trained"])
    assert trained.dims == 2
    assert len(answer["demonstrations"]) == 64
    for one in answer["demonstrations"]:
        np.testing.assert_allclose(trained(one["point"]), one["latent"], atol=1e-12)
    assert "trained already" in answer["notes"][0]


def test_a_long_recording_is_thinned_and_said(shared):
    rows = np.random.default_rng(0).uniform(0, 1, (5000, 2))
    sets = {"inputs.json": flucoma.write_dataset(rows), "outputs.json": flucoma.write_dataset(rows)}
    answer = brought(shared, wekinator.zipped("x", sets))
    assert len(answer["demonstrations"]) == 1667
    assert "one in 3 is taken" in " ".join(answer["notes"])


@pytest.mark.parametrize(
    ("data", "query", "says"),
    [
        (b"@relation x", "", "no whole ARFF"),
        (b"PK\x03\x04 no", "", "no zip"),
        (b"\xff\xfe\x00", "", "neither a zip nor text"),
        (b"@relation x\n@attribute a numeric\n@data\n", "", "Say how many"),
        (b"@relation x", "&outputs=x", "There cannot be"),
        (b"{}", "", "holds no demonstrations"),
    ],
)
def test_what_is_none_is_a_sentence(shared, data, query, says):
    answer = shared.post(f"/demonstrations/import?name=f{query}", data)
    assert answer.status_code == 400
    assert says in answer.json()["sentence"]


@pytest.mark.parametrize(
    ("query", "body", "says"),
    [
        ("to=max", b"{}", "leave as csv"),
        ("to=csv", b"{}", "no demonstrations to write"),
        ("to=csv", b'{"demonstrations": []}', "no demonstrations that sound"),
        ("to=arff", json.dumps({"demonstrations": [{**SHOWN[0], "id": 3}]}).encode(), "no demonstrations to"),
    ],
)
def test_what_cannot_leave_is_a_sentence(shared, query, body, says):
    answer = shared.post(f"/demonstrations/export?{query}", body)
    assert answer.status_code == 400
    assert says in answer.json()["sentence"]
