"""Runs of several seeds in the paper's table: leads over each system, and sweeps of options and of positions."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from biocurate.errors import ModelError, UsageError
from zoo.biox_bridge.config import BridgeConfig, BridgeOptions, parse_sweep
from zoo.biox_bridge.over_seeds import join_seeds, lead
from zoo.biox_bridge.run import bridge
from zoo.cli import app
from zoo.judging.judge import judge_seeds
from zoo.judging.metrics import Predictions, auroc
from zoo.runs.config import Evaluation

PLACES = ("1:0", "3:2")


def config(planted, seed):
    return BridgeConfig(
        old=str(planted.old),
        new="test-image-cnn",
        manifest="pairs",
        new_images="skin",
        new_sensors=("GSR",),
        compare=("shuffled",),
        seed=seed,
        sweep={"rank": (1, 2), "positions": PLACES},
        bridge=BridgeOptions(epochs=4, lr=3e-3, rank=2, prototypes=10),
        evaluation=Evaluation(draws=100),
    )


@pytest.fixture(scope="module")
def seeds(planted, tmp_path_factory):
    cohort, folder = planted(), tmp_path_factory.mktemp("seeds")
    found = [bridge(cohort.store, config(cohort, seed), folder / f"run{seed}") for seed in (0, 1)]
    return cohort, [folder / "run0", folder / "run1"], found


def test_tables_1_and_2_of_the_paper_have_a_row_a_system_with_means_over_seeds(seeds):
    _, folders, found = seeds
    joined = join_seeds(folders).systems
    systems = ["bridge", "pairs shuffled", "old model, old sensor", "majority", "fixed positions, mean"]
    assert joined["system"].to_list() == [*systems, "chance (closed form)"]
    alone = np.mean([each.report.metrics["macro_f1"].value for each in found])
    assert joined.filter(system="bridge")["macro_f1"].item().startswith(f"{alone:.3f} (")
    took = [each.systems.filter(system="bridge")["seconds"].item() for each in found]
    assert joined.filter(system="bridge")["seconds"].item() == pytest.approx(np.mean(took), abs=0.01)
    told = judge_seeds(folders)
    apart = told.metrics["auroc"].value - told.controls["pairs shuffled"]["auroc"].value
    assert joined.filter(system="pairs shuffled")["bridge leads by"].item().startswith(f"{apart:.3f} (")


def test_positions_are_swept_as_given_and_a_bridge_at_given_positions_is_the_same(seeds, tmp_path):
    """Table 2 of the paper holds chosen positions against the mean of fixed ones."""
    cohort, folders, _ = seeds
    swept = pl.read_csv(folders[0] / "sweep.csv", schema_overrides={"value": pl.String})
    assert swept.filter(option="positions")["value"].to_list() == list(PLACES)
    there = config(cohort, 0).model_copy(update={"positions": (3, 2), "sweep": {}, "compare": ()})
    alone = bridge(cohort.store, there, tmp_path / "there").report.metrics["auroc"].value
    assert swept.filter(value="3:2")["auroc"].item() == pytest.approx(alone)


def test_sweeps_over_seeds_are_means_and_drawn(seeds, tmp_path):
    _, folders, _ = seeds
    asked = ["bridges", *map(str, folders), "--to", str(tmp_path / "t"), "--json"]
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 0, done.output
    rows = {(row["option"], row["value"]): row for row in json.loads(done.stdout)["sweep"]}
    own = [pl.read_csv(each / "sweep.csv", schema_overrides={"value": pl.String}) for each in folders]
    for option, value in (("rank", "1.0"), ("positions", "1:0")):
        mean = np.mean([each.filter(option=option, value=value)["auroc"].item() for each in own])
        assert rows[option, value]["auroc"] == pytest.approx(mean)
        assert rows[option, value]["auroc_low"] < rows[option, value]["auroc_high"]
    assert (tmp_path / "t" / "sweep.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert pl.read_csv(tmp_path / "t" / "systems.csv").height == 6


def test_a_run_that_is_no_bridge_s_and_one_seed_twice_are_refused(seeds):
    cohort, folders, _ = seeds
    with pytest.raises(ModelError, match="no run of bridges"):
        join_seeds([cohort.old, folders[0]])
    with pytest.raises(UsageError, match="different seeds"):
        join_seeds([folders[0], folders[0]])


@pytest.mark.parametrize("text", ["positions=auto", "positions=2", "positions=a:b", "positions=1:0,1:0"])
def test_places_that_are_none_are_no_sweep(text):
    with pytest.raises(UsageError):
        parse_sweep([text])


def predictions(rng, persons, knows):
    truth = np.tile([0, 1], 10 * persons)
    person = np.repeat(np.arange(persons), 20)
    score = 1 / (1 + np.exp(-(knows * (truth - 0.5) + rng.normal(size=len(truth)))))
    return Predictions(np.stack([1 - score, score], axis=1), truth, person, np.zeros_like(person))


def test_a_lead_over_oneself_is_nothing_and_over_who_knows_nothing_it_is_found():
    """Efron & Tibshirani (1993), chapters 11 and 13: one draw of persons for both sides."""
    rng = np.random.default_rng(0)
    knows, guesses = ([predictions(rng, 20, effect) for _ in range(3)] for effect in (2.0, 0.0))
    none, least = lead(auroc, knows, knows, 200, 0)
    assert (none.value, none.low, none.high, least) == (0.0, 0.0, 0.0, 0.0)
    found, least = lead(auroc, knows, guesses, 200, 0)
    assert found.low > 0.2
    assert least is not None
    assert 0 < least < found.value


def test_with_too_few_persons_a_lead_has_no_interval():
    rng = np.random.default_rng(0)
    found, least = lead(auroc, [predictions(rng, 5, 2.0)], [predictions(rng, 5, 0.0)], 200, 0)
    assert found.value > 0
    assert (found.low, found.high, least) == (None, None, None)


def test_a_sweep_is_read_as_figures_with_intervals(seeds):
    """Sixteen columns of numbers cannot be read in a terminal; the file has them all."""
    joined = join_seeds(seeds[1])
    read = joined.swept()
    assert read.columns[:4] == ["option", "value", "trained", "val_alignment"] and read.width == 8
    first = joined.sweep.row(0, named=True)
    told = f"{first['auroc']:.3f} ({first['auroc_low']:.3f} to {first['auroc_high']:.3f})"
    assert read["auroc"][0] == told
