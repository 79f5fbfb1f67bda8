"""`isobath bench`: how figures are told. What they measure is tested where it is measured."""

import json

import pytest

from isobath.cli import bench


def measured():
    yield bench.Table("Speeds", ("player", "ms"), (("kernel", 0.0391234), ("torch", 1.25)), "one thread")


def cut_short():
    yield from measured()
    raise ModuleNotFoundError(name="sklearn")


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(bench, "BENCHES", {"kernel": measured, "mapping": cut_short})


def test_figures_are_told_as_tables(run):
    lines = run("bench", "kernel").stdout.splitlines()
    assert lines == ["", "Speeds", "player       ms", "kernel  0.03912", "torch      1.25", "one thread"]


def test_a_program_gets_every_digit(run):
    assert json.loads(run("bench", "kernel", "--json").stdout)["kernel"][0]["rows"][0] == [
        "kernel",
        0.0391234,
    ]


def test_what_needs_something_that_is_not_installed_is_left_out_and_said(run):
    result = run("bench")
    assert result.exit_code == 0
    assert result.stdout.count("Speeds") == 2
    assert "sklearn is not installed" in result.stderr


def test_a_bench_that_is_not_there_is_wrong_use(run):
    assert run("bench", "patience").exit_code == 2


def test_rendering_is_measured_with_more_and_fewer_voices():
    (table,) = bench.bench_render(seconds=0.2)
    assert [row[1] for row in table.rows[:2]] == [1, 4]
    assert all(row[2] > 0 for row in table.rows)


def test_the_page_is_weighed(monkeypatch, tmp_path):
    from isobath.server import page

    (tmp_path / "a.js").write_bytes(b"x" * 4000)
    (tmp_path / "b.css").write_bytes(b"y" * 1000)
    monkeypatch.setattr(page, "static_folder", lambda: tmp_path)
    (table,) = bench.bench_page()
    assert [(kind, files, kilobytes) for kind, files, kilobytes, *_ in table.rows] == [
        ("css", 1, 1.0),
        ("js", 1, 4.0),
        ("all", 2, 5.0),
    ]
    assert all(zipped < kilobytes for _, _, kilobytes, zipped, _ in table.rows)


def test_answers_of_the_models_of_bars_are_timed_beside_their_goals():
    from isobath.symbolic.bench import thinking

    rows = thinking(rounds=2, names=("drums-2",))
    assert len({row.answer for row in rows}) == 3
    assert all(row.goal_ms == 10.0 and 0 < row.p50_ms <= row.p99_ms <= row.most_ms for row in rows)
    assert all(row.met == (row.p99_ms <= row.goal_ms) for row in rows)
