"""Sessions of the jam: kept through the page, opened by the command, taken away as MIDI and as sound."""

import io
import json

import numpy as np
import pytest
import soundfile

from isobath.library.jams import Jams
from isobath.symbolic import read_midi

HITS = [{"step": 4 * s, "piece": s % 3, "velocity": 0.8, "offset": 0.2} for s in range(4)]


def session(**more):
    phrase = {"steps": 16, "hits": HITS}
    return {
        "name": "Morning",
        "settings": {"bars": 1, "bpm": 240, "changed_hits": 3},
        "clock": [{"position": -16, "seconds": 0, "bpm": 240}],
        "played": [{"position": 4.0 * s, "pitch": 36, "velocity": 0.5, "length": 1} for s in range(4)],
        "turns": [
            {"who": "human", "position": 0, "phrase": phrase, "place": [[0.5] * 4]},
            {"who": "machine", "position": 16, "phrase": phrase, "place": [[0.25] * 4], "repeated": True},
        ],
        "missed": 1,
        **more,
    }


def keep(server, id, told):
    return server.post(f"/jam/sessions/{id}", json.dumps(told).encode(), kind="application/json")


def test_a_session_is_kept_listed_opened_and_forgotten(served, home):
    assert keep(served, "one", session()).status_code == 200
    answer = keep(served, "two", session(name="", missed=0))
    assert answer.json()["name"]  # by its date
    with served.client() as client:
        listed = client.get("/jam/sessions").json()
        opened = client.get("/jam/sessions/one").json()
    assert [each["id"] for each in listed] == ["two", "one"]
    row = listed[1]
    assert (row["name"], row["phrases"], row["seconds"], row["bpm"]) == ("Morning", 2, 3.0, 240.0)
    hits = opened["turns"][1]["phrase"]["hits"]
    assert [(h["step"], h["piece"]) for h in hits] == [(h["step"], h["piece"]) for h in HITS]
    assert [h["offset"] for h in hits] == pytest.approx([0.2] * 4)
    assert opened["turns"][1]["place"] == [[0.25] * 4]
    assert opened["missed"] == 1
    assert len(opened["played"]) == 4
    assert keep(served, "one", opened).status_code == 200  # what was opened can be kept again
    assert Jams(home).find("Morning").session.turns[1].repeated
    assert served.post("/jam/sessions/one/delete", b"").status_code == 200
    with served.client() as client:
        assert [each["id"] for each in client.get("/jam/sessions").json()] == ["two"]
        gone = client.get("/jam/sessions/one")
    assert gone.status_code == 404
    assert "deleted" in gone.json()["sentence"]


def test_a_session_is_taken_away_as_midi_and_as_sound(served, tmp_path):
    keep(served, "one", session())
    with served.client() as client:
        parts = {part: client.get(f"/jam/sessions/one/{part}.mid") for part in ("human", "machine", "both")}
        sound = client.get("/jam/sessions/one/sound.wav")
        assert client.get("/jam/sessions/one/drummer.mid").status_code == 404
    counts = {}
    for part, answer in parts.items():
        assert f"Morning-{part}.mid" in answer.headers["content-disposition"]
        (tmp_path / "a.mid").write_bytes(answer.content)
        counts[part] = len(read_midi(tmp_path / "a.mid").notes)
    assert counts == {"human": 4, "machine": 4, "both": 8}
    assert int(sound.headers["content-length"]) == len(sound.content)
    audio, rate = soundfile.read(io.BytesIO(sound.content))
    assert rate == 48000
    assert audio.shape[1] == 2
    assert abs(audio).max() > 0.1
    assert abs(audio[: rate // 2]).max() == 0.0  # the count-in, without its click


@pytest.mark.parametrize(
    "wrong",
    [
        {"clock": []},
        {"clock": [{"position": 0, "seconds": 0, "bpm": 0}]},
        {"clock": [{"position": 0, "seconds": 0, "bpm": 99}, {"position": -1, "seconds": 1, "bpm": 99}]},
        {"model": "../../secret"},
        {"played": [{"position": 1e30, "pitch": 36, "velocity": 1}]},
        {"turns": [{"who": "human", "position": 0, "phrase": {"steps": 17}}]},
        {"turns": [{"who": "nobody", "position": 0, "phrase": {"steps": 16}}]},
        {"turns": [{"who": "human", "position": 1e30, "phrase": {"steps": 16}}]},
    ],
)
def test_what_is_no_session_is_a_sentence(shared, wrong):
    answer = keep(shared, "wrong", session(**wrong))
    assert 400 <= answer.status_code < 500
    assert answer.json()["sentence"]


@pytest.mark.parametrize("id", ["..%2Fx", ".hidden", "a" * 65, "a%20b"])
def test_a_session_is_kept_nowhere_else(shared, id):
    answer = keep(shared, id, session())
    assert answer.status_code in (404, 405)


def test_an_answer_goes_on_from_where_the_machine_was(shared):
    settings = {"changed_hits": 0, "lead": 1.0}
    with shared.client() as client:
        place = client.get("/jam/space?model=drums-2").json()["places"][3]

    def answer(session, **more):
        body = {"session": session, "settings": settings, "phrase": None, **more}
        return shared.post("/jam/answer", json.dumps(body).encode(), kind="application/json").json()

    again = answer("goes on", last=[place])
    assert again["place"][0] == pytest.approx(place, abs=1e-4)
    assert answer("another", last=[place[:3]])["phrase"]["steps"] == 32  # of another model: passed by


def test_the_page_has_the_sounds_of_models(shared):
    with shared.client() as client:
        hit = client.get("/jam/sounds/machine/hit/1/6/48000")
        note = client.get("/jam/sounds/note/60/6/48000?seconds=0.3")
        paths = (
            "machine/hit/9/6/48000", "nobody/hit/1/6/48000", "machine/hit/1/0/48000", "machine/hit/1/9/48000",
            "machine/hit/1/6/1", "note/5/6/48000", "note/60/6/48000?seconds=x",
        )  # fmt: skip
        wrong = [client.get(f"/jam/sounds/{path}") for path in paths]
    for answer in (hit, note):
        sound = np.frombuffer(answer.content, "<f4")
        assert len(sound) > 5000
        assert 0.05 < np.abs(sound).max() < 1.5
    assert {each.status_code for each in wrong} == {400}
