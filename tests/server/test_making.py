"""Sets and trainings through the server: brought, begun, followed, stopped, found again, played."""

import os
import signal
import sys
import time
from contextlib import contextmanager, suppress

import httpx
import msgspec
import pytest

from isobath.protocol.making import SetDetails
from isobath.protocol.messages import Making, ModelSummary, RunFollowed, WatchMaking
from isobath.server import making
from tests.server.fake_maker import flac, tone
from tests.server.serving import serving

FAKE = (sys.executable, "-m", "tests.server.fake_maker")


@pytest.fixture(autouse=True)
def quickly(monkeypatch):
    monkeypatch.setattr(making, "LOOK_SECONDS", 0.05)
    monkeypatch.setenv("FAKE_SECONDS", "0.01")


class Bench:
    """What a page does, over a real server."""

    def __init__(self, served, page):
        self.served, self.page, self.last = served, page, None

    def post(self, path, body=None, status=200):
        answer = self.served.post(path, msgspec.json.encode(body or {}), kind="application/json")
        assert answer.status_code == status, answer.text
        return answer.json()

    def bring(self, id, name, data, status=200):
        answer = self.served.post(f"/making/sets/{id}/sounds?name={name}", data)
        assert answer.status_code == status, answer.text
        return answer.json()

    def watch(self, run=None):
        self.page.say(WatchMaking(watching=True, run=run))

    def until(self, holds, timeout=40):
        """The first state of affairs in which something holds."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            with suppress(IndexError):  # what is asked about is not there yet
                if self.last is not None and holds(self.last):
                    return self.last
            self.last = self.page.hear(Making, timeout)
        raise AssertionError(f"waited in vain; the last that was told: {self.last}")

    def set(self, **files):
        """A prepared set of a few tones, or of what is given."""
        id = self.post("/making/sets", {"name": "Rain on a roof"})["id"]
        for name, data in (files or {"a": flac(tone(2, 220)), "b": flac(tone(1, 330))}).items():
            self.bring(id, f"{name}.flac", data)
        self.post(f"/making/sets/{id}/prepare")
        self.until(lambda told: told.sets[0].state in {"ready", "failed"})
        return id

    def start(self, set, name="Roof"):
        return self.post("/making/runs", {"name": name, "set": set, "config": "instrument"})["id"]

    def until_run(self, id, *states):
        told = self.until(lambda told: any(run.id == id and run.state in states for run in told.runs))
        return next(run for run in told.runs if run.id == id)


@contextmanager
def working(home, static, **options):
    with serving(home, static, command=FAKE, here=True, **options) as served, served.page() as page:
        bench = Bench(served, page)
        bench.watch()
        yield bench


@pytest.fixture
def bench(home, static):
    with working(home, static) as bench:
        yield bench
        for run in bench.until(lambda _: True).runs:
            bench.served.post(f"/making/runs/{run.id}/stop", b"{}", kind="application/json")


@pytest.fixture(autouse=True)
def _known(monkeypatch):
    """One configuration, whatever can be trained today."""
    from isobath.protocol.making import Configuration
    from isobath.server import workbench

    one = Configuration(
        name="instrument", title="Instrument", about="For playing.", delay_ms=7.3, frames_a_second=172.3,
        dims=8, parameters=640_000, phase1_steps=20, phase2_steps=20, default=True,
    )  # fmt: skip
    monkeypatch.setattr(workbench, "configurations", lambda _: (one,))


def test_sounds_are_brought_prepared_and_described(bench):
    id = bench.set(a=flac(tone(2, 220)), b=flac(tone(1, 330)), letter=b"this is no sound")
    told = bench.last.sets[0]
    assert (told.name, told.state, told.files, told.left_out) == ("Rain on a roof", "ready", 2, 1)
    assert told.seconds == pytest.approx(3.0)
    with bench.served.client() as client:
        found = msgspec.json.decode(client.get(f"/making/sets/{id}").content, type=SetDetails)
    assert [each.name for each in found.recordings] == ["a.flac", "b.flac"]
    assert [each.name for each in found.left_out] == ["letter.flac"]
    assert len(found.peaks) == 720
    assert found.held_out == ()
    assert 0.25 < max(found.peaks) <= 0.31


def test_a_recording_that_comes_later_waits_to_be_prepared(bench):
    id = bench.set()
    bench.bring(id, "c.flac", flac(tone(1, 440)))
    assert bench.until(lambda told: told.sets[0].waiting == 1)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\rain.wav", "rain.wav"),
        (".bashrc", "bashrc"),
        ("a\x00b:c*.wav", "a_b_c_.wav"),
        ("Überall — naß.flac", "Überall _ naß.flac"),
    ],
)
def test_a_recording_brings_no_path_with_it(bench, given, kept):
    id = bench.post("/making/sets", {"name": "x"})["id"]
    answer = bench.served.post(f"/making/sets/{id}/sounds", b"data")
    assert answer.status_code == 400  # it has no name at all
    with bench.served.client() as client:
        headers = {"origin": bench.served.origin, "content-type": "application/octet-stream"}
        path = f"/making/sets/{id}/sounds"
        answer = client.post(path, params={"name": given}, content=b"data", headers=headers)
    assert answer.json()["name"] == kept
    assert [each.name for each in (bench.served.library.home.sounds / id).iterdir()] == [kept]


def test_the_same_recording_twice_is_kept_once_and_another_of_its_name_beside_it(bench):
    id = bench.post("/making/sets", {"name": "x"})["id"]
    assert bench.bring(id, "a.wav", b"one")["name"] == "a.wav"
    assert bench.bring(id, "a.wav", b"one")["name"] == "a.wav"
    assert bench.bring(id, "a.wav", b"two")["name"] == "a 2.wav"


def test_a_set_that_cannot_be_prepared_says_why(bench):
    bench.set(letter=b"this is no sound")
    assert bench.last.sets[0].state == "failed"
    assert "is a sound" in bench.last.sets[0].message


def test_a_folder_may_be_named_only_where_page_and_server_are_one_machine(home, static, tmp_path):
    (tmp_path / "a.flac").write_bytes(flac(tone(1, 220)))
    with working(home, static) as bench:
        id = bench.post("/making/sets", {"name": "Here", "folder": str(tmp_path)})["id"]
        bench.post(f"/making/sets/{id}/prepare")
        bench.until(lambda told: told.sets[0].state == "ready" and told.sets[0].folder)
        assert "whole path" in bench.post("/making/sets", {"name": "x", "folder": "here"}, 400)["sentence"]
        bench.post(f"/making/sets/{id}/delete")
        assert (tmp_path / "a.flac").exists()
    with serving(home, static, command=FAKE) as served:
        body = msgspec.json.encode({"name": "Here", "folder": str(tmp_path)})
        answer = served.post("/making/sets", body, kind="application/json")
        assert answer.status_code == 400
        assert "one machine" in answer.json()["sentence"]


def test_a_training_is_begun_followed_and_played(bench):
    id = bench.start(bench.set())
    bench.watch(id)
    steps, heard, begun = [], (), False
    while 40 not in steps or len(heard) < 4:
        told = bench.page.hear((RunFollowed, Making), 40)
        if isinstance(told, Making):
            bench.last = told  # it may have ended before its last steps are told
            continue
        assert told.anew or begun
        begun = True
        steps = [] if told.anew else steps
        steps += [step for curve in told.curves if curve.name == "spectral" for step in curve.steps]
        heard = told.checkpoints or heard
    assert steps == list(range(5, 41, 5))
    assert [each.step for each in heard] == [10, 20, 30, 40]
    run = bench.until_run(id, "finished")
    assert (run.step, run.phase1_steps, run.name) == (40, 20, "Roof")
    with bench.served.client() as client:
        clip = client.get(f"/making/runs/{id}/listen/10/reconstruction-1.flac")
        assert clip.headers["content-type"] == "audio/flac"
        assert client.get(f"/making/runs/{id}/listen/10/reconstruction-7.flac").status_code == 400
        assert "STFT" in client.get(f"/making/runs/{id}/card").text
        assert client.get(f"/making/runs/{id}/model").content[8:9] == b"{"
    model = msgspec.convert(bench.post(f"/making/runs/{id}/install"), type=ModelSummary)
    assert model.name in [each.name for each in bench.served.library.models.all()]
    assert bench.until_run(id, "finished").model in {"", model.name}


def test_a_training_is_stopped_resumed_and_made_a_model_of_in_between(bench, monkeypatch):
    monkeypatch.setenv("FAKE_STEPS", "400")
    id = bench.start(bench.set())
    bench.until(lambda told: told.runs[0].step >= 10)
    bench.post(f"/making/runs/{id}/stop")
    stopped = bench.until_run(id, "stopped")
    assert 10 <= stopped.step < 400
    assert stopped.saved
    assert bench.post(f"/making/runs/{id}/install")["title"]
    bench.post(f"/making/runs/{id}/resume")
    bench.until(lambda told: told.runs[0].step > stopped.step)
    assert "under way" in bench.post(f"/making/runs/{id}/resume", status=400)["sentence"]
    assert "Stop it first" in bench.post(f"/making/runs/{id}/delete", status=400)["sentence"]
    bench.post(f"/making/runs/{id}/stop")
    bench.until_run(id, "stopped")
    bench.post(f"/making/runs/{id}/delete")
    bench.until(lambda told: told.runs == ())


def test_one_training_at_a_time_and_the_others_in_the_order_they_were_asked_for(bench):
    source = bench.set()
    first, second, third = (bench.start(source, name) for name in ("First", "Second", "Third"))
    told = bench.until(lambda told: len(told.runs) == 3)
    assert [run.state for run in told.runs if run.id == third] == ["waiting"]
    bench.post(f"/making/runs/{second}/stop")  # it had not begun
    assert bench.until_run(second, "stopped").step == 0
    bench.until_run(first, "finished")
    bench.until_run(third, "finished")


@pytest.mark.parametrize(("name", "says"), [("fail", "holds no sound"), ("die", "not foreseen (code 3)")])
def test_a_training_that_fails_says_why(bench, name, says):
    run = bench.until_run(bench.start(bench.set(), name), "failed")
    assert says in run.message


def test_a_training_that_complains_of_being_stopped_is_stopped_all_the_same(bench, monkeypatch):
    monkeypatch.setenv("FAKE_STEPS", "400")
    id = bench.start(bench.set(), "slow to begin")
    bench.until(lambda told: told.runs[0].step >= 5)
    bench.post(f"/making/runs/{id}/stop")
    assert bench.until_run(id, "stopped", "failed").state == "stopped"
    assert bench.until(lambda told: told.runs[0].message == "")


def test_a_part_of_a_course_is_asked_for_in_steps(bench):
    body = {"name": "Roof", "set": bench.set(), "config": "instrument", "share": 0.25}
    id = bench.post("/making/runs", body)["id"]
    order = msgspec.json.decode((bench.served.library.home.runs / f"{id}.json").read_bytes())
    assert (order["phase1_steps"], order["phase2_steps"]) == (5, 5)
    bench.post("/making/runs", body | {"share": 0}, 400)
    assert "'piano'" in bench.post("/making/runs", body | {"base": "piano"}, 404)["sentence"]
    based = bench.post("/making/runs", body | {"base": "whale"}, 404)  # not in this library
    assert "whale" in based["sentence"]
    bench.until_run(id, "finished")


def test_a_training_goes_on_without_the_server_and_is_found_again(home, static, monkeypatch):
    monkeypatch.setenv("FAKE_STEPS", "2000")
    with working(home, static) as bench:
        id = bench.start(bench.set())
        later = bench.start(bench.until(lambda told: told.sets).sets[0].id, "Later")
        before = bench.until(lambda told: any(run.step >= 10 for run in told.runs))
    step = max(run.step for run in before.runs)
    time.sleep(0.1)
    with working(home, static) as bench:
        told = bench.until(lambda told: any(run.step > step for run in told.runs))
        assert {run.id: run.state for run in told.runs} == {id: "training", later: "waiting"}
        bench.post(f"/making/runs/{later}/stop")
        bench.post(f"/making/runs/{id}/stop")
        bench.until_run(id, "stopped")


def test_a_training_killed_while_nobody_looked_can_be_resumed(home, static, monkeypatch):
    monkeypatch.setenv("FAKE_STEPS", "2000")
    with working(home, static) as bench:
        id = bench.start(bench.set())
        bench.until(lambda told: told.runs[0].step >= 10)
    told = msgspec.json.decode((home.runs / id / "run.json").read_bytes())
    os.kill(told["pid"], signal.SIGKILL)
    with working(home, static) as bench:
        run = bench.until_run(id, "stopped")
        assert "broke off at step" in run.message
        bench.post(f"/making/runs/{id}/resume")
        bench.until_run(id, "training")
        bench.post(f"/making/runs/{id}/stop")
        bench.until_run(id, "stopped")


def test_the_number_of_another_process_is_not_mistaken_for_a_training(home, static):
    folder = home.runs / "old-one"
    folder.mkdir(parents=True)
    told = {"state": "training", "pid": os.getpid(), "step": 7, "name": "Old"}
    (folder / "run.json").write_bytes(msgspec.json.encode(told))
    with working(home, static) as bench:
        assert bench.until_run("old-one", "stopped").step == 7


def test_what_is_damaged_is_shown_as_far_as_it_can_be_read(home, static):
    folder = home.runs / "odd"
    (folder / "listen" / "000010").mkdir(parents=True)
    (folder / "run.json").write_text('{"step": "many", "phase": null, "seconds_left": 1e999}')
    lines = '{"step": 1, "loss": 2.0}\nnonsense\n{"step": 2, "loss": null}\n[3]\n{"step": 3, "loss": 1}\n{"st'
    (folder / "metrics.jsonl").write_text(lines)
    with working(home, static) as bench:
        bench.until(lambda told: told.runs)
        bench.watch("odd")
        told = bench.page.hear(RunFollowed, 40)
        assert [(curve.name, curve.steps) for curve in told.curves] == [("loss", (1.0, 3.0))]
        assert told.checkpoints == ()


def test_without_torch_the_page_is_told_how_to_get_it(home, static, monkeypatch):
    from isobath.server import workbench

    monkeypatch.setattr(workbench, "find_spec", lambda _: None)
    with serving(home, static) as served, served.page() as page:
        page.say(WatchMaking(watching=True))
        assert "pip install 'isobath[train]'" in page.hear(Making).missing
        answer = served.post("/making/runs", b'{"name":"x","set":"x","config":"x"}', kind="application/json")
        assert "isobath[train]" in answer.json()["sentence"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/making/sets", b"{"),
        ("/making/sets", b'{"name": "   "}'),
        ("/making/sets", b'{"name": "' + b"x" * 70_000 + b'"}'),
        ("/making/sets/none/prepare", b"{}"),
        ("/making/sets/..%2f..%2fsecret/prepare", b"{}"),
        ("/making/runs", b'{"name": "x", "set": "../x", "config": "instrument"}'),
        ("/making/runs/none/stop", b"{}"),
        ("/making/runs/none/delete", b"{}"),
    ],
)
def test_what_makes_no_sense_is_answered_with_a_sentence(bench, path, body):
    answer = bench.served.post(path, body, kind="application/json")
    assert answer.status_code in {400, 404, 405}
    assert answer.json()["sentence"].endswith(".")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/making/sets"),
        ("GET", "/making/sets/x"),
        ("POST", "/making/sets/x/sounds"),
        ("POST", "/making/sets/x/prepare"),
        ("POST", "/making/sets/x/delete"),
        ("POST", "/making/runs"),
        ("POST", "/making/runs/x/stop"),
        ("POST", "/making/runs/x/resume"),
        ("POST", "/making/runs/x/delete"),
        ("POST", "/making/runs/x/install"),
        ("GET", "/making/runs/x/model"),
        ("GET", "/making/runs/x/card"),
        ("GET", "/making/runs/x/listen/1/source-0.flac"),
    ],
)
def test_every_route_asks_who_is_there_and_from_where(shared, method, path):
    headers = {"origin": shared.origin, "content-type": "application/json"}
    assert httpx.request(method, shared.origin + path, headers=headers).status_code == 401
    if method == "POST":
        assert shared.post(path, b"{}", origin="http://evil.example").status_code == 403
        assert shared.post(path, b"{}", kind="text/plain").status_code == 415
