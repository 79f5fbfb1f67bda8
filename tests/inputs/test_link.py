"""The beat of a Link session, as Carabiner says it: worked out, and over a real line."""

import socket
import threading
import time

import pytest

from isobath.inputs.link import STATUS, LinkWatch, Timeline


def test_the_next_beat_is_worked_out_from_the_quickest_answer():
    line = Timeline()
    assert line.bpm == 0.0
    line.add(120.0, 10.25, 100.0, 100.2)  # beat 10.25 somewhere in there
    line.add(120.0, 10.75, 100.3499, 100.3501)
    assert line.after(100.36) == (pytest.approx(100.475), 11)
    assert line.after(100.475) == (pytest.approx(100.975), 12)
    assert line.after(100.48) == (pytest.approx(100.975), 12)


def test_a_slow_answer_does_not_move_it():
    line = Timeline()
    line.add(120.0, 8.0, 10.0, 10.0)
    line.add(120.0, 8.5, 10.2, 10.4)  # would be 25 ms off
    assert line.after(10.4)[0] == pytest.approx(10.5)


def test_another_tempo_or_another_place_begins_anew():
    line = Timeline()
    line.add(120.0, 8.0, 10.0, 10.0)
    line.add(60.0, 8.5, 10.25, 10.27)
    assert line.bpm == 60.0
    assert line.after(10.3) == (pytest.approx(10.76), 9)
    line.add(60.0, 3.0, 10.3, 10.32)
    assert line.after(10.32) == (pytest.approx(11.31), 4)


@pytest.mark.parametrize(
    "bad",
    [(0.0, 1.0, 1.0, 1.0), (1e9, 1.0, 1.0, 1.0), (120.0, float("nan"), 1.0, 1.0), (120.0, 1.0, 2.0, 1.0)],
)
def test_what_cannot_be_is_left_out(bad):
    line = Timeline()
    line.add(*bad)
    assert line.bpm == 0.0


def test_only_a_status_is_one():
    said = "version { }\nstatus { :peers 2 :bpm 128.500000 :start 7 :beat -597.737570 :playing true }\n"
    assert STATUS.search(said).groups() == ("128.500000", "-597.737570")
    for wrong in ("status { :bpm nan :beat 1.0 }", "status { :bpm 120.0", "bad-bpm ", "unsupported status"):
        assert STATUS.search(wrong) is None


class Carabiner:
    """Says a beat that goes on, as often as it is asked; the first caller is hung up on."""

    def __init__(self, bpm):
        self.bpm, self.began, self.calls = bpm, time.monotonic(), 0
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port = self._door.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                line, _ = self._door.accept()
            except OSError:
                return
            self.calls += 1
            with line:
                while line.recv(100):
                    if self.calls == 1:
                        line.sendall(b"\xff\x00 nonsense\n")
                        break
                    beat = (time.monotonic() - self.began) * self.bpm / 60
                    line.sendall(
                        f"status {{ :peers 1 :bpm {self.bpm:.6f} :start 7 :beat {beat:.6f} }}\n".encode()
                    )

    def close(self):
        self._door.close()


def test_beats_are_said_in_their_order_and_a_lost_line_is_found_again(monkeypatch):
    monkeypatch.setattr("isobath.inputs.link.AGAIN_SECONDS", 0.05)
    carabiner, beats, enough = Carabiner(300.0), [], threading.Event()

    def say(beat):
        beats.append(beat)
        if len(beats) == 5:
            enough.set()

    watch = LinkWatch(say, port=carabiner.port)
    try:
        assert enough.wait(15)
        assert watch.connected
    finally:
        watch.close()
        carabiner.close()
    assert carabiner.calls >= 2
    assert [beat.starts for beat in beats] == [True] + [False] * (len(beats) - 1)
    numbers = [beat.number for beat in beats]
    assert numbers == sorted(set(numbers))
    assert {beat.bpm for beat in beats} == {300.0}
