"""A jam in the page: phrases in, answers out, nothing else."""

import json

import pytest

BEAT = {
    "steps": 32,
    "hits": [{"step": s, "piece": 0 if s % 8 == 0 else 1, "velocity": 0.8} for s in range(0, 32, 4)],
}


def ask(server, **more):
    body = {"session": "one", "settings": {"changed_hits": 5}, "phrase": BEAT, **more}
    return server.post("/jam/answer", json.dumps(body).encode(), kind="application/json")


def test_a_phrase_is_answered_and_a_place_can_be_heard_again(shared):
    answer = ask(shared)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["phrase"]["steps"] == 32
    assert found["phrase"]["hits"]
    assert len(found["place"]) == len(found["heard"]) == len(found["seen"]) == 1
    body = json.dumps({"place": found["place"]}).encode()
    again = shared.post("/jam/phrase", body, kind="application/json").json()
    places = {(h["step"], h["piece"]) for h in found["phrase"]["hits"]}
    assert len(places ^ {(h["step"], h["piece"]) for h in again["phrase"]["hits"]}) <= 1  # places are rounded


def test_silence_is_answered_and_morphs_have_their_ends(shared):
    assert ask(shared, phrase=None, session="two").json()["phrase"]["hits"]
    other = {"steps": 32, "hits": [{"step": 0, "piece": 7, "velocity": 1.0}]}
    settings = {"mode": "morph", "morph_phrases": 3}
    ends = [ask(shared, settings=settings, other=other, share=share).json() for share in (0.0, 1.0)]
    assert ends[0]["phrase"] != ends[1]["phrase"]


def test_what_can_be_played_with_is_told(shared):
    with shared.client() as client:
        models = client.get("/jam/models").json()
        space = client.get("/jam/space?model=drums-2").json()
    assert {m["name"] for m in models} >= {"drums-2"}
    assert len(space["phrases"]) == len(space["places"]) > 100
    assert sum(space["shares"]) <= 1.0
    assert [hits for hits, _ in space["reach"]][:2] == [1, 2]
    assert space["reach"][0][1] < space["reach"][-1][1]


@pytest.mark.parametrize(
    "wrong",
    [
        {"phrase": {"steps": 17}},
        {"phrase": {"steps": 32, "hits": [{"step": 40, "piece": 0, "velocity": 1}]}},
        {"phrase": {"steps": 32, "hits": [{"step": 4, "piece": 9, "velocity": 1}]}},
        {"model": "../../secret"},
        {"settings": {"bars": 3}},
        {"session": ""},
    ],
)
def test_what_is_no_phrase_is_a_sentence(shared, wrong):
    answer = ask(shared, **wrong)
    assert 400 <= answer.status_code < 500
    assert answer.json()["sentence"]


def test_a_place_of_another_model_is_a_sentence(shared):
    for place in ([[0.0] * 5], []):
        body = json.dumps({"place": place}).encode()
        answer = shared.post("/jam/phrase", body, kind="application/json")
        assert answer.status_code == 400


def test_an_answer_asked_for_ahead_is_the_one_that_comes(shared):
    ahead = [ask(shared, session="ahead", ahead=True).json() for _ in range(2)]
    answer = ask(shared, session="ahead").json()
    assert ahead[0]["phrase"] == ahead[1]["phrase"] == answer["phrase"]
    assert ask(shared, session="ahead").json()["phrase"] != answer["phrase"]
