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
