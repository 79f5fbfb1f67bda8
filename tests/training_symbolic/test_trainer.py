"""A training learns, stops and goes on as if it had not stopped, and its twin plays in numpy the same."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from isobath.errors import ScoreError, UsageError
from isobath.symbolic.bars import Melody
from isobath.symbolic.pieces import Piece
from isobath.symbolic.sets import open_scores, write_set
from isobath.training_symbolic import evaluation, export, report
from isobath.training_symbolic.material import Material
from isobath.training_symbolic.networks import Paper
from isobath.training_symbolic.settings import CONFIGURATIONS, Configuration, Course, Shape, variant
from isobath.training_symbolic.trainer import Trainer, run
from tests.symbolic import small


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def beats(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scores") / "groove"
    write_set(folder, "groove", "drums", [Piece(f"{i}", small.beat(i, bars=8)) for i in range(20)])
    return folder


def tiny(**course):
    shape = Shape("drums", 2, 6, bar_width=16, width=24, prior_width=16)
    usual = {"steps": 40, "batch": 16, "flat_batch": 8, "flat_from": 5, "flat_rise": 5, "samples": 2}
    return Configuration("tiny", shape, Course(**(usual | course)))


def trained(beats, folder, stop=lambda: False, **course):
    trainer = Trainer(tiny(**course), Material.of(open_scores(beats), 2))
    told = list(run(trainer, folder, stop))
    return trainer, told


def test_a_training_that_was_interrupted_ends_the_same(beats, tmp_path):
    whole, _ = trained(beats, tmp_path / "whole")
    asked = iter([False] * 17 + [True] * 9)
    trained(beats, tmp_path / "parts", stop=lambda: next(asked))
    parts, _ = trained(beats, tmp_path / "parts")
    assert parts.step == whole.step == 40
    for one, other in zip(whole.network.parameters(), parts.network.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0)
    assert parts.multiplier == whole.multiplier
    with pytest.raises(UsageError, match="other settings"):
        trained(beats, tmp_path / "parts", seed=2)


def test_it_learns(beats, tmp_path):
    trainer, told = trained(beats, tmp_path, steps=150, learning_rate=1e-2)
    assert told[-1].figures["error"] < 0.8 * told[0].figures["error"]
    assert (tmp_path / "validation.jsonl").is_file()
    assert trainer.check()["wrong"] < 0.5


def test_the_twin_plays_in_numpy_what_it_does_in_torch(beats, tmp_path):
    trainer, _ = trained(beats, tmp_path)
    model = export.finish(trainer, tmp_path / "tiny.safetensors", title="Tiny")
    network, _ = trainer.best
    x = trainer.material.sampled(trainer.material.test, 5)
    with torch.no_grad():
        z, log_sigma = network.encode(torch.from_numpy(x))
        soft = network.decode(z)
    mean, sigma = model.encode_tensors(x)
    np.testing.assert_allclose(mean, z, atol=3e-2)  # its encoder is kept in 8 bits
    np.testing.assert_allclose(sigma, log_sigma.exp(), rtol=5e-2)
    np.testing.assert_allclose(model.decode_soft(z.numpy()), soft, atol=5e-3)
    assert model.statistics.phrases.shape[1] == 6
    assert np.all(np.diff(model._t["calibrated_changes"]) > 0)
    assert model.about.training["steps"] == 40


def test_a_melody_s_twin_plays_the_same_too(tmp_path):
    random = np.random.default_rng(0)
    tokens = [random.choice([0, 0, 0, 1, 40, 42, 44], 64).astype(np.uint8) for _ in range(20)]
    write_set(tmp_path, "tunes", "melody", [Piece(f"{i}", Melody(t)) for i, t in enumerate(tokens)])
    shape = Shape("melody", 2, 6, bar_width=16, width=24, token_width=8, prior_width=16)
    course = Course(steps=6, batch=16, flat_batch=8, samples=2, transposed=3)
    material = Material.of(open_scores(tmp_path), 2, transposed=3)
    assert len(material.train) == 7 * 48
    trainer = Trainer(Configuration("tune", shape, course), material)
    list(run(trainer, tmp_path / "run", lambda: False))
    model = export.finish(trainer, tmp_path / "tune.safetensors")
    with torch.no_grad():
        z = torch.randn(3, 6)
        soft = trainer.best[0].decode(z)
    np.testing.assert_allclose(model.decode_soft(z.numpy()), soft, atol=5e-3)


@pytest.mark.parametrize("name", ["paper-objective", "no-flat", "normal-prior", "baseline"])
def test_every_ablation_takes_its_steps(beats, name):
    made = variant(tiny(), name)
    trainer = Trainer(made, Material.of(open_scores(beats), 2))
    figures = [trainer.advance() for _ in range(8)][-1]
    assert np.isfinite(figures["loss"])
    assert ("flat" in figures) == (name in ("paper-objective", "normal-prior"))
    with pytest.raises(UsageError, match="no variant"):
        variant(tiny(), "none")


def test_our_own_terms_take_their_steps(beats):
    made = tiny(condition=15.0, stress=60.0, even=10.0, exact_batch=3, stress_batch=8, lines=2)
    trainer = Trainer(made, Material.of(open_scores(beats), 2))
    figures = [trainer.advance() for _ in range(12)][-1]
    for name in ("turned", "flat", "stress", "even", "followed", "loss"):
        assert np.isfinite(figures[name])


@pytest.mark.parametrize("estimator", ["pairwise", "nesterov", "taylor"])
@pytest.mark.parametrize("feedback", ["parallel", "autoregressive"])
def test_the_papers_networks_take_their_steps(beats, estimator, feedback):
    shape = Shape("drums", 2, 4, "paper", encoder=8, conductor=6, decoder=6, feedback=feedback, prior_width=8)
    course = replace(CONFIGURATIONS["paper-drums-2"].course, batch=4, flat_batch=2, flat_from=0, samples=2,
                     estimator=estimator)  # fmt: skip
    trainer = Trainer(Configuration("p", shape, course), Material.of(open_scores(beats), 2))
    figures = [trainer.advance() for _ in range(2)][-1]
    assert np.isfinite(figures["loss"])
    with pytest.raises(UsageError, match="without PyTorch"):
        export.tensors_of(trainer)


def test_the_paper_s_decoder_hears_itself_when_it_is_free():
    torch.manual_seed(0)
    shape = Shape("drums", 2, 4, "paper", encoder=8, conductor=6, decoder=6, feedback="autoregressive")
    network = Paper(shape, 3)
    z = torch.randn(2, 4)
    free = network.decode(z)
    forced = network.activated(network.logits(z, free))
    # fed with what it played itself, it plays the same
    torch.testing.assert_close(forced, free, rtol=1e-4, atol=1e-5)


def test_the_middle_of_an_attribute_is_held(beats):
    material = Material.of(open_scores(beats), 2).holding(1, 0.5)
    middle, tails = material.attributes_of(material.test)[:, 1], material.attributes_of(material.train)[:, 1]
    assert len(middle) == pytest.approx(0.5 * 140, abs=1)
    assert not np.any((tails > middle.min()) & (tails < middle.max()))


def test_too_little_is_told(tmp_path):
    write_set(tmp_path, "x", "drums", [Piece("x", small.beat(1))])
    with pytest.raises(ScoreError, match="to learn from"):
        Material.of(open_scores(tmp_path), 2)


def test_the_evaluation_goes_on_and_tells_what_is_there(beats, tmp_path):
    order = evaluation.Order(beats.parent, tmp_path, steps=4, batch=8, small=True)
    runs = [r for r in evaluation.plan((1, 2)) if r.name in ("drums-2_ours_seed1", "drums-2_baseline_seed1")]
    runs += [r for r in evaluation.plan((1,)) if r.name == "drums-4_ours_seed1_window_velocity50"]
    assert len(runs) == 3
    said = []
    evaluation.evaluate(order, runs[:1], lambda: False, said.append)
    evaluation.evaluate(order, runs, lambda: False, said.append)
    assert sum("measured" in words for words in said) == 3
    found = evaluation.measured(order, evaluation.plan((1,)))
    assert len(found) == 3
    report.write(found, tmp_path)
    text = (tmp_path / "tables.md").read_text()
    assert "| drums-2 | density | 0.75, 0.95 | 0.89 | 0.50 | ours |" in text
    assert "| drums-4 | 50 % | velocity | 0.0175 | 0.0195 ± 0.0116 |" in text
    assert "| largest step against baseline's, at most 0.85 |" in text
    for picture in ("figure-2.svg", "table-1.svg", "table-2.svg"):
        assert "<svg" in (tmp_path / picture).read_text()
    assert (tmp_path / "table-1.svg").read_text().count("<circle") == 2 * len(report.PAPER_1) + 1 + 3


def test_table_1_is_held_to_its_own_bound():
    order = evaluation.Order("sets", "out")
    whole = evaluation.configured(evaluation.Run("drums-4", "ours", 1), order).course.bound
    for model in ("ours", "baseline"):
        middle = evaluation.Run("drums-4", model, 1, "window", "density", 0.1)
        assert evaluation.configured(middle, order).course.bound < whole


def test_goals_that_are_missed_are_bold():
    ours, base = (evaluation.Run("drums-2", v, 1) for v in ("ours", "baseline"))

    def measured(largest, condition):
        return {
            "smoothness": {"largest": largest, "ratio": 2.0, "morph_whole": 1.0},
            "geometry": {"condition": condition, "magnification": 0.1, "distances": 0.96},
            "steering": {a: {"change": 0.97} for a in ("density", "velocity", "offset")},
            "reconstruction": {"wrong": 0.04},
        }

    _, _, rows = report.goals({ours: measured(8.0, 3.0), base: measured(10.0, 9.0)})
    first = {row[0]: row[1] for row in rows}
    assert first["median cond(J), at most 4"] == "3.0"
    assert first["largest step against baseline's, at most 0.85"] == "0.80"
    assert first["attribute vector of offset, r of the change"] == "**0.970**"
    assert first["attribute vector of pitch, r of the change"] == ""
    assert first["table 1, density, 10 % held"] == ""


def test_the_plan_holds_each_run_once_and_every_cell_of_the_tables():
    runs = evaluation.plan()
    assert (len(runs), len(evaluation.plan(whole=True))) == (40, 144)
    assert {r.name for r in runs} <= {r.name for r in evaluation.plan(whole=True)}
    assert len({r.name for r in runs}) == len(runs)
    held = {(r.case, r.attribute, r.held) for r in runs if r.attribute}
    assert held == set(report.PAPER_1)
